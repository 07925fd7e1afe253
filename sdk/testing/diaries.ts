import type { EpochMs } from "../../src/clock.js";
import { isReceiptState } from "../../src/receipt-state.js";
import type { SendState } from "../client/sent-records.js";
import type { JournalLine } from "./journal.js";

/** The journal of one device, with whose it is. */
export interface Diary {
  readonly number: string;
  readonly device: number;
  readonly startedAt: EpochMs;
  readonly lines: readonly JournalLine[];
  /** What it was told, by the id of the send. */
  readonly told: ReadonlyMap<string, readonly Told[]>;
  /** When it first showed what, by sender and id. */
  readonly shown: ReadonlyMap<string, EpochMs>;
}

/** What a device was told, as a line of its journal. */
export type Told = Extract<JournalLine, { kind: "told" }>;

/** A send, as it was first asked for. */
export interface Asked {
  readonly id: string;
  readonly from: Diary;
  readonly to: string;
  readonly body: string;
  readonly at: EpochMs;
  /** Its place among all that the device asked. */
  readonly place: number;
}

/** Reads whose a journal is; `undefined` when no process ever began on it. */
export function readDiary(lines: readonly JournalLine[]): Diary | undefined {
  const first = lines.find((line) => line.kind === "started");
  if (first?.kind !== "started") return undefined;
  const told = new Map<string, Told[]>();
  const shown = new Map<string, EpochMs>();
  for (const line of lines) {
    if (line.kind === "told") told.set(line.id, [...(told.get(line.id) ?? []), line]);
    if (line.kind !== "shown") continue;
    const key = `${line.from} ${line.id}`;
    if (!shown.has(key)) shown.set(key, line.at);
  }
  return { number: first.number, device: first.device, startedAt: first.at, lines, told, shown };
}

/** What a device asked for, in order, each once. */
export function readAsked(from: Diary): Asked[] {
  const found = new Map<string, Asked>();
  for (const line of from.lines) {
    if (line.kind !== "asked" || found.has(line.id)) continue;
    const { id, to, body, at } = line;
    found.set(id, { id, from, to, body, at, place: found.size });
  }
  return [...found.values()];
}

/** Everything that a device was told of a send. */
export function toldOf({ told }: Diary, id: string): readonly Told[] {
  return told.get(id) ?? [];
}

/**
 * How a send ended, for its sender.
 *
 * A time-out, a lost connection, no answer at all: it may have been accepted or not, and counts as neither.
 */
export type Outcome = "accepted" | "refused" | "unknown";

/** What the sender knows of a send in the end. */
export function outcomeOf({ id, from }: Asked): Outcome {
  const told = toldOf(from, id);
  if (told.some(({ state }) => isReceiptState(state))) return "accepted";
  return told.some(({ isRefusal }) => isRefusal) ? "refused" : "unknown";
}

/** What the sender was told that speaks of a device: of that one, or of no certain one. */
export function toldOfDevice(send: Asked, { device }: Diary, states: readonly SendState[]): Told[] {
  return toldOf(send.from, send.id)
    .filter(({ state }) => states.includes(state))
    .filter((line) => line.device === undefined || line.device === device);
}

/** The devices of the recipient, but the sending one. */
export function recipientsOf({ from, to }: Asked, diaries: readonly Diary[]): Diary[] {
  return diaries.filter((diary) => diary.number === to && diary !== from);
}

/** When a device first showed a send; `undefined` when it did not. */
export function shownAt({ shown }: Diary, { id, from }: Asked): EpochMs | undefined {
  return shown.get(`${from.number} ${id}`);
}

interface Period {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

type Death = "at least" | "at most";

/** They are asked for with each send, and a journal has tens of thousands of lines. */
const periodsOf = new WeakMap<Diary, Partial<Record<Death, readonly Period[]>>>();

/**
 * When the mailbox of a device was open.
 *
 * A process that is killed writes down nothing about its end: it was open until its last line at least, and until the
 * next process began at most.
 */
function readPeriods({ lines }: Diary, death: Death): Period[] {
  const periods: Period[] = [];
  let since: EpochMs | undefined;
  const close = (at: EpochMs): void => {
    if (since !== undefined) periods.push({ from: since, to: at });
    since = undefined;
  };
  let last = 0;
  for (const line of lines) {
    if (line.kind === "started") close(death === "at least" ? last : line.at);
    if (line.kind === "state" && !line.isAttached) close(line.at);
    if (line.kind === "state" && line.isAttached) since ??= line.at;
    last = line.at;
  }
  close(Infinity);
  return periods;
}

function openPeriods(diary: Diary, death: Death): readonly Period[] {
  const known = periodsOf.get(diary) ?? {};
  periodsOf.set(diary, known);
  return (known[death] ??= readPeriods(diary, death));
}

/** For how long the mailbox was open at least between two times, in milliseconds. */
export function openTime(diary: Diary, from: EpochMs, to: EpochMs): number {
  return openPeriods(diary, "at least")
    .map((period) => Math.max(0, Math.min(period.to, to) - Math.max(period.from, from)))
    .reduce((sum, ms) => sum + ms, 0);
}

/** Whether the mailbox may have been open at some moment between two times; a journal that says nothing of it may. */
export function mayHaveBeenOpen(diary: Diary, from: EpochMs, to: EpochMs): boolean {
  if (diary.lines.every(({ kind }) => kind !== "state")) return true;
  return openPeriods(diary, "at most").some((period) => period.from <= to && period.to >= from);
}
