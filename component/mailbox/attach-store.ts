import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { NewReceiptEntry, Receipts } from "../receipts/store.js";
import { TwotickError } from "../../src/errors.js";
import { openSetAside } from "../admin/set-aside-store.js";
import { openEntries } from "./entries-store.js";
import { decideGeneration, type Generation, type StoreClaim } from "./generation.js";
import { decideHead } from "./service.js";

/** A device that asks for its mailbox, after its signature or its token's seal was checked. */
export interface AttachRequest {
  /** Bare JID of the account, as the server stamped it. */
  readonly account: string;
  /** Full JID that entries will be sent to. */
  readonly fullJid: string;
  readonly deviceId: DeviceId;
  /** Hash of the key that signed, or the device's row and the generation that the token carries. */
  readonly proof:
    { readonly keyHash: Uint8Array } | { readonly tokenGeneration: number; readonly mailbox: number };
  /** The last entry durable on the device. */
  readonly last: number;
  /** What the device says of its store; missing when it says nothing. */
  readonly claim?: StoreClaim | undefined;
  readonly now: EpochMs;
}

/** An opened mailbox. */
export interface OpenedMailbox {
  readonly device: number;
  readonly account: number;
  readonly number: { readonly id: number; readonly sealed: Uint8Array };
  readonly tokenGeneration: number;
  /** The generation that the device's store has, as far as it is known. */
  readonly generation: Generation;
  /** Everything up to here has ended: delivery begins behind it. */
  readonly acknowledged: number;
  readonly isCautious: boolean;
  /** The head was set aside for having been delivered in vain too often. */
  readonly hasSetAside: boolean;
  readonly receipts: readonly NewReceiptEntry[];
}

interface DeviceRow {
  device: number;
  account: number;
  numberId: number;
  numberSealed: Uint8Array;
  keyHash: Uint8Array;
  tokenGeneration: number;
  nextSeq: number;
  headSeq: number;
  headAttempts: number;
  generation: number;
  generationId: string;
  sent: number;
  taken: number;
}

