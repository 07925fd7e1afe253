import { type Backend, guard } from "./guard.js";
import type { Storage } from "./port.js";

/** A store that forgets everything with the process: for tests, and for devices that live as long as a program. */
export function openMemoryStorage(): Storage {
  return guard(new MemoryBackend());
}

class MemoryBackend implements Backend {
  readonly #values = new Map<string, Uint8Array>();
  /** All keys by code unit, which is how JavaScript compares strings. */
  readonly #keys: string[] = [];
  /** What undoes the running transaction, newest last. */
  #undo: (() => void)[] = [];

  begin(): void {
    this.#undo = [];
  }

  commit(): void {
    this.#undo = [];
  }

  rollback(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#undo = [];
  }

  close(): void {
    this.#values.clear();
    this.#keys.length = 0;
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value && Buffer.from(value);
  }

  scan(prefix: string, after: string | undefined, limit = Infinity): [string, Uint8Array][] {
    const found: [string, Uint8Array][] = [];
    const isPast = after !== undefined && after >= prefix;
    let index = isPast ? this.#indexOf(after) : this.#indexOf(prefix);
    if (isPast && this.#keys[index] === after) index += 1;
    for (; found.length < limit; index += 1) {
      const key = this.#keys[index];
      if (key === undefined || !key.startsWith(prefix)) break;
      found.push([key, Buffer.from(this.#values.get(key) as Uint8Array)]);
    }
    return found;
  }

  set(key: string, value: Uint8Array): void {
    const before = this.#values.get(key);
    // `slice` of a Buffer would share its memory, and a copy in Node's pool would hold on to its neighbours
    this.#put(key, Uint8Array.prototype.slice.call(value));
    this.#undo.push(() => (before ? this.#put(key, before) : this.#remove(key)));
  }

  delete(key: string): void {
    const before = this.#values.get(key);
    if (!before) return;
    this.#remove(key);
    this.#undo.push(() => this.#put(key, before));
  }

  #put(key: string, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#indexOf(key), 0, key);
    this.#values.set(key, value);
  }

  #remove(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#indexOf(key), 1);
  }

  /** The place of a key, or where it would be. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
