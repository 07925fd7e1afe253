import { LinkError, type TwotickError } from "../../src/errors.js";
import type { Omemo } from "../omemo/mod.js";
import type { Storage } from "../storage/port.js";
import type { StoreGeneration } from "./generation.js";
import type { GroupCommit } from "./group-commit.js";
import { ATTEMPT_MS, type AttemptPorts, type Attempts } from "./outbox-attempts.js";
import { judgeSeal } from "./outbox-outcomes.js";
import type { Conversation, Queued } from "./outbox-queue.js";
import { prepareEntries, sealEntries, sealFirstAhead } from "./sealing.js";

/** Entries that are encrypted in one transaction, and that may wait encrypted in memory for each conversation. */
const SEAL_CHUNK = 100;
const MAX_SEALED = 2 * SEAL_CHUNK;
/** Conversations whose messages are encrypted at the same time: each may ask for many device lists and bundles. */
const MAX_SEALING = 64;

/** What entries are encrypted with. */
export interface SealerPorts extends Pick<AttemptPorts, "clock" | "queue" | "endings" | "pump"> {
  readonly storage: Storage;
  readonly commits: GroupCommit;
  /** Counts what is encrypted. */
  readonly generation: Pick<StoreGeneration, "count" | "counted">;
  readonly omemo: () => Omemo;
  readonly attempts: Attempts;
  /** Whether the mailbox is open. */
  readonly isRunning: () => boolean;
}

/** Encrypts what waits in an outbox, conversation by conversation, ahead of what is submitted. */
export class Sealer {
  readonly #ports: SealerPorts;
  #sealing = 0;

  constructor(ports: SealerPorts) {
    this.#ports = ports;
  }

  /** Begins to encrypt wherever there is something to. */
  begin(): void {
    for (const conversation of this.#ports.queue.all()) {
      if (this.#sealing >= MAX_SEALING) return;
      if (conversation.canSeal && conversation.sealed < MAX_SEALED) void this.#seal(conversation);
    }
  }

  async #seal(conversation: Conversation): Promise<void> {
    const { attempts, queue, isRunning, pump } = this.#ports;
    this.#sealing++;
    conversation.isSealing = true;
    const { sealed } = conversation;
    // Each of what the encryption wants sent needs something else to be prepared
    const count = conversation.kind === "control" ? 1 : SEAL_CHUNK;
    const entries = conversation.entries.slice(sealed, sealed + count);
    attempts.begin(entries);
    try {
      await this.#sealNext(conversation, entries);
    } catch (error) {
      const rest = conversation.entries.slice(conversation.sealed);
      if (isRunning()) await attempts.failed(conversation, rest, error, judgeSeal(error) === "final");
    }
    conversation.isSealing = false;
    this.#sealing--;
    queue.sweep([conversation]);
    pump();
  }

  async #sealNext(conversation: Conversation, entries: readonly Queued[]): Promise<void> {
    const { storage, commits, omemo, generation, queue, endings, pump } = this.#ports;
    const cipher = omemo();
    await this.#inTime(prepareEntries(storage, cipher, conversation, entries));
    const ahead = await sealFirstAhead(storage, cipher, conversation.to, entries);
    const { done, stoppedBy, count } = await commits
      .run((transaction) => {
        const result = sealEntries(transaction, cipher, conversation.to, entries, ahead);
        return { ...result, count: generation.count(transaction) };
      })
      .finally(() => ahead?.close());
    generation.counted(count);
    conversation.sealed += done.length;
    const spoilt: [Queued, TwotickError][] = [];
    for (const [entry, outcome] of done) {
      if (typeof outcome === "string") entry.payload = outcome;
      else spoilt.push([entry, outcome]);
    }
    // All at once, before anything else has its turn: what counts as sealed may be submitted
    queue.remove(spoilt.map(([entry]) => entry));
    pump();
    for (const [entry, error] of spoilt) await endings.failed([entry], error);
    if (stoppedBy !== undefined) throw stoppedBy;
  }

  /** A device list and many bundles, one after the other, may take far longer than one request. */
  #inTime(preparation: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = new LinkError("timeout", `the devices are not known within ${ATTEMPT_MS} ms`);
      const cancel = this.#ports.clock.after(ATTEMPT_MS, () => reject(late));
      preparation.then(resolve, reject).finally(cancel);
    });
  }
}
