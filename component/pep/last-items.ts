import type { Clock } from "../../src/clock.js";
import { StanzaError } from "../../src/errors.js";
import type { AccountNodes } from "../bundles/account-nodes.js";
import { changeOf, type Change, type NodeOwner } from "./nodes.js";

/** Items that are remembered; with what follows it makes 40 MB at the very most, and about 4 of real ones. */
const MAX_REMEMBERED = 10_000;

/** Longer ones, of a hundred devices, are fetched each time. */
const MAX_REMEMBERED_CHARS = 4_096;

/** The server tells of every change while it knows that the component wants it; this is for when it does not. */
const MAX_AGE_MS = 10 * 60_000;

interface Remembered {
  /** Nothing where its account has no such list. */
  readonly change: Change | undefined;
  readonly atMs: number;
}

/** The newest item of each node of each number, as last told or fetched. Source: XEP-0163 §4.3.4 */
export class LastItems {
  readonly #nodes: AccountNodes;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  readonly #fetching = new Map<string, Promise<Change | undefined>>();

  /** @param nodes reads what is not remembered @param clock for how old it may be */
  constructor(nodes: AccountNodes, clock: Clock) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  /** The server of the account behind a number JID told of a change. */
  put(number: string, change: Change): void {
    this.#remember(keyOf(number, change.node), change.isItem ? change : undefined);
  }

  /** What is remembered of a number JID. */
  peek(number: string, node: string): Change | undefined {
    return this.#remembered.get(keyOf(number, node))?.change;
  }

  /** The newest item of a number JID whose account (bare JID) this is; `undefined` when there is none, or it cannot be had now. */
  async of(number: string, account: string, node: string): Promise<Change | undefined> {
    const key = keyOf(number, node);
    const known = this.#remembered.get(key);
    if (known && this.#clock.monotonicMs() - known.atMs < MAX_AGE_MS) return known.change;
    const fetched = this.#fetching.get(key) ?? this.#fetch({ number, account }, node);
    this.#fetching.set(key, fetched);
    try {
      return await fetched;
    } finally {
      this.#fetching.delete(key);
    }
  }

  /** Forgets everything: changes may have been missed. */
  clear(): void {
    this.#remembered.clear();
    this.#fetching.clear();
  }

  async #fetch(owner: NodeOwner, node: string): Promise<Change | undefined> {
    const key = keyOf(owner.number, node);
    const before = this.#remembered.get(key);
    try {
      const [item] = await this.#nodes.read(owner.account, { node, ids: [], maxItems: 1 });
      // What was told meanwhile is newer
      const told = this.#remembered.get(key);
      if (told !== before) return told?.change;
      const change = item && changeOf(node, item, owner);
      this.#remember(key, change);
      return change;
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      if (error.condition === "item-not-found") this.#remember(key, undefined);
      return undefined;
    }
  }

  #remember(key: string, change: Change | undefined): void {
    this.#remembered.delete(key);
    if (change && change.content.length > MAX_REMEMBERED_CHARS) return;
    const oldest = this.#remembered.keys().next().value;
    if (this.#remembered.size >= MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.set(key, { change, atMs: this.#clock.monotonicMs() });
  }
}

function keyOf(number: string, node: string): string {
  return `${number} ${node}`;
}
