import type { MessageId } from "../../src/ids.js";
import type { Offer } from "../mailbox/delivery-ports.js";
import type { SentSoFar } from "./service.js";

/** Messages on the way to one app; a server's stream management keeps 500 and forgets the oldest without a word. */
const WINDOW_ENTRIES = 64;
const WINDOW_BYTES = 256 * 1024;

/** An app that gives receipts is given so long before it is asked whether it is still there. */
const RECEIPT_WITHIN_MS = 5_000;

/**
 * From when an app is known to have had a message, so long a receipt may take; afterwards none is expected.
 *
 * Many apps give none to who is no contact, and show a message twice that goes again: the time until its sender has a tick
 * is also that in which it does.
 */
const NO_RECEIPT_AFTER_MS = 10_000;

/** An app that is there. */
export interface AppAddress {
  /** Row of its mailbox. */
  readonly device: number;
  readonly fullJid: string;
  /** Bare JID of its account. */
  readonly account: string;
  /** The number JID of its account. */
  readonly numberJid?: string;
  /** Whether it says that it gives receipts. Source: XEP-0184 §5.2 */
  readonly givesReceipts: boolean;
  /** Whether it says that it answers pings. Source: XEP-0199 §6 */
  readonly answersPings: boolean;
}

/** How an entry goes. */
export interface Going {
  /** Whether the app will say that it has it. */
  readonly canAcknowledge: boolean;
  /** Whether it went before. */
  readonly isAgain?: boolean;
  readonly atMs: number;
}

/** The last entries that are on the way and not noted as sent, for the first time and again. */
export interface ToNote {
  readonly once?: number;
  readonly twice?: number;
}

/** What an answer from behind entries says of them. */
export interface Arrival {
  /** Entries that have ended with it. */
  readonly ended: readonly number[];
  /** The last entry that has arrived and waits for its receipt; 0 for none. */
  readonly waiting: number;
}

interface OnTheWay extends Going {
  readonly key: string | undefined;
  /** The number JID that it is from; none for a receipt. */
  readonly from: string | undefined;
  readonly sizeBytes: number;
  /** The order in which it went. */
  readonly order: number;
  /** When an answer from behind it said that it has arrived. */
  arrivedAtMs?: number;
}

/** What is on the way to one app. Pure bookkeeping: it holds no entries. */
export class AppSession implements AppAddress {
  readonly device: number;
  readonly fullJid: string;
  readonly account: string;
  readonly numberJid: string;
  readonly givesReceipts: boolean;
  readonly answersPings: boolean;
  isClosed = false;
  isReading = false;
  isBehind = false;
  isAsking = false;
  tries: SentSoFar = { once: 0, twice: 0, answered: 0 };
  hasBegun = false;
  /** The last entry that went. */
  sent = 0;
  readonly #onTheWay = new Map<number, OnTheWay>();
  readonly #byKey = new Map<string, number>();
  #bytes = 0;
  /** Entries on the way of which only an answer from behind them says that they have arrived, or that went in vain. */
  #unproven = 0;
  #order = 0;
  #noted = { once: 0, twice: 0 };
  #isCautious = false;

  constructor({ device, fullJid, account, numberJid = "", givesReceipts, answersPings }: AppAddress) {
    this.numberJid = numberJid;
    this.device = device;
    this.fullJid = fullJid;
    this.account = account;
    this.givesReceipts = givesReceipts;
    this.answersPings = answersPings;
  }

  /**
   * It is known how far entries went before: delivery may begin.
   *
   * @param isCautious whether the first entry that goes has to end before the next one does
   */
  began(tries: SentSoFar, isCautious = false): void {
    this.#isCautious = isCautious;
    this.tries = tries;
    this.#noted = { once: tries.once, twice: tries.twice };
    this.hasBegun = true;
  }

  /** How many more entries may go now. */
  get room(): number {
    const entries = this.#isCautious ? 1 : WINDOW_ENTRIES;
    return this.#bytes >= WINDOW_BYTES ? 0 : Math.max(0, entries - this.#onTheWay.size);
  }

  /** Whether an entry may go now as the next one. */
  takes(seq: number): boolean {
    return this.hasBegun && !this.isReading && !this.isBehind && seq === this.sent + 1 && this.room > 0;
  }

