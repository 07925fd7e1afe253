import { createInterface } from "node:readline/promises";
import { InvalidInput } from "../../src/errors.js";
import { isSignedUp } from "../client/account.js";
import { Client } from "../client/client.js";
import type { ClientOptions } from "../client/options.js";
import { signUpDevice } from "../client/sign-up.js";
import type { Storage } from "../storage/port.js";
import { openSqliteStorage } from "../storage/sqlite.js";

/** Where a bot is kept, and how it gets its number. */
export interface DeviceOptions {
  /** The file of its store, or a store; `TWOTICK_STORE`, or `bot.db`, unless given. */
  readonly store?: string | Storage | undefined;
  /** The key of the store, 32 bytes, as they are or in base64; `TWOTICK_STORE_KEY`, or none, unless given. */
  readonly key?: Uint8Array | string | undefined;
  /** Its phone number; needed at the first start, for the sign-up. `TWOTICK_NUMBER` unless given. */
  readonly number?: string | undefined;
  /** Where to sign up; `TWOTICK_API`, or `http://127.0.0.1:5380`, unless given. */
  readonly api?: string | undefined;
  /** The XMPP server; `TWOTICK_SERVICE`, or `xmpp://127.0.0.1:5222`, unless given. */
  readonly service?: string | undefined;
  /** Answers the code that was sent to the number; asked for on the terminal unless given. */
  readonly code?: (() => string | Promise<string>) | undefined;
  /** More about the client. */
  readonly client?: Partial<Omit<ClientOptions, "storage" | "service" | "maxBacklog">> | undefined;
}

/** A device that is signed up, and what closes what was opened for it. */
export interface OpenedDevice {
  readonly client: Client;
  readonly close: () => void;
}

/**
 * Opens the device of a bot; signs it up when its store is new.
 *
 * @throws {InvalidInput} when something is missing that a sign-up needs
 * @throws {StorageError} @throws {SignUpError} @throws {StanzaError}
 */
export async function openDevice(options: DeviceOptions, maxBacklog: number): Promise<OpenedDevice> {
  const { env } = process;
  const store = options.store ?? env.TWOTICK_STORE ?? "bot.db";
  const storage = typeof store === "string" ? openStore(store, options.key ?? env.TWOTICK_STORE_KEY) : store;
  const close = (): void => {
    if (storage !== store) storage.close();
  };
  try {
    if (!isSignedUp(storage) && !options.client?.account) await signUp(storage, options);
    const service = options.service ?? env.TWOTICK_SERVICE ?? "xmpp://127.0.0.1:5222";
    return { client: await Client.open({ ...options.client, storage, service, maxBacklog }), close };
  } catch (error) {
    close();
    throw error;
  }
}

function openStore(path: string, key: Uint8Array | string | undefined): Storage {
  const bytes = typeof key === "string" ? Buffer.from(key, "base64") : key;
  return openSqliteStorage({ path, ...(bytes && bytes.length > 0 && { key: bytes }) });
}

async function signUp(storage: Storage, options: DeviceOptions): Promise<void> {
  const number = options.number ?? process.env.TWOTICK_NUMBER;
  if (number === undefined)
    throw new InvalidInput("the bot has no number yet: give `number`, or set TWOTICK_NUMBER");
  if (!options.code && !process.stdin.isTTY)
    throw new InvalidInput("the bot is not signed up yet: start it once in a terminal, or give `code`");
  const api = options.api ?? process.env.TWOTICK_API ?? "http://127.0.0.1:5380";
  const session = await signUpDevice({ storage, api, number });
  await session.verify(await (options.code ?? askForCode)());
}

async function askForCode(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question("The code that was sent to the number: ");
  } finally {
    terminal.close();
  }
}
