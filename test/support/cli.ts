import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../component/cli.ts", import.meta.url));

/** How a run of the admin's program ended. */
export interface Ran {
  readonly code: number | null;
  /** Standard output and error. */
  readonly said: string;
}

/** Runs the admin's program as a process of its own. */
export async function runCli(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, ["--import", "tsx", CLI, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}
