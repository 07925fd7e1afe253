import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";

/** An account that a number belongs to. The number itself is only there hashed and sealed. */
export interface AccountRow {
  readonly id: number;
  /** Bare JID on the host. */
  readonly jid: string;
  /** The row of the number: it outlives the account while messages still speak of it. */
  readonly numberId: number;
  readonly numberHash: Uint8Array;
  readonly numberSealed: Uint8Array;
  /** Whether the sign-up made the account on the host, so that deletion may remove it there. */
  readonly isMadeHere: boolean;
  readonly pinHash: Uint8Array | null;
}

/** A device that is being bound to an account. */
export interface NewDevice {
  readonly deviceId: DeviceId;
  /** SHA-256 of the device's Ed25519 public key. */
  readonly keyHash: Uint8Array;
}

/** A number about to belong to an account. */
export interface NewAccount {
  readonly jid: string;
  readonly numberHash: Uint8Array;
  readonly numberSealed: Uint8Array;
  readonly isMadeHere: boolean;
  readonly pinHash: Uint8Array | null;
  readonly device: NewDevice | undefined;
  readonly now: EpochMs;
}

/** What a number was taken from: the account that it belonged to before. */
export interface RetiredAccount {
  readonly jid: string;
  readonly isMadeHere: boolean;
}

/** Why a device cannot be bound. */
export type DeviceRefusal = "no-account" | "device-id-taken" | "too-many-devices";

/** A bound device as its owner sees it. */
export interface DeviceRow {
  readonly deviceId: DeviceId;
  readonly boundAt: EpochMs;
  readonly seenAt: EpochMs;
}

/** An account on the host that has to be deleted, until it is. */
export interface RemovalRow {
  readonly jid: string;
  readonly attempts: number;
}

/** Devices an account may have: Signal allows 6, WhatsApp a phone and 4. */
export const MAX_DEVICES = 6;

const migrations: readonly Migration[] = [
  {
    number: 1,
    // A device row is also its mailbox: device_id is null while the mailbox waits for the account's first device
    sql: `
      CREATE TABLE numbers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        hash BLOB NOT NULL UNIQUE,
        sealed BLOB NOT NULL
      ) STRICT;
      CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        jid TEXT NOT NULL UNIQUE,
        number INTEGER NOT NULL UNIQUE REFERENCES numbers,
        is_made_here INTEGER NOT NULL,
        pin_hash BLOB,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE devices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        device_id INTEGER,
        key_hash BLOB,
        token_generation INTEGER NOT NULL DEFAULT 0,
        next_seq INTEGER NOT NULL DEFAULT 1,
        pending_count INTEGER NOT NULL DEFAULT 0,
        pending_bytes INTEGER NOT NULL DEFAULT 0,
        head_seq INTEGER NOT NULL DEFAULT 0,
        head_attempts INTEGER NOT NULL DEFAULT 0,
        attached_jid TEXT,
        created_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        UNIQUE (account, device_id)
      ) STRICT;`,
  },
  {
    number: 2,
    sql: `
      CREATE TABLE host_removals (
        jid TEXT PRIMARY KEY,
        attempts INTEGER NOT NULL DEFAULT 0,
        due_at INTEGER NOT NULL
      ) STRICT;`,
  },
  {
    number: 3,
    // The generation of the device's own store, 0 when none was ever recorded, and how far it has come
    sql: `
      ALTER TABLE devices ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE devices ADD COLUMN generation_id TEXT NOT NULL DEFAULT '';
      ALTER TABLE devices ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE devices ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;`,
  },
  {
    number: 4,
    // An ordinary app's mailbox has the resource that it was seen under and no device id; how far it was sent
    // entries once, and twice, tells what may go again
    sql: `
      ALTER TABLE devices ADD COLUMN resource TEXT;
      ALTER TABLE devices ADD COLUMN sent_once INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE devices ADD COLUMN sent_twice INTEGER NOT NULL DEFAULT 0;
      CREATE UNIQUE INDEX devices_by_resource ON devices (account, resource) WHERE resource IS NOT NULL;`,
  },
  {
    number: 5,
    // Up to which entry an ordinary app has answered a request that came behind it
    sql: "ALTER TABLE devices ADD COLUMN answered INTEGER NOT NULL DEFAULT 0",
  },
];

