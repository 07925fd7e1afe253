import { parentPort, workerData } from "node:worker_threads";
import { StorageError } from "../../src/errors.js";
import { Vault } from "../store/vault.js";
import type { BackupEnd, BackupOrder } from "./background.js";
import { backUp } from "./backup.js";

const { storePath, target, key } = workerData as BackupOrder;

function end(): BackupEnd {
  try {
    return { facts: backUp(storePath, target, new Vault(Buffer.from(key, "base64"))) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { code: error.code, message: error.message };
  }
}

parentPort?.postMessage(end());
