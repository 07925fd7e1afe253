import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";

/** Rows that one turn reads. */
const TURN = 1_000;
/** Entries, each with its body, that one turn reads. */
const BODIES = 200;

/** What is known of a number beside its messages. */
export interface PersonRow {
  /** Row of the number. */
  readonly number: number;
  readonly account:
    | {
        readonly id: number;
        readonly jid: string;
        readonly isMadeHere: 0 | 1;
        readonly hasPin: 0 | 1;
        readonly createdAt: EpochMs;
      }
    | undefined;
  readonly devices: readonly PersonDevice[];
  readonly signUps: readonly PersonSignUp[];
  /** What others may see, when the person has decided it. */
  readonly privacy: PersonPrivacy | undefined;
  readonly lastSeen: { readonly isOnline: 0 | 1; readonly at: EpochMs } | undefined;
}

/** What a person lets others see. */
export interface PersonPrivacy {
  readonly presence: string;
  readonly lastSeen: string;
  readonly profile: string;
}

/** How the account stands to somebody, in one direction. */
export interface PersonRelation {
  /** Whether the account is the one who asks to see the other's presence, or the one who is asked. */
  readonly isSubscriber: 0 | 1;
  /** The other one's number, sealed. */
  readonly peer: Uint8Array;
  readonly isSubscribed: 0 | 1;
  readonly isApproved: 0 | 1;
  readonly isDenied: 0 | 1;
  /** 0 for never. */
  readonly askedAt: EpochMs;
}

/** A number that the account has blocked. Who has blocked the account is theirs to know. */
export interface PersonBlock {
  /** The blocked number, sealed. */
  readonly peer: Uint8Array;
  readonly isHere: 0 | 1;
  readonly isOnHost: 0 | 1;
  readonly at: EpochMs;
}

/** A device as the export tells of it. */
export interface PersonDevice {
  /** Row of the device, which is also its mailbox. */
  readonly mailbox: number;
  readonly deviceId: DeviceId | null;
  /** By which an ordinary app is known; null for a device of the mailbox protocol. */
  readonly resource: string | null;
  readonly boundAt: EpochMs;
  readonly seenAt: EpochMs;
  readonly waitingEntries: number;
  readonly waitingBytes: number;
}

/** A sign-up under way, or over for less than half an hour. */
export interface PersonSignUp {
  readonly country: string;
  readonly startedAt: EpochMs;
  readonly state: string;
}

/** A message that the account sent or that was sent to it. */
export interface PersonMessage {
  readonly id: MessageId;
  readonly acceptedAt: EpochMs;
  readonly isSent: 0 | 1;
  /** The other one's number, sealed. */
  readonly peer: Uint8Array;
  /** The body while it waits for a device; null afterwards. */
  readonly payload: string | null;
}