type StoredAccount = Omit<AccountRow, "isMadeHere"> & { readonly isMadeHere: 0 | 1 };

/** The SQL of accounts, numbers and devices. */
export function openAccounts(database: Database) {
  const accounts = `SELECT accounts.id, jid, number AS numberId, hash AS numberHash, sealed AS numberSealed,
    is_made_here AS isMadeHere, pin_hash AS pinHash FROM accounts JOIN numbers ON numbers.id = number`;
  const anySealed = database.prepare<[], { sealed: Uint8Array }>(
    "SELECT sealed FROM numbers WHERE length(sealed) > 0 LIMIT 1",
  );
  const byJid = database.prepare<[string], StoredAccount>(`${accounts} WHERE jid = ?`);
  const byNumber = database.prepare<[Uint8Array], StoredAccount>(`${accounts} WHERE hash = ?`);
  const page = database.prepare<[number, number], { readonly id: number; readonly jid: string }>(
    "SELECT id, jid FROM accounts WHERE id > ? ORDER BY id LIMIT ?",
  );
  const remove = database.prepare("DELETE FROM accounts WHERE id = ?");
  const insert = database.prepare(
    `INSERT INTO accounts (jid, number, is_made_here, pin_hash, created_at)
     VALUES (?, (SELECT id FROM numbers WHERE hash = ?), ?, ?, ?)`,
  );
  const insertNumber = database.prepare(
    "INSERT INTO numbers (hash, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const setPin = database.prepare("UPDATE accounts SET pin_hash = ? WHERE jid = ?");
  const insertDevice = database.prepare(
    "INSERT INTO devices (account, device_id, key_hash, created_at, seen_at) VALUES (?, ?, ?, ?, ?)",
  );
  const claimDevice = database.prepare(
    "UPDATE devices SET device_id = ?, key_hash = ?, seen_at = ? WHERE account = ? AND device_id IS NULL AND resource IS NULL",
  );
  const devicesOf = database.prepare<[number], { deviceId: number; keyHash: Uint8Array }>(
    "SELECT device_id AS deviceId, key_hash AS keyHash FROM devices WHERE account = ? AND device_id IS NOT NULL",
  );
  const hasMailbox = database.prepare<[number], { id: number }>(
    "SELECT id FROM devices WHERE account = ? LIMIT 1",
  );
  const removeDevice = database.prepare("DELETE FROM devices WHERE account = ? AND device_id = ?");

  const listDevices = database.prepare<[string], DeviceRow>(
    `SELECT device_id AS deviceId, devices.created_at AS boundAt, seen_at AS seenAt
     FROM devices JOIN accounts ON accounts.id = account
     WHERE jid = ? AND device_id IS NOT NULL ORDER BY devices.id`,
  );
  const addRemoval = database.prepare(
    "INSERT INTO host_removals (jid, due_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const dueRemovals = database.prepare<[EpochMs], RemovalRow>(
    "SELECT jid, attempts FROM host_removals WHERE due_at <= ? ORDER BY due_at LIMIT 100",
  );
  const hasRemoval = database.prepare<[string], { jid: string }>(
    "SELECT jid FROM host_removals WHERE jid = ?",
  );
  const removalDone = database.prepare("DELETE FROM host_removals WHERE jid = ?");
  const removalFailed = database.prepare(
    "UPDATE host_removals SET attempts = attempts + 1, due_at = ? WHERE jid = ?",
  );

  const read = (row: StoredAccount | undefined): AccountRow | undefined =>
    row && { ...row, isMadeHere: row.isMadeHere === 1 };

  const retire = (account: StoredAccount | undefined): RetiredAccount | undefined => {
    if (!account) return undefined;
    remove.run(account.id);
    return { jid: account.jid, isMadeHere: account.isMadeHere === 1 };
  };

  return {
    /** One of the numbers, to see whether the key of the configuration opens it. */
    sealedSample: (): Uint8Array | undefined => anySealed.get()?.sealed,

    /** The account with this bare JID, if a number belongs to it. */
    findByJid: (jid: string): AccountRow | undefined => read(byJid.get(jid)),

    /** Accounts with a number, the longest linked first, from behind a row on. */
    page: (after: number, limit: number): { readonly id: number; readonly jid: string }[] =>
      page.all(after, limit),

    /** The account that a number belongs to. */
    findByNumber: (numberHash: Uint8Array): AccountRow | undefined => read(byNumber.get(numberHash)),

    /**
     * Gives a number to an account: with its device, or with a mailbox that waits for one.
     *
     * Whoever had the number, and whatever number the account had, is gone with devices and mailboxes.
     */
    create(account: NewAccount): {
      readonly accountId: number;
      readonly retired: RetiredAccount | undefined;
    } {
      const retired = retire(byNumber.get(account.numberHash));
      retire(byJid.get(account.jid));
      const { jid, numberHash, numberSealed, isMadeHere, pinHash, device, now } = account;
      insertNumber.run(numberHash, numberSealed);
      const { lastInsertRowid } = insert.run(jid, numberHash, isMadeHere ? 1 : 0, pinHash, now);
      insertDevice.run(lastInsertRowid, device?.deviceId ?? null, device?.keyHash ?? null, now, now);
      return { accountId: Number(lastInsertRowid), retired };
    },

    /** Binds a further device; the same device with the same key again is no error. */
    addDevice(jid: string, device: NewDevice, now: EpochMs): DeviceRefusal | undefined {
      const account = byJid.get(jid);
      if (!account) return "no-account";
      const devices = devicesOf.all(account.id);
      const same = devices.find((known) => known.deviceId === device.deviceId);
      if (same) return Buffer.compare(same.keyHash, device.keyHash) === 0 ? undefined : "device-id-taken";
      if (devices.length >= MAX_DEVICES) return "too-many-devices";
      const { changes } = claimDevice.run(device.deviceId, device.keyHash, now, account.id);
      if (changes === 0) insertDevice.run(account.id, device.deviceId, device.keyHash, now, now);
      return undefined;
    },

    /** Unbinds a device: its mailbox and tokens are gone. Answers whether there was one. */
    removeDevice(jid: string, deviceId: DeviceId, now: EpochMs): boolean {
      const account = byJid.get(jid);
      if (!account || removeDevice.run(account.id, deviceId).changes === 0) return false;
      if (!hasMailbox.get(account.id)) insertDevice.run(account.id, null, null, now, now);
      return true;
    },

    /** Sets or (null) removes the registration PIN's hash. Answers whether the account exists. */
    setPin: (jid: string, pinHash: Uint8Array | null): boolean => setPin.run(pinHash, jid).changes > 0,

    /** Takes the number away from an account, with devices and mailboxes. */
    unlink: (jid: string): RetiredAccount | undefined => retire(byJid.get(jid)),

    /** The devices bound to an account, in the order in which they came. */
    devices: (jid: string): DeviceRow[] => listDevices.all(jid),

    /** Takes the number away and, if the sign-up made the account, has it deleted on the host from `dueAt` on. */
    remove(jid: string, dueAt: EpochMs): RetiredAccount | undefined {
      const retired = retire(byJid.get(jid));
      if (retired?.isMadeHere) addRemoval.run(jid, dueAt);
      return retired;
    },

    /** Has an account deleted on the host from `dueAt` on. */
    queueRemoval: (jid: string, dueAt: EpochMs): void => void addRemoval.run(jid, dueAt),

    /** The accounts to be deleted on the host by now. */
    dueRemovals: (now: EpochMs): RemovalRow[] => dueRemovals.all(now),

    /** Whether an account is still to be deleted on the host. */
    isToBeRemoved: (jid: string): boolean => hasRemoval.get(jid) !== undefined,

    /** The account is gone from the host. */
    removalDone: (jid: string): void => void removalDone.run(jid),

    /** The host could not be asked, or refused: try again then. */
    removalFailed: (jid: string, nextAt: EpochMs): void => void removalFailed.run(nextAt, jid),
  };
}

/** Accounts as the main thread calls them. */
export type AccountOperations = ReturnType<typeof openAccounts>;

/** The accounts part of the store thread. */
export const store: StoreModule<AccountOperations> = { name: "accounts", migrations, open: openAccounts };
