import type { Element } from "../../../src/xml.js";
import type { OmemoContext } from "../context.js";

/** Takes in what was pushed on a node of an address. @returns whether it was of use */
export type TakePushed = (address: string, items: Element) => boolean;

/** A time in which what is pushed on a node waits; the last that came, if any did. */
interface Pause {
  readonly cancel: () => void;
  last: Element | undefined;
}

/**
 * Takes in at most one pushed list of a node in a time: the first at once, of those that follow the last one when the
 * time is over. Whoever pushes without end costs no more than one write in that time.
 */
export class PushedLists {
  readonly #context: OmemoContext;
  readonly #take: TakePushed;
  readonly #pauses = new Map<string, Pause>();

  /** @param take is called with what gets through; in the background too */
  constructor(context: OmemoContext, take: TakePushed) {
    this.#context = context;
    this.#take = take;
  }

  /** Something was pushed on the node of an address. */
  push(address: string, node: string, items: Element): void {
    const key = `${address} ${node}`;
    const pause = this.#pauses.get(key);
    if (pause) pause.last = items;
    // What is of no use is not remembered either: anybody may push
    else if (this.#take(address, items)) this.#pause(key, address);
  }

  /** Forgets what waits; the list is fetched anyway when it has grown old. */
  close(): void {
    for (const { cancel } of this.#pauses.values()) cancel();
    this.#pauses.clear();
  }

  #pause(key: string, address: string): void {
    const { clock, news, times } = this.#context;
    const cancel = clock.after(times.listPushIntervalMs, () => {
      const last = this.#pauses.get(key)?.last;
      this.#pauses.delete(key);
      if (!last) return;
      news.attempt(() => {
        if (this.#take(address, last)) this.#pause(key, address);
      });
    });
    this.#pauses.set(key, { cancel, last: undefined });
  }
}
