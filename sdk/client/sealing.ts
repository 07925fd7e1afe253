import { StanzaError, TwotickError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { MAX_PAYLOAD_BYTES } from "../../src/mailbox-submit.js";
import { OmemoError, type Omemo } from "../omemo/mod.js";
import type { Transaction } from "../storage/port.js";
import type { Queued } from "./outbox-queue.js";
import { readOutbox, writeOutbox } from "./outbox-records.js";

/** What came of encrypting a stretch of a conversation. */
export interface SealResult {
  /** By entry, in order: the payload, or why it can never be sent. */
  readonly done: readonly (readonly [entry: Queued, outcome: string | TwotickError])[];
  /** Why it stopped before the end, when it did. */
  readonly stoppedBy: unknown;
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
      const payload = record.payload ?? omemo.seal(transaction, to, record.text ?? "").payload;
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
      throw error;
    }
  }
  return { done, stoppedBy: undefined };
}
