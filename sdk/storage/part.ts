import { InvalidInput, StorageError } from "../../src/errors.js";
import { lifeOf } from "./guard.js";
import type { Storage, Transaction, View } from "./port.js";

const MAX_NAME_LENGTH = 64;

/** The longest key in a part: with the name before it, it still is a key of the store. */
export const MAX_PART_KEY_LENGTH = 4_000;

/**
 * A part of a store, which is a store by itself: for a program that holds many devices, each of which would cost the
 * memory of a file of its own otherwise.
 *
 * Parts see nothing of each other, and one name is always the same part. A transaction of one must not begin inside that of
 * another. `close` ends the part; the store is closed by who opened it.
 *
 * @param name such as the number of a device: 1 to 64 characters, no slash
 * @throws {InvalidInput} for another name
 * @example
 * const storage = openSqliteStorage({ path: "bots.db" });
 * const client = await Client.open({ storage: partOf(storage, "+15551230009"), service });
 */
export function partOf(storage: Storage, name: string): Storage {
  if (name === "" || name.length > MAX_NAME_LENGTH || name.includes("/"))
    throw new InvalidInput(`the name of a part has 1 to ${MAX_NAME_LENGTH} characters and no slash`);
  const prefix = `part/${name}/`;
  const { enter, close } = lifeOf(() => {});
  return {
    transaction: (work) =>
      enter(() => storage.transaction((transaction) => work(changing(transaction, prefix)))),
    read: (work) => enter(() => storage.read((view) => work(reading(view, prefix)))),
    close,
  };
}

function reading(view: View, own: string): View {
  return {
    get: (key) => view.get(own + key),
    scan: (prefix, options = {}) => {
      const { after } = options;
      const behind = after === undefined ? options : { ...options, after: own + after };
      return view.scan(own + prefix, behind).map(([key, value]) => [key.slice(own.length), value] as const);
    },
  };
}

function changing(transaction: Transaction, own: string): Transaction {
  return {
    ...reading(transaction, own),
    set(key, value) {
      if (key.length > MAX_PART_KEY_LENGTH)
        throw new StorageError("key-too-long", `a key has at most ${MAX_PART_KEY_LENGTH} characters`);
      transaction.set(own + key, value);
    },
    delete: (key) => transaction.delete(own + key),
  };
}
