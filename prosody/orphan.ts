import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const STOP_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

/**
 * Stops a Prosody that outlived the process that started it (it was killed with -9, say).
 *
 * Only where the system tells what a process is (Linux): a number in a pidfile alone may be anybody's by now.
 * @param dataDir the folder of that Prosody
 * @returns whether there was one
 */
export async function stopOrphan(dataDir: string): Promise<boolean> {
  const pid = Number(existingText(join(dataDir, "prosody.pid")));
  const isOurs = (): boolean =>
    existingText(`/proc/${pid}/cmdline`).split("\0").includes(join(dataDir, "prosody.cfg.lua"));
  if (!Number.isInteger(pid) || pid < 1 || !isOurs()) return false;
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + STOP_WITHIN_MS;
  while (isOurs()) {
    if (performance.now() > deadline) process.kill(pid, "SIGKILL");
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

function existingText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
