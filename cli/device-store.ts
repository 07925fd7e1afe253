import { resolve } from "node:path";
import type { Command } from "commander";
import { openSqliteStorage, type SqliteStorage } from "../sdk/storage/sqlite.js";
import type { Shell } from "./shell.js";

/** Where the store of a device is. */
export interface StoreOptions {
  readonly store: string;
}

/** Adds the options that say where the store of a device is. */
export function addStoreOptions(command: Command, { terminal }: Shell): Command {
  return command.option(
    "--store <file>",
    "the store of the device; encrypted when TWOTICK_STORE_KEY has a key (32 bytes, base64)",
    terminal.env["TWOTICK_STORE"] ?? "chat.db",
  );
}

/** Opens the store of a device, or makes it. @throws {StorageError} */
export function openStore({ store }: StoreOptions, { terminal }: Shell): SqliteStorage {
  const key = terminal.env["TWOTICK_STORE_KEY"] ?? "";
  const path = resolve(terminal.cwd, store);
  return openSqliteStorage({ path, ...(key !== "" && { key: Buffer.from(key, "base64") }) });
}
