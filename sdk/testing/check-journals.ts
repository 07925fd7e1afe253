import { isReceiptState } from "../../src/receipt-state.js";
import { sendRank, type SendState } from "../client/sent-records.js";
import type { JournalLine } from "./journal.js";

/** A promise that was broken, with what it was broken on. */
export interface Violation {
  readonly kind:
    | "accepted-but-lost"
    | "shown-twice"
    | "out-of-order"
    | "shown-but-never-sent"
    | "receipt-went-backwards"
    | "send-without-end";
  readonly id: string;
  /** For people: who, to whom, what was seen. */
  readonly detail: string;
}

/** What was checked, so that a check over nothing is noticed. */
export interface JournalReport {
  readonly violations: readonly Violation[];
  readonly counts: { readonly asked: number; readonly accepted: number; readonly shown: number };
}

/** How strict a check is. */
export interface CheckOptions {
  /** A send has to end after this much time with an open mailbox; 30,000 unless given. */
  readonly endWithinMs?: number;
  /** When the test ended; the last line of all journals unless given. */
  readonly endedAt?: number;
}

interface Asked {
  readonly id: string;
  readonly from: Diary;
  readonly to: string;
  readonly body: string;
  readonly at: number;
  /** Its place among all that the device asked. */
  readonly place: number;
}

interface Diary {
  readonly number: string;
  readonly device: number;
  readonly startedAt: number;
  readonly lines: readonly JournalLine[];
}

/**
 * Checks the journals of all devices of a test against the delivery contract.
 *
 * Lost: accepted, and not shown on some device of the recipient that was there when it was asked for. Twice: shown
 * again after it was acknowledged, or twice in one life of the process. Order: per conversation and sending device, as
 * it was first asked for. Only numbers that have a journal are judged; let everything arrive before.
 */
export function checkJournals(
  journals: readonly (readonly JournalLine[])[],
  options: CheckOptions = {},
): JournalReport {
  const diaries = journals.flatMap((lines) => readDiary(lines) ?? []);
  const endedAt = options.endedAt ?? Math.max(0, ...journals.flat().map(({ at }) => at));
  const asked = diaries.flatMap((diary) => readAsked(diary));
  const accepted = asked.filter(({ id, from }) => isAccepted(from, id));
  const violations = [
    ...accepted.flatMap((send) => checkArrival(send, diaries)),
    ...diaries.flatMap((diary) => checkShows(diary)),
    ...diaries.flatMap((diary) => checkOrigins(diary, asked, diaries)),
    ...diaries.flatMap((diary) => checkOrder(diary, asked)),
    ...diaries.flatMap((diary) => checkReceipts(diary)),
    ...asked.flatMap((send) => checkEnd(send, options.endWithinMs ?? 30_000, endedAt)),
  ];
  const shown = diaries.flatMap(({ lines }) => lines.filter(({ kind }) => kind === "shown")).length;
  return { violations, counts: { asked: asked.length, accepted: accepted.length, shown } };
}

function readDiary(lines: readonly JournalLine[]): Diary | undefined {
  const first = lines.find((line) => line.kind === "started");
  if (first?.kind !== "started") return undefined;
  return { number: first.number, device: first.device, startedAt: first.at, lines };
}

function readAsked(from: Diary): Asked[] {
  const found = new Map<string, Asked>();
  for (const line of from.lines) {
    if (line.kind !== "asked" || found.has(line.id)) continue;
    const { id, to, body, at } = line;
    found.set(id, { id, from, to, body, at, place: found.size });
  }
  return [...found.values()];
}

function statesOf({ lines }: Diary, id: string): SendState[] {
  return lines.flatMap((line) => (line.kind === "told" && line.id === id ? [line.state] : []));
}

function isAccepted(from: Diary, id: string): boolean {
  return statesOf(from, id).some((state) => isReceiptState(state));
}

function hasShown({ lines }: Diary, { id, from }: Asked): boolean {
  return lines.some((line) => line.kind === "shown" && line.id === id && line.from === from.number);
}

function checkArrival(send: Asked, diaries: readonly Diary[]): Violation[] {
  const { id, from, to, at } = send;
  // The sender knows that it did not arrive everywhere
  if (statesOf(from, id).some((state) => state === "expired" || state === "undecryptable")) return [];
  return diaries
    .filter((diary) => diary.number === to && diary.startedAt <= at && diary !== from)
    .filter((diary) => !hasShown(diary, send))
    .map(({ device }) => ({
      kind: "accepted-but-lost",
      id,
      detail: `accepted from ${from.number}, never shown on device ${device} of ${to}`,
    }));
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

function checkReceipts({ number, lines }: Diary): Violation[] {
  const violations: Violation[] = [];
  const reached = new Map<string, SendState>();
  for (const line of lines) {
    if (line.kind !== "told") continue;
    const key = `${line.id} ${line.device ?? ""}`;
    const before = reached.get(key);
    if (before !== undefined && sendRank(line.state) < sendRank(before)) {
      const detail = `${number} was told ${line.state} after ${before}`;
      violations.push({ kind: "receipt-went-backwards", id: line.id, detail });
    } else reached.set(key, line.state);
  }
  return violations;
}

function checkEnd({ id, from, at }: Asked, endWithinMs: number, endedAt: number): Violation[] {
  const end = from.lines.find((line) => line.kind === "told" && line.id === id);
  const openMs = openTime(from, at, end?.at ?? endedAt);
  if (openMs <= endWithinMs) return [];
  const what = end ? "ended late" : "has not ended";
  return [{ kind: "send-without-end", id, detail: `${what}: ${openMs} ms with the mailbox open` }];
}

/** For how long the mailbox was open between two times. */
function openTime({ lines }: Diary, from: number, to: number): number {
  let openMs = 0;
  let openSince: number | undefined;
  const close = (at: number): void => {
    if (openSince !== undefined) openMs += Math.max(0, Math.min(at, to) - Math.max(openSince, from));
    openSince = undefined;
  };
  let last = 0;
  for (const line of lines) {
    // The process was killed: it was open until then at most, which nobody wrote down
    if (line.kind === "started") close(last);
    if (line.kind === "state" && !line.isAttached) close(line.at);
    if (line.kind === "state" && line.isAttached) openSince ??= line.at;
    last = line.at;
  }
  close(to);
  return openMs;
}
