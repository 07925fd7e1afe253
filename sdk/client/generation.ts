import type { Seq } from "../../src/ids.js";
import type { GenerationClaim } from "../../src/store-generation.js";
import type { Storage, Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord } from "./codec.js";
import type { GroupCommit } from "./group-commit.js";

const TOKEN = "mailbox/generation";
const SENT = "mailbox/sent";

/**
 * Which state of the device's store this is: the token that the service gave to it last, and how often it has encrypted.
 *
 * Ratchets that go back would encrypt with keys that were used. A store that was put back from a backup, or that is the
 * second copy of one, says less than the service has heard of, and the service does not open its mailbox.
 */
export class StoreGeneration {
  readonly #storage: Storage;
  readonly #commits: GroupCommit;
  #sent: number;

  constructor(storage: Storage, commits: GroupCommit) {
    this.#storage = storage;
    this.#commits = commits;
    this.#sent = storage.read(readSent);
  }

  /** How often something was encrypted, durably. */
  get sent(): number {
    return this.#sent;
  }

  /** What to say of the store. @param taken the last entry that was taken in */
  claim(taken: Seq): GenerationClaim {
    const bytes = this.#storage.read((view) => view.get(TOKEN));
    const token = bytes && (decodeRecord(bytes) as { token: string }).token;
    return { token, sent: this.#sent, taken };
  }

  /** Counts that something is encrypted, in the transaction that advances the ratchet; its result goes to {@link counted}. */
  count(transaction: Transaction): number {
    const sent = readSent(transaction) + 1;
    transaction.set(SENT, encodeRecord({ sent }));
    return sent;
  }

  /** What was counted is durable: the service may hear of it. */
  counted(sent: number): void {
    this.#sent = Math.max(this.#sent, sent);
  }

  /** Keeps the generation that the service gave; resolves when it is durable. @throws {StorageError} */
  keep(token: string): Promise<void> {
    return this.#commits.run((transaction) => transaction.set(TOKEN, encodeRecord({ token })));
  }
}

function readSent(view: View): number {
  const bytes = view.get(SENT);
  return bytes ? (decodeRecord(bytes) as { sent: number }).sent : 0;
}