/** The SQL of opening a mailbox and of its device's acknowledgements. */
export function openAttach(database: Database, receipts: Receipts) {
  const entries = openEntries(database, receipts);
  const find = database.prepare<[string, number], DeviceRow>(
    `SELECT devices.id AS device, account, numbers.id AS numberId, sealed AS numberSealed, key_hash AS keyHash,
       token_generation AS tokenGeneration, next_seq AS nextSeq, head_seq AS headSeq, head_attempts AS headAttempts,
       generation, generation_id AS generationId, sent, taken
     FROM devices JOIN accounts ON accounts.id = account JOIN numbers ON numbers.id = number
     WHERE jid = ? AND device_id = ?`,
  );
  const firstSeq = database.prepare<[number], { seq: number | null }>(
    "SELECT min(seq) AS seq FROM entries WHERE device = ?",
  );
  const countHead = database.prepare(
    `UPDATE devices SET head_attempts = CASE WHEN head_seq = @seq THEN head_attempts + 1 ELSE 1 END, head_seq = @seq
     WHERE id = @device`,
  );
  const setAside = openSetAside(database);
  const see = database.prepare("UPDATE devices SET seen_at = ?, attached_jid = ? WHERE id = ?");
  const detach = database.prepare("UPDATE devices SET attached_jid = NULL WHERE id = ? AND attached_jid = ?");
  const attached = database.prepare<[], { fullJid: string }>(
    "SELECT attached_jid AS fullJid FROM devices WHERE attached_jid IS NOT NULL",
  );
  const revoke = database.prepare("UPDATE devices SET token_generation = token_generation + 1 WHERE id = ?");
  const lift = database.prepare("UPDATE entries SET seq = -(seq + @by) WHERE device = @device");
  const settle = database.prepare("UPDATE entries SET seq = -seq WHERE device = @device AND seq < 0");
  const advance = database.prepare("UPDATE devices SET next_seq = next_seq + ? WHERE id = ?");

  const record = database.prepare("UPDATE devices SET generation = ?, generation_id = ? WHERE id = ?");
  const recorded = database.prepare<[number], Generation>(
    "SELECT generation AS number, generation_id AS id FROM devices WHERE id = ?",
  );
  const take = database.prepare("UPDATE devices SET taken = @seq WHERE id = @device AND taken < @seq");

  const isProven = (row: DeviceRow, proof: AttachRequest["proof"]): boolean =>
    "keyHash" in proof
      ? Buffer.compare(row.keyHash, proof.keyHash) === 0
      : row.device === proof.mailbox && row.tokenGeneration === proof.tokenGeneration;

  const generationOf = (row: DeviceRow, claim: StoreClaim | undefined): Generation => {
    const { device, generation: number, generationId: id, sent, taken } = row;
    const decision = decideGeneration({ device, number, id, sent, taken }, claim);
    if (decision === "outdated")
      throw new TwotickError("store-outdated", "a newer state of this device's store was used since");
    if (decision !== "unchanged") record.run(decision.number, decision.id, device);
    return decision === "unchanged" ? { number, id } : decision;
  };

  // The device knows entries that this database does not: it was restored from a backup. What waits is
  // numbered behind what the device has, so that none of it is taken for something already seen.
  const renumber = (row: DeviceRow, last: number): void => {
    const by = last + 1 - (firstSeq.get(row.device)?.seq ?? row.nextSeq);
    lift.run({ by, device: row.device });
    settle.run({ device: row.device });
    advance.run(by, row.device);
  };

  const acknowledge = (
    device: number,
    seq: number,
    undecryptable: readonly number[],
    now: EpochMs,
  ): NewReceiptEntry[] => {
    const failed = new Set(undecryptable);
    const stateOf = (ended: number) => (failed.has(ended) ? "undecryptable" : "delivered");
    const ended = entries.end(device, seq, stateOf, now);
    if (ended.count > 0) take.run({ seq: ended.last, device });
    return ended.receipts;
  };

  return {
    /**
     * Opens the mailbox of a device that has proven itself; `undefined` when it is not that device.
     *
     * @throws {TwotickError} `store-outdated` when its store went back, or another copy of it went on; nothing changes
     */
    attach({
      account,
      fullJid,
      deviceId,
      proof,
      last,
      claim,
      now,
    }: AttachRequest): OpenedMailbox | undefined {
      const row = find.get(account, deviceId);
      if (!row || !isProven(row, proof)) return undefined;
      const generation = generationOf(row, claim);
      see.run(now, fullJid, row.device);
      const made: NewReceiptEntry[] = [];
      if (last >= row.nextSeq) renumber(row, last);
      else made.push(...acknowledge(row.device, last, [], now));
      const first = firstSeq.get(row.device)?.seq;
      const head = { seq: row.headSeq, attempts: row.headAttempts };
      const decision =
        typeof first === "number" ? decideHead(head, first) : { isSetAside: false, isCautious: false };
      if (typeof first === "number" && decision.isSetAside) {
        setAside.keep(row.device, first, now);
        made.push(...entries.end(row.device, first, () => "expired", now).receipts);
      }
      return {
        device: row.device,
        account: row.account,
        number: { id: row.numberId, sealed: row.numberSealed },
        tokenGeneration: row.tokenGeneration,
        generation,
        acknowledged: last,
        isCautious: decision.isCautious,
        hasSetAside: decision.isSetAside,
        receipts: made,
      };
    },

    /** Counts a delivery of the first entry in line that the device did not outlive. */
    countHead(device: number, seq: number): void {
      countHead.run({ device, seq });
    },

    /** Ends every entry up to `seq`: delivered, or (those named) undecryptable. Answers the receipts for the senders. */
    acknowledge,

    /** The device has made the generation durable that it was given. Answers whether it still is the next one. */
    confirmGeneration(device: number, token: StoreClaim["token"]): boolean {
      const row = recorded.get(device);
      if (!row || !token) return false;
      const decision = decideGeneration({ ...row, device, sent: 0, taken: 0 }, { token, sent: 0, taken: 0 });
      if (decision === "outdated") return false;
      if (decision !== "unchanged") record.run(decision.number, decision.id, device);
      return true;
    },

    /** Notes that nothing more is to be sent to a full JID of the device; an attach from another one stands. */
    detach(device: number, fullJid: string): void {
      detach.run(device, fullJid);
    },

    /** The full JIDs that were attached when the component stopped: they do not know that it did. */
    attached: (): string[] => attached.all().map(({ fullJid }) => fullJid),

    /** Makes every token of the device worthless. */
    revokeTokens(device: number): void {
      revoke.run(device);
    },
  };
}
