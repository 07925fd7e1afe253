import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import { openAppMessages, type AppTraits } from "../apps/messages-store.js";
import type { NewReceiptEntry, Receipts } from "../receipts/store.js";
import { keyOf, openPostings, Postings, type OpenMailbox, type Recipient } from "./posting-store.js";
import { decideAcceptance, type Acceptance, type MailboxLimits, type Refusal } from "./service.js";

/** A message as the store thread takes it. */
export interface StoredSubmission {
  readonly id: MessageId;
  /** Keyed hash of the recipient's number. */
  readonly toHash: Uint8Array;
  readonly payload: string;
  /** Hash of payload and recipient: tells a repeated message from another under the same id. */
  readonly digest: Uint8Array;
  /** Set when an ordinary app sent it: what that app is to be told of it. */
  readonly app?: AppTraits | undefined;
}

/** Who submits. */
export interface SubmittingDevice {
  readonly account: number;
  readonly device: number;
  /** Under which resource of its number others are shown the device; {@link Numbers.appResource}. */
  readonly resource: string;
}

/** An entry that was just written to a mailbox. */
export interface NewMessageEntry {
  readonly device: number;
  readonly seq: number;
}

/** What became of one submission. */
export type StoredOutcome =
  | { readonly refusal: Refusal }
  | {
      readonly acceptedAt: EpochMs;
      readonly isDuplicate: boolean;
      readonly entries: readonly NewMessageEntry[];
    };

/** What a batch of submissions led to. */
export interface AcceptResult {
  readonly outcomes: readonly StoredOutcome[];
  /** Receipts for the sender, of mailboxes that were full. */
  readonly receipts: readonly NewReceiptEntry[];
}

/** A submit while its messages are taken one after the other. */
interface Submit {
  readonly account: number;
  readonly device: number;
  readonly resource: string;
  readonly numberId: number;
  readonly now: EpochMs;
  readonly limits: MailboxLimits;
  readonly postings: Postings;
  /** Receipts for the sender so far. */
  readonly made: NewReceiptEntry[];
  /** Hashes of the numbers whose mailboxes were found full. */
  readonly full: Set<string>;
}

/** Bytes that an entry is taken to cost beside its payload. */
const ENTRY_OVERHEAD_BYTES = 200;

/** The SQL of accepting messages. */
export function openAccept(database: Database, receipts: Receipts) {
  const mailboxes = openPostings(database);
  const write = openWriting(database, receipts);
  const sameDevice = database.prepare<[number, number], { numberId: number; numberHash: Uint8Array }>(
    `SELECT number AS numberId, hash AS numberHash FROM devices JOIN accounts ON accounts.id = account
       JOIN numbers ON numbers.id = number WHERE devices.id = ? AND accounts.id = ?`,
  );
  const earlier = database.prepare<[number, string], { digest: Uint8Array; acceptedAt: number }>(
    "SELECT digest, accepted_at AS acceptedAt FROM messages WHERE sender = ? AND origin_id = ?",
  );
  const countSent = database.prepare("UPDATE devices SET sent = @sent WHERE id = @device AND sent < @sent");

  const accept = (submit: Submit, submission: StoredSubmission): StoredOutcome => {
    const { account, device, limits, full, postings } = submit;
    const { id, toHash, payload, digest } = submission;
    const known = earlier.get(account, id);
    const recipient = postings.recipientOf(toHash);
    // Whoever is blocked sees what everybody sees of somebody who never comes: accepted, and no more
    const isReached = recipient !== undefined && !recipient.hasBlocked;
    const sizeBytes = Buffer.byteLength(payload) + ENTRY_OVERHEAD_BYTES;
    const decision = decideAcceptance(
      {
        earlier: known && {
          isSame: Buffer.compare(known.digest, digest) === 0,
          acceptedAt: known.acceptedAt,
        },
        recipient: recipient && {
          account: recipient.account,
          mailboxes: isReached ? postings.mailboxesOf(recipient.account) : [],
        },
        senderMailboxes: postings.mailboxesOf(account).filter((mailbox) => mailbox.device !== device),
        senderAccount: account,
        sizeBytes,
        isBehindRefused: full.size > 0 && full.has(keyOf(toHash)),
      },
      limits,
    );
    if (decision.kind === "accept")
      return write(submit, submission, recipient as Recipient, decision, sizeBytes);
    if (decision.kind === "duplicate")
      return { acceptedAt: decision.acceptedAt, isDuplicate: true, entries: [] };
    if (decision.refusal === "mailbox-full") full.add(keyOf(toHash));
    return { refusal: decision.refusal };
  };

  return {
    /**
     * Accepts messages of one device: each is deduplicated, stored and put into every mailbox, or refused.
     *
     * @param sent how often the device had encrypted something by then, when it says so
     */
    accept(
      { account, device, resource }: SubmittingDevice,
      submissions: readonly StoredSubmission[],
      now: EpochMs,
      limits: MailboxLimits,
      sent?: number,
    ): AcceptResult | undefined {
      const number = sameDevice.get(device, account);
      if (!number) return undefined;
      if (sent !== undefined) countSent.run({ sent, device });
      const postings = new Postings(mailboxes, number.numberHash);
      const submit: Submit = {
        account,
        device,
        resource,
        numberId: number.numberId,
        now,
        limits,
        postings,
        made: [],
        full: new Set(),
      };
      const outcomes = submissions.map((submission) => accept(submit, submission));
      postings.settle();
      return { outcomes, receipts: submit.made };
    },
  };
}

function openWriting(database: Database, receipts: Receipts) {
  const appMessages = openAppMessages(database);
  const insertMessage = database.prepare(
    `INSERT INTO messages (sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending, payload,
       sender_resource) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );

  return (
    { account, device: sendingDevice, resource, numberId, now, made, postings }: Submit,
    { id, payload, digest, app }: StoredSubmission,
    recipient: Recipient,
    { deliver, skip, copy }: Extract<Acceptance<OpenMailbox>, { kind: "accept" }>,
    sizeBytes: number,
  ): StoredOutcome => {
    const places = [...deliver, ...copy];
    const row = insertMessage.run(
      account,
      id,
      recipient.account,
      numberId,
      recipient.numberId,
      now,
      digest,
      places.length,
      places.length > 0 ? payload : null,
      resource,
    );
    const message = Number(row.lastInsertRowid);
    if (app) appMessages.note(message, sendingDevice, app);
    const entries = places.map((mailbox) => ({
      device: mailbox.device,
      seq: postings.put(mailbox, message, sizeBytes, now),
    }));
    for (const { device, deviceId } of deliver) receipts.begin(message, device, deviceId, now);
    // Their receipts go into mailboxes too
    if (skip.length > 0) postings.settle();
    for (const { device, deviceId } of skip) {
      receipts.begin(message, device, deviceId, now);
      made.push(...receipts.raise([{ message, device, state: "expired" }], now));
    }
    return { acceptedAt: now, isDuplicate: false, entries };
  };
}
