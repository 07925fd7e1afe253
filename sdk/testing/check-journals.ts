import type { EpochMs } from "../../src/clock.js";
import { checkExpiry, checkReceiptLoss, checkReceiptOrder, checkReceiptTime } from "./check-receipts.js";
import {
  openTime,
  outcomeOf,
  readAsked,
  readDiary,
  recipientsOf,
  shownAt,
  toldOf,
  toldOfDevice,
  type Asked,
  type Diary,
} from "./diaries.js";
import type { JournalLine } from "./journal.js";
import type { Violation } from "./violation.js";

/** What was checked, so that a check over nothing is noticed. */
export interface JournalReport {
  readonly violations: readonly Violation[];
  readonly counts: {
    /** `accepted`, `refused` by the service, or `unknown`: a time-out, a lost connection, no end at all. */
    readonly asked: number;
    readonly accepted: number;
    readonly refused: number;
    readonly unknown: number;
    readonly shown: number;
  };
}

/** How strict a check is. Times count while the mailbox is open, in milliseconds. */
export interface CheckOptions {
  /** A send has to end within; 30,000 unless given. */
  readonly endWithinMs?: number;
  /** A sender has to be told of what was shown within; 30,000 unless given, 0 when the test has let all arrive. */
  readonly receiptWithinMs?: number;
  /** Entries that may be unacknowledged, on devices that write down what arrives; 1024 unless given. */
  readonly windowEntries?: number;
  /** When the test ended; the last line of all journals unless given. */
  readonly endedAt?: EpochMs;
}

/**
 * Checks the journals of all devices of a test against the delivery contract; {@link Violation} says what is found.
 *
 * Only numbers that have a journal are judged; let everything arrive before. A time-out is unknown: what may have been
 * accepted is neither missed nor taken for never sent. Times of different journals are compared: they are of one clock.
 */
export function checkJournals(
  journals: readonly (readonly JournalLine[])[],
  options: CheckOptions = {},
): JournalReport {
  const { endWithinMs = 30_000, receiptWithinMs = 30_000, windowEntries = 1024 } = options;
  const diaries = journals.flatMap((lines) => readDiary(lines) ?? []);
  const endedAt = options.endedAt ?? diaries.flatMap(({ lines }) => lines).reduce(latest, 0);
  const asked = diaries.flatMap((diary) => readAsked(diary));
  const outcomes = new Map(asked.map((send) => [send, outcomeOf(send)]));
  const violations = [
    ...asked.flatMap((send) => (outcomes.get(send) === "accepted" ? checkArrival(send, diaries) : [])),
    ...diaries.flatMap((diary) => checkShows(diary)),
    ...diaries.flatMap((diary) => checkOrigins(diary, asked, diaries)),
    ...diaries.flatMap((diary) => checkOrder(diary, asked)),
    ...diaries.flatMap((diary) => checkReceiptOrder(diary)),
    ...asked.flatMap((send) => checkReceiptLoss(send, diaries, receiptWithinMs, endedAt)),
    ...asked.flatMap((send) => checkReceiptTime(send, diaries)),
    ...asked.flatMap((send) => checkExpiry(send, diaries)),
    ...asked.flatMap((send) => checkEnd(send, endWithinMs, endedAt)),
    ...diaries.flatMap((diary) => checkWindow(diary, windowEntries)),
  ];
  const count = (outcome: string): number => [...outcomes.values()].filter((one) => one === outcome).length;
  const shown = diaries.flatMap(({ lines }) => lines.filter(({ kind }) => kind === "shown")).length;
  const [accepted, refused, unknown] = [count("accepted"), count("refused"), count("unknown")];
  return { violations, counts: { asked: asked.length, accepted, refused, unknown, shown } };
}

function latest(before: EpochMs, { at }: JournalLine): EpochMs {
  return Math.max(before, at);
}

