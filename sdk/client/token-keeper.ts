import type { Storage } from "../storage/port.js";
import { decodeRecord, encodeRecord } from "./codec.js";
import type { GroupCommit } from "./group-commit.js";

const TOKEN = "mailbox/token";

/** Keeps the session token for the next attach, also of the next start. One that is lost costs a round trip. */
export class TokenKeeper {
  readonly #commits: GroupCommit;
  #token: string | undefined;

  constructor(storage: Storage, commits: GroupCommit) {
    this.#commits = commits;
    const bytes = storage.read((view) => view.get(TOKEN));
    this.#token = bytes && (decodeRecord(bytes) as { token: string }).token;
  }

  /** The token of last time. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Keeps a token, or forgets the one there is. */
  keep(token: string | undefined): void {
    this.#token = token;
    const write = this.#commits.run((transaction) => {
      if (token === undefined) transaction.delete(TOKEN);
      else transaction.set(TOKEN, encodeRecord({ token }));
    });
    write.catch(() => {});
  }
}