/** A turn of reading, with where the next begins; null when there is no more. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: number | null;
}

/** The SQL of telling everything about a number. */
export function openPersons(database: Database) {
  const number = database.prepare<[Uint8Array], { id: number }>("SELECT id FROM numbers WHERE hash = ?");
  const account = database.prepare<[number], NonNullable<PersonRow["account"]>>(
    `SELECT id, jid, is_made_here AS isMadeHere, pin_hash IS NOT NULL AS hasPin, created_at AS createdAt
     FROM accounts WHERE number = ?`,
  );
  const devices = database.prepare<[number], PersonDevice>(
    `SELECT id AS mailbox, device_id AS deviceId, resource, created_at AS boundAt, seen_at AS seenAt,
       pending_count AS waitingEntries, pending_bytes AS waitingBytes FROM devices WHERE account = ? ORDER BY id`,
  );
  const signUps = database.prepare<[Uint8Array], PersonSignUp>(
    "SELECT country, started_at AS startedAt, state FROM sign_ups WHERE number_hash = ? ORDER BY started_at",
  );
  const messages = database.prepare<{ account: number; after: number }, PersonMessage>(
    `SELECT origin_id AS id, accepted_at AS acceptedAt, sender = @account AS isSent, payload, sealed AS peer
     FROM (SELECT * FROM messages WHERE id > @after AND id <= @after + ${TURN})
       JOIN numbers ON numbers.id = CASE WHEN sender = @account THEN recipient_number ELSE sender_number END
     WHERE sender = @account OR recipient = @account`,
  );
  const lastMessage = database.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM messages");
  const receipts = database.prepare<
    [number, number],
    { seq: number; receipt: string; at: EpochMs; peer: Uint8Array }
  >(
    `SELECT seq, receipt, at, sealed AS peer FROM (SELECT * FROM entries WHERE device = ? AND seq > ? ORDER BY seq LIMIT ${BODIES})
       JOIN numbers ON numbers.id = receipt_number`,
  );
  const lastSeq = database.prepare<[number, number], { seq: number | null; count: number }>(
    `SELECT max(seq) AS seq, count(*) AS count
     FROM (SELECT seq FROM entries WHERE device = ? AND seq > ? ORDER BY seq LIMIT ${BODIES})`,
  );

  const contacts = openPersonContacts(database);

  return {
    ...contacts.operations,

    /** The number with its account, devices, sign-ups, settings and when it was last seen; `undefined` when the store knows nothing of it. */
    person(hash: Uint8Array): PersonRow | undefined {
      const id = number.get(hash)?.id;
      const underWay = signUps.all(hash);
      if (id === undefined && underWay.length === 0) return undefined;
      const owner = id === undefined ? undefined : account.get(id);
      return {
        number: id ?? 0,
        account: owner,
        devices: owner ? devices.all(owner.id) : [],
        signUps: underWay,
        privacy: owner && contacts.privacyOf(owner.id),
        lastSeen: owner && contacts.lastSeen(owner.id),
      };
    },

    /** The messages that an account sent or was sent, from behind a row on. */
    messagesOf(accountId: number, after: number): Page<PersonMessage> {
      const rows = messages.all({ account: accountId, after });
      return { rows, next: after + TURN < (lastMessage.get()?.id ?? 0) ? after + TURN : null };
    },

    /** The receipts that wait in a mailbox, from behind a place on. */
    receiptsIn(
      mailbox: number,
      after: number,
    ): Page<{ readonly receipt: string; readonly at: EpochMs; readonly peer: Uint8Array }> {
      const rows = receipts.all(mailbox, after).map(({ receipt, at, peer }) => ({ receipt, at, peer }));
      const { seq, count } = lastSeq.get(mailbox, after) as { seq: number | null; count: number };
      return { rows, next: count === BODIES ? seq : null };
    },
  };
}

/** The SQL of telling what contacts keep of a person. */
function openPersonContacts(database: Database) {
  const privacy = database.prepare<[number], PersonPrivacy>(
    "SELECT presence, last_seen AS lastSeen, profile FROM privacy_settings WHERE account = ?",
  );
  const sighting = database.prepare<[number], NonNullable<PersonRow["lastSeen"]>>(
    "SELECT is_online AS isOnline, at FROM sightings WHERE account = ?",
  );
  const relations = database.prepare<{ account: number; after: number }, PersonRelation & { other: number }>(
    `SELECT other, isSubscriber, sealed AS peer, is_subscribed AS isSubscribed, is_approved AS isApproved,
       is_denied AS isDenied, asked_at AS askedAt
     FROM (SELECT contact AS other, 1 AS isSubscriber, * FROM relations WHERE subscriber = @account
           UNION ALL SELECT subscriber AS other, 0 AS isSubscriber, * FROM relations WHERE contact = @account)
       JOIN accounts ON accounts.id = other JOIN numbers ON numbers.id = number
     WHERE other IN (SELECT contact FROM relations WHERE subscriber = @account AND contact > @after
                     UNION SELECT subscriber FROM relations WHERE contact = @account AND subscriber > @after
                     ORDER BY 1 LIMIT ${TURN})
     ORDER BY other, isSubscriber DESC`,
  );
  const blocks = database.prepare<[number], PersonBlock>(
    `SELECT number_sealed AS peer, is_here AS isHere, is_on_host AS isOnHost, at FROM blocks
     WHERE account = ? ORDER BY at, number_hash`,
  );

  return {
    privacyOf: (account: number): PersonPrivacy | undefined => privacy.get(account),
    lastSeen: (account: number): PersonRow["lastSeen"] => sighting.get(account),
    operations: {
      /** How an account stands to others and they to it, from behind the row of one of them on. */
      relationsOf(account: number, after: number): Page<PersonRelation> {
        const rows = relations.all({ account, after });
        return { rows, next: rows.at(-1)?.other ?? null };
      },

      /** The numbers that an account has blocked, of which there are a few thousand at most. */
      blockedBy: (account: number): PersonBlock[] => blocks.all(account),
    },
  };
}