function checkArrival(send: Asked, diaries: readonly Diary[]): Violation[] {
  const { id, from, to, at } = send;
  return (
    recipientsOf(send, diaries)
      .filter((diary) => diary.startedAt <= at && shownAt(diary, send) === undefined)
      // The sender knows that it did not arrive there
      .filter((diary) => toldOfDevice(send, diary, ["expired", "undecryptable"]).length === 0)
      .map(({ device }) => ({
        kind: "accepted-but-lost",
        id,
        detail: `accepted from ${from.number}, never shown on device ${device} of ${to}`,
      }))
  );
}

function checkShows({ number, lines }: Diary): Violation[] {
  const violations: Violation[] = [];
  const shownInThisLife = new Set<string>();
  const acknowledged = new Set<string>();
  for (const line of lines) {
    if (line.kind === "started") shownInThisLife.clear();
    if (line.kind === "acknowledged") acknowledged.add(`${line.from} ${line.id}`);
    if (line.kind !== "shown") continue;
    const key = `${line.from} ${line.id}`;
    if (shownInThisLife.has(key) || acknowledged.has(key)) {
      violations.push({ kind: "shown-twice", id: line.id, detail: `from ${line.from}, on ${number}` });
    }
    shownInThisLife.add(key);
  }
  return violations;
}

function checkOrigins(diary: Diary, asked: readonly Asked[], diaries: readonly Diary[]): Violation[] {
  const known = new Set(diaries.map(({ number }) => number));
  const sent = new Set(asked.map(({ id, from, to, body }) => `${id} ${from.number} ${to} ${body}`));
  return diary.lines.flatMap((line) => {
    if (line.kind !== "shown" || !known.has(line.from)) return [];
    if (sent.has(`${line.id} ${line.from} ${diary.number} ${line.body}`)) return [];
    return {
      kind: "shown-but-never-sent",
      id: line.id,
      detail: `shown on ${diary.number} as from ${line.from}, who did not send it so`,
    } as const;
  });
}

function checkOrder(diary: Diary, asked: readonly Asked[]): Violation[] {
  const violations: Violation[] = [];
  const byKey = new Map(asked.filter(({ to }) => to === diary.number).map((send) => [keyOf(send), send]));
  const last = new Map<Diary, Asked>();
  const seen = new Set<string>();
  for (const line of diary.lines) {
    if (line.kind !== "shown" || seen.has(`${line.from} ${line.id}`)) continue;
    seen.add(`${line.from} ${line.id}`);
    const send = byKey.get(`${line.from} ${line.id}`);
    if (!send) continue;
    const before = last.get(send.from);
    if (before && before.place > send.place) {
      const detail = `shown on ${diary.number} after ${before.id}, which was sent later`;
      violations.push({ kind: "out-of-order", id: send.id, detail });
    } else last.set(send.from, send);
  }
  return violations;
}

function keyOf({ id, from }: Asked): string {
  return `${from.number} ${id}`;
}

function checkEnd({ id, from, at }: Asked, endWithinMs: number, endedAt: EpochMs): Violation[] {
  const [end] = toldOf(from, id);
  const openMs = openTime(from, at, end?.at ?? endedAt);
  if (openMs <= endWithinMs) return [];
  const what = end ? "ended late" : "has not ended";
  return [{ kind: "send-without-end", id, detail: `${what}: ${openMs} ms with the mailbox open` }];
}

/** The first time that too much was on the way; what comes again is not counted twice. */
function checkWindow({ number, device, lines }: Diary, windowEntries: number): Violation[] {
  const onTheWay = new Set<number>();
  for (const line of lines) {
    // Both sides begin anew
    if (line.kind === "started" || line.kind === "state") onTheWay.clear();
    if (line.kind === "confirmed") for (const seq of onTheWay) if (seq <= line.seq) onTheWay.delete(seq);
    if (line.kind !== "arrived") continue;
    onTheWay.add(line.seq);
    if (onTheWay.size <= windowEntries) continue;
    const detail = `${onTheWay.size} entries are unacknowledged on device ${device} of ${number}`;
    return [{ kind: "window-exceeded", id: String(line.seq), detail }];
  }
  return [];
}