  /** Notes that an entry goes. */
  send({ seq, sizeBytes, content }: Offer, how: Going): void {
    const [from, key] =
      content.kind === "message" ? [content.from, keyOf(content.from, content.id)] : [undefined, undefined];
    this.sent = seq;
    const entry = { key, from, sizeBytes, order: ++this.#order, ...how };
    this.#onTheWay.set(seq, entry);
    if (isUnproven(entry)) this.#unproven += 1;
    this.#bytes += sizeBytes;
    if (key !== undefined) this.#byKey.set(key, seq);
  }

  /** The entry of a message that is on the way, by its sender and id. */
  seqOf(numberJid: string, id: MessageId): number | undefined {
    return this.#byKey.get(keyOf(numberJid, id));
  }

  /** The number JIDs that entries on the way are from, with those entries; under `undefined` those that are from nobody. */
  bySender(seqs: readonly number[]): Map<string | undefined, number[]> {
    const found = new Map<string | undefined, number[]>();
    for (const seq of seqs) {
      const from = this.#onTheWay.get(seq)?.from;
      found.set(from, [...(found.get(from) ?? []), seq]);
    }
    return found;
  }

  /** Notes that an entry has ended. */
  end(seq: number): void {
    const entry = this.#onTheWay.get(seq);
    if (!entry) return;
    this.#isCautious = false;
    this.#onTheWay.delete(seq);
    if (isUnproven(entry)) this.#unproven -= 1;
    this.#bytes -= entry.sizeBytes;
    if (entry.key !== undefined) this.#byKey.delete(entry.key);
  }

  /** Marks the place behind all that has gone. */
  mark(): number {
    return this.#order;
  }

  /** What went before a mark has arrived. */
  confirm(mark: number, nowMs: number): Arrival {
    const ended: number[] = [];
    let waiting = 0;
    for (const [seq, entry] of this.#onTheWay) {
      if (entry.order > mark) continue;
      if (!entry.canAcknowledge) ended.push(seq);
      else waiting = Math.max(waiting, seq);
      if (isUnproven(entry) && entry.canAcknowledge) this.#unproven -= 1;
      entry.arrivedAtMs ??= nowMs;
    }
    return { ended, waiting };
  }

  /** Whether something is on the way of which only an answer from behind it can say that it has arrived, or that went in vain. */
  get needsBarrier(): boolean {
    return this.#unproven > 0;
  }

  /** Whether a receipt is late, and nothing says yet that the message has arrived. */
  isBarrierDue(nowMs: number): boolean {
    for (const { arrivedAtMs, atMs } of this.#onTheWay.values())
      if (arrivedAtMs === undefined && nowMs - atMs >= RECEIPT_WITHIN_MS) return true;
    return false;
  }

  /** What has arrived and has got no receipt in time: the app gives none for it. */
  overdue(nowMs: number): number[] {
    const found: number[] = [];
    for (const [seq, { arrivedAtMs }] of this.#onTheWay)
      if (arrivedAtMs !== undefined && nowMs - arrivedAtMs >= NO_RECEIPT_AFTER_MS) found.push(seq);
    return found;
  }

  /** Whether something has been on the way for so long that it should be noted. */
  isNoteDue(nowMs: number, afterMs: number): boolean {
    for (const [seq, entry] of this.#onTheWay)
      if (seq > this.#notedOf(entry) && nowMs - entry.atMs >= afterMs) return true;
    return false;
  }

  /** What is to be noted as sent; it then counts as noted. What was not noted goes once more than it should, and is not lost. */
  toNote(): ToNote {
    const last = { once: 0, twice: 0 };
    for (const [seq, entry] of this.#onTheWay)
      if (seq > this.#notedOf(entry)) last[placeOf(entry)] = Math.max(last[placeOf(entry)], seq);
    this.#noted = {
      once: Math.max(this.#noted.once, last.once),
      twice: Math.max(this.#noted.twice, last.twice),
    };
    return { ...(last.once > 0 && { once: last.once }), ...(last.twice > 0 && { twice: last.twice }) };
  }

  #notedOf(entry: OnTheWay): number {
    return this.#noted[placeOf(entry)];
  }
}

function placeOf({ isAgain }: OnTheWay): "once" | "twice" {
  return isAgain === true ? "twice" : "once";
}

function isUnproven({ canAcknowledge, isAgain, arrivedAtMs }: OnTheWay): boolean {
  return !canAcknowledge || (isAgain === true && arrivedAtMs === undefined);
}

function keyOf(numberJid: string, id: MessageId): string {
  return `${numberJid} ${id}`;
}
