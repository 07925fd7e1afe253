import { InvalidInput, TwotickError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { MAX_PAYLOAD_BYTES } from "../../src/mailbox-submit.js";
import { type Omemo, OmemoError, type PlainContent, type Sealed, type SealedAhead } from "../omemo/mod.js";
import { parseXml } from "../../src/xml.js";
import type { Storage, Transaction } from "../storage/port.js";
import type { Conversation, Queued } from "./outbox-queue.js";
import { type OutboxRecord, readOutbox, writeOutbox } from "./outbox-records.js";

/** Devices that messages are encrypted for in one transaction, over all of them: those of the last may go beyond it. */
const MAX_DEVICES_IN_ALL = 256;

/** What came of encrypting a stretch of a conversation. */
export interface SealResult {
  /** By entry, in order: the payload, or why it can never be sent. */
  readonly done: readonly (readonly [entry: Queued, outcome: string | TwotickError])[];
  /** Why it stopped before the end, when it did. */
  readonly stoppedBy: unknown;
}

/** Fetches what encrypting entries needs. @throws as {@link Omemo.prepare} */
export async function prepareEntries(
  storage: Storage,
  omemo: Omemo,
  { kind, to }: Pick<Conversation, "kind" | "to">,
  entries: readonly Queued[],
): Promise<void> {
  if (kind !== "control") return omemo.prepare(to);
  for (const { order } of entries) {
    const control = storage.read((view) => readOutbox(view, order))?.control;
    if (control) await omemo.prepareControl(control);
  }
}

/**
 * Encrypts the first of the entries ahead when it goes to many devices.
 *
 * @returns what {@link sealEntries} is to be given, and has to be closed afterwards; nothing when that does it all
 */
export async function sealFirstAhead(
  storage: Storage,
  omemo: Omemo,
  to: Jid,
  [entry]: readonly Queued[],
): Promise<SealedAhead | undefined> {
  const record = entry && storage.read((view) => readOutbox(view, entry.order));
  if (!record || record.payload !== undefined || record.control) return undefined;
  return omemo.sealAhead(to, contentOf(record));
}

/**
 * Encrypts entries in order and stores each payload in place of its text, in the transaction that advances the
 * ratchets: a retry, also after a restart, finds the very bytes. It ends early, before it has taken too long.
 *
 * @param ahead the first of them as it was encrypted ahead: it is the only one then
 */
export function sealEntries(
  transaction: Transaction,
  omemo: Omemo,
  to: Jid,
  entries: readonly Queued[],
  ahead?: SealedAhead,
): SealResult {
  const done: [Queued, string | TwotickError][] = [];
  let devices = 0;
  for (const entry of ahead ? entries.slice(0, 1) : entries) {
    if (devices >= MAX_DEVICES_IN_ALL) break;
    const record = readOutbox(transaction, entry.order);
    if (!record) {
      done.push([entry, new TwotickError("not-found", "the message is no longer in the outbox")]);
      continue;
    }
    try {
      const sealed =
        record.payload === undefined ? sealRecord(transaction, omemo, to, record, ahead) : record;
      const payload = sealed?.payload;
      if (sealed && "devices" in sealed) devices += sealed.devices.recipient + sealed.devices.own;
      if (payload === undefined) {
        done.push([entry, new TwotickError("not-needed", "no device is to get it any more")]);
        continue;
      }
      // However it was sealed: a submit with it would be refused whole
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
        done.push([entry, new InvalidInput("the encrypted message is too large")]);
        continue;
      }
      const { order, kind, id, keepUntil } = record;
      writeOutbox(transaction, { order, kind, id, to: record.to, keepUntil, payload });
      done.push([entry, payload]);
    } catch (error) {
      // Nothing has been written then; what came before stays
      if (error instanceof OmemoError) return { done, stoppedBy: error };
      // What no version can carry, or is too large, is final, for this message alone
      if (error instanceof InvalidInput) {
        done.push([entry, error]);
        continue;
      }
      throw error;
    }
  }
  return { done, stoppedBy: undefined };
}

function sealRecord(
  transaction: Transaction,
  omemo: Omemo,
  to: Jid,
  record: OutboxRecord,
  ahead: SealedAhead | undefined,
): Sealed | undefined {
  if (record.control) return omemo.sealControl(transaction, record.control);
  return ahead ? ahead.seal(transaction) : omemo.seal(transaction, to, contentOf(record));
}

function contentOf({ text, elements }: OutboxRecord): PlainContent {
  if (!elements) return text ?? "";
  return { text, elements: elements.map((element) => parseXml(element)) };
}
