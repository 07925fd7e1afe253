import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds. @throws when it does not within the deadline (5,000 ms unless given) */
export async function until(what: string, holds: () => boolean, deadlineMs = 5_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await sleep(2);
  }
}
