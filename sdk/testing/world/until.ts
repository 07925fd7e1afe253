import { setTimeout as sleep } from "node:timers/promises";
import { TwotickError } from "../../../src/errors.js";

/** Waits until something holds. @throws {TwotickError} `timeout` when it does not within the deadline (5,000 ms unless given) */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 5_000,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new TwotickError("timeout", `not within ${deadlineMs} ms: ${what}`);
    await sleep(2);
  }
}
