import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopOrphan } from "../../../prosody/orphan.js";

const NAME = /^twotick-test-(\w+)-(\d+)-\w{6}$/;
const PREFIX = `twotick-test-${processWorld()}-`;

/** Makes an empty temporary folder. Its name says whose it is, for {@link sweepFolders}. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
}

/**
 * Removes what runs that were killed have left behind in the folder for temporary files: folders, and a Prosody in them.
 *
 * @returns the folders that are gone
 */
export async function sweepFolders(folder = tmpdir()): Promise<string[]> {
  const swept: string[] = [];
  for (const name of readdirSync(folder)) {
    const [, world, pid] = NAME.exec(name) ?? [];
    // A process of another container has a number that means nothing here
    if (world !== processWorld() || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    await stopOrphan(path);
    rmSync(path, { recursive: true, force: true });
    swept.push(path);
  }
  return swept;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Names the namespace in which process numbers mean what they mean here. */
function processWorld(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
}
