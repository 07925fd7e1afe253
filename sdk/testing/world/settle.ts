import { setTimeout as sleep } from "node:timers/promises";
import { checkJournals, type CheckOptions, type JournalReport } from "../check-journals.js";
import { type JournalLine, readJournal } from "../journal.js";
import type { ManualClock } from "../manual-clock.js";
import type { WorldDevice } from "./device.js";

const LOOK_EVERY_MS = 25;

/** Waits until the journals of all devices keep the contract and every send has ended, and answers how it then is. */
export async function settle(
  devices: readonly WorldDevice[],
  clock: ManualClock | undefined,
  timeoutMs: number,
  options: CheckOptions,
): Promise<JournalReport> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const journals = devices.map(({ journalPath }) => readJournal(journalPath));
    const report = checkJournals(journals, { receiptWithinMs: 0, ...options });
    const isOver = report.violations.length === 0 && journals.every(hasEnded);
    if (isOver || performance.now() > deadline) return report;
    clock?.advance(LOOK_EVERY_MS);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Whether the device was told the end of everything that it asked. */
function hasEnded(lines: readonly JournalLine[]): boolean {
  const told = new Set(lines.flatMap((line) => (line.kind === "told" ? [line.id] : [])));
  return lines.every((line) => line.kind !== "asked" || told.has(line.id));
}
