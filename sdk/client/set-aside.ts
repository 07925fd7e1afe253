import { Jid } from "../../src/jid.js";
import type { Storage } from "../storage/port.js";
import { type OutboxRecord, readOutbox } from "./outbox-records.js";

/** A record, and whom it is for. */
interface Place {
  readonly order: number;
  readonly to: Jid;
}

/**
 * What stays in the store's outbox although its attempts came to nothing, until the mailbox is opened the next time.
 *
 * What is written for the same recipient afterwards waits with it: a message says when it was encrypted, and of two that
 * say different things of one identity the later counts. Source: XEP-0434 0.6 §5.2.1
 */
export class SetAside {
  readonly #storage: Storage;
  #places: Place[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Sets records aside that wait for nothing any more. */
  put(places: readonly Place[]): void {
    for (const { order, to } of places) this.#places.push({ order, to });
  }

  /** Sets a new record aside if one before it is. @returns whether it did */
  follows({ order, to, keepUntil }: OutboxRecord): boolean {
    const address = Jid.parse(to);
    if (keepUntil === undefined || !this.#places.some((place) => place.to.bare === address.bare))
      return false;
    this.#places.push({ order, to: address });
    return true;
  }

  /** Gives them back, in their order. */
  take(): OutboxRecord[] {
    const places = this.#places;
    this.#places = [];
    if (places.length === 0) return [];
    const orders = places.map(({ order }) => order).sort((one, other) => one - other);
    return this.#storage.read((view) => orders.flatMap((order) => readOutbox(view, order) ?? []));
  }
}
