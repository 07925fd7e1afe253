import { statSync } from "node:fs";
import { StorageError } from "../../src/errors.js";
import { startWorker } from "../store/worker.js";
import { partialPath, type BackupFacts } from "./backup.js";

/** What a backup on a thread of its own is made of. */
export interface BackupOrder {
  readonly storePath: string;
  readonly target: string;
  /** The store key, as base64. */
  readonly key: string;
}

/** How it ended. */
export type BackupEnd = { readonly facts: BackupFacts } | { readonly code: string; readonly message: string };

const LOOK_EVERY_MS = 200;

/**
 * Copies the store as `backUp` does, on a thread of its own, so that this one can say how far it has come.
 *
 * @param onBytes is told how many bytes the copy has by now @throws {StorageError} as `backUp`
 */
export async function backUpInBackground(
  order: BackupOrder,
  onBytes: (bytes: number) => void,
): Promise<BackupFacts> {
  const look = setInterval(() => onBytes(sizeOf(partialPath(order.target))), LOOK_EVERY_MS);
  const worker = startWorker(new URL("backup-thread.js", import.meta.url), order);
  try {
    const end = await new Promise<BackupEnd>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    if ("facts" in end) return end.facts;
    throw new StorageError(end.code, end.message);
  } finally {
    clearInterval(look);
    await worker.terminate();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
