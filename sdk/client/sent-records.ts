import type { Clock, EpochMs } from "../../src/clock.js";
import { StanzaError, TwotickError, type StanzaCondition, type StanzaErrorType } from "../../src/errors.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { ReceiptEntry } from "../../src/mailbox-deliver.js";
import { joinReceipts, receiptRank, type ReceiptState } from "../../src/receipt-state.js";
import type { Storage, Transaction, View } from "../storage/port.js";
import { AgingMap } from "./aging-map.js";
import { decodeRecord, encodeRecord } from "./codec.js";
import { isControlId } from "./control-messages.js";
import type { Receipt } from "./events.js";

/**
 * How far a send has come.
 *
 * - `queued`: durable here, on its way
 * - `failed`: ended without having been accepted; should a receipt show later that it was, it goes on from there
 * - the rest: the furthest that a device of the recipient has come
 */
export type SendState = "queued" | "failed" | ReceiptState;

/** The rank of a state: a send never goes back to a lower one. */
export function sendRank(state: SendState): number {
  if (state === "queued") return -2;
  return state === "failed" ? -1 : receiptRank(state);
}

/** How far a message has come on one device. */
export interface DeviceProgress {
  /** Missing when no device ever took the message. */
  readonly device: DeviceId | undefined;
  readonly state: ReceiptState;
  readonly at: EpochMs;
}

/** Why a send failed, as it is stored. */
export interface StoredFailure {
  readonly code: string;
  readonly message: string;
  readonly type?: StanzaErrorType;
  readonly applicationCondition?: string | undefined;
}

/** A message that this device sent. */
export interface SentRecord {
  readonly id: MessageId;
  /** Bare number JID. */
  readonly to: string;
  /** Its place in the outbox, for as long as it waits there; missing in what was written before it was noted. */
  readonly order?: number;
  /** Hash of recipient and text: tells a repeated send from another under the same id. */
  readonly digest: string;
  readonly sentAt: EpochMs;
  readonly acceptedAt?: EpochMs | undefined;
  readonly failure?: StoredFailure | undefined;
  readonly devices: readonly DeviceProgress[];
}

/** What was sent from here and how far it has come; kept for at least 45 days. */
export class SentRecords {
  readonly #storage: Storage;
  readonly #records: AgingMap;

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#records = new AgingMap("sent/", clock);
  }

  /** What is known of a message that was sent. Not to be called inside a transaction. */
  find(id: MessageId): SentRecord | undefined {
    return this.#storage.read((view) => this.get(view, id));
  }

  /** The same inside a transaction. */
  get(view: View, id: MessageId): SentRecord | undefined {
    const bytes = this.#records.get(view, id);
    return bytes && (decodeRecord(bytes) as SentRecord);
  }

  /** Stores a new one, or the next state of one. */
  put(transaction: Transaction, record: SentRecord): void {
    this.#records.set(transaction, record.id, encodeRecord(record));
  }

  /** Notes that a message is durable at the service. Answers whether that is news. */
  accept(transaction: Transaction, id: MessageId, acceptedAt: EpochMs): boolean {
    const record = this.get(transaction, id);
    if (!record || record.acceptedAt !== undefined) return false;
    this.put(transaction, { ...record, acceptedAt, failure: undefined });
    return true;
  }

  /** Notes that a send ended without having been accepted. Answers whether it did: a receipt may have come before. */
  fail(transaction: Transaction, id: MessageId, error: TwotickError): boolean {
    const record = this.get(transaction, id);
    if (!record || record.acceptedAt !== undefined || record.devices.length > 0) return false;
    // It was cancelled before
    if (record.failure) return false;
    this.put(transaction, { ...record, failure: storeFailure(error) });
    return true;
  }

  /** Takes a receipt entry. Answers what is news in it; a receipt of somebody it was not sent to is none. */
  takeReceipt(transaction: Transaction, { ids, from, device, state, at }: ReceiptEntry): Receipt[] {
    const address = Jid.parse(from);
    const news: Receipt[] = [];
    for (const id of ids) {
      const receipt = { id, to: address.local, device, state, at };
      const record = this.get(transaction, id);
      // A message of another own device: nothing is kept of it here
      if (!record && !isControlId(id)) news.push(receipt);
      else if (!record) continue;
      else if (record.to === address.bare && this.#raise(transaction, record, receipt)) news.push(receipt);
    }
    return news;
  }

  /** Forgets what is too old. Answers whether there may be more. */
  prune(transaction: Transaction): boolean {
    return this.#records.prune(transaction);
  }

  #raise(transaction: Transaction, record: SentRecord, { device, state, at }: Receipt): boolean {
    const before = record.devices.find((one) => one.device === device);
    if (before && joinReceipts(before.state, state) === before.state) return false;
    const others = record.devices.filter((one) => one !== before);
    this.put(transaction, { ...record, failure: undefined, devices: [...others, { device, state, at }] });
    return true;
  }
}

/** The state of a send as a whole. */
export function stateOf({ acceptedAt, failure, devices }: SentRecord): SendState {
  const [first, ...others] = devices.map(({ state }) => state);
  if (first) return others.reduce<ReceiptState>((a, b) => joinReceipts(a, b), first);
  if (acceptedAt !== undefined) return "accepted";
  return failure ? "failed" : "queued";
}

function storeFailure(error: TwotickError): StoredFailure {
  const { code, message } = error;
  if (!(error instanceof StanzaError)) return { code, message };
  return { code, message, type: error.type, applicationCondition: error.applicationCondition };
}

/** The error of a stored failure: a `StanzaError` when the service refused. */
export function loadFailure({ code, message, type, applicationCondition }: StoredFailure): TwotickError {
  if (type === undefined) return new TwotickError(code, message);
  return new StanzaError(code as StanzaCondition, message, {
    type,
    ...(applicationCondition === undefined ? {} : { applicationCondition }),
  });
}
