import { InvalidInput, StanzaError, TwotickError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { MAX_PAYLOAD_BYTES } from "../../src/mailbox-submit.js";
import { OmemoError, type Omemo } from "../omemo/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import type { Conversation, Queued } from "./outbox-queue.js";
import { type OutboxRecord, readOutbox, writeOutbox } from "./outbox-records.js";

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
 * Encrypts entries in order and stores each payload in place of its text, in the transaction that advances the
 * ratchets: a retry, also after a restart, finds the very bytes.
 */
export function sealEntries(
  transaction: Transaction,
  omemo: Omemo,
  to: Jid,
  entries: readonly Queued[],
): SealResult {
  const done: [Queued, string | TwotickError][] = [];
  for (const entry of entries) {
    const record = readOutbox(transaction, entry.order);
    if (!record) {
      done.push([entry, new TwotickError("not-found", "the message is no longer in the outbox")]);
      continue;
    }
    try {
      const payload = record.payload ?? sealRecord(transaction, omemo, to, record);
      if (payload === undefined) {
        done.push([entry, new TwotickError("not-needed", "no device is to get it any more")]);
        continue;
      }
      const { order, kind, id } = record;
      if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
        done.push([entry, new StanzaError("policy-violation", "the encrypted message is too large")]);
        continue;
      }
      writeOutbox(transaction, { order, kind, id, to: record.to, payload });
      done.push([entry, payload]);
    } catch (error) {
      // Nothing has been written then; what came before stays
      if (error instanceof OmemoError) return { done, stoppedBy: error };
      // What no version can carry is final, for this message alone
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
  { control, text = "" }: OutboxRecord,
): string | undefined {
  return control
    ? omemo.sealControl(transaction, control)?.payload
    : omemo.seal(transaction, to, text).payload;
}
