import { openMemoryStorage, StorageError, type Storage } from "../../../sdk/mod.js";

/** A store whose disk can be full. */
export interface LimitedStorage extends Storage {
  isFull: boolean;
}

/** A store in memory that refuses transactions while `isFull` is set. */
export function limitedStorage(): LimitedStorage {
  const storage = openMemoryStorage();
  const limited: LimitedStorage = {
    ...storage,
    isFull: false,
    transaction(work) {
      if (limited.isFull) throw new StorageError("disk-full", "full");
      return storage.transaction(work);
    },
  };
  return limited;
}
