import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { run } from "../../cli/run.js";

/** The program, as its sources. */
export const CLI = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** How a run of the program ended. */
export interface Ran {
  readonly code: number | null;
  /** Standard output and error. */
  readonly said: string;
}

/** Runs the program as a process of its own. */
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

/** How a run within this process ended. */
export interface RanHere {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
  /** What was written to standard output as JSON, a line each. */
  readonly json: readonly Record<string, unknown>[];
}

/** Where a run within this process happens. */
export interface HereOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What is on standard input, which ends behind it. */
  readonly input?: string;
  /** Whether output and errors are a terminal. */
  readonly isTTY?: boolean;
}

/** Runs the program within this process: faster, and where it is no matter that it is one. */
export async function runHere(args: readonly string[], options: HereOptions = {}): Promise<RanHere> {
  const { env = {}, cwd = "/", input = "", isTTY = false } = options;
  const [output, errors] = [screen(isTTY), screen(isTTY)];
  const typed = new PassThrough();
  typed.end(input);
  const code = await run(args, { input: typed, output, errors, env, cwd });
  const out = textOf(output);
  const lines = out.split("\n").filter((line) => line.startsWith("{"));
  return {
    code,
    out,
    errors: textOf(errors),
    json: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

function screen(isTTY: boolean): PassThrough & { isTTY: boolean } {
  return Object.assign(new PassThrough(), { isTTY });
}

function textOf(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString() ?? "";
}
