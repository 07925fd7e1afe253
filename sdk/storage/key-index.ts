/** Characters of one leaf: it is encrypted anew whenever one of its keys comes or goes. */
const MAX_LEAF_CHARS = 1_500;

/** What a key costs beside its characters: quotes and a comma. */
const KEY_OVERHEAD_CHARS = 3;

/** Leaves that are kept decrypted in memory: about two megabytes. */
const MAX_CACHED = 1_024;

/** Where the leaves are kept. */
export interface LeafRows {
  ids(): number[];
  read(id: number): readonly string[];
  write(id: number, texts: readonly string[]): void;
  remove(id: number): void;
}

interface Leaf {
  readonly keys: string[];
  /** Its length as it is written. */
  chars: number;
}

interface Place {
  /** The leaf holds the keys from here to the place after it. */
  readonly lower: string;
  readonly id: number;
}

/**
 * The keys of an encrypted store in their order, which their rows do not show: a tree of two levels, whose leaves are
 * encrypted rows and whose root is made in memory when the store is opened.
 *
 * A leaf is a row of texts: its lower bound, then its keys. The first leaf begins with the empty text and stays.
 */
export class KeyIndex {
  readonly #rows: LeafRows;
  readonly #cache = new Map<number, Leaf>();
  readonly #dirty = new Map<number, string>();
  #places: Place[];
  /** The places as they were before the transaction, once it has changed them. */
  #before: Place[] | undefined;
  #nextId: number;

  constructor(rows: LeafRows) {
    this.#rows = rows;
    this.#places = rows.ids().map((id) => ({ lower: rows.read(id)[0] as string, id }));
    this.#places.sort((a, b) => (a.lower < b.lower ? -1 : 1));
    this.#nextId = this.#places.reduce((greatest, { id }) => Math.max(greatest, id), 0) + 1;
  }

  /** Adds a key that is not there. */
  add(key: string): void {
    if (this.#places.length === 0) this.#create(0, "", leafOf([]));
    const at = placeBefore(this.#places, key);
    const place = this.#places[at] as Place;
    const leaf = this.#leafOf(place);
    const index = indexOf(leaf.keys, key);
    leaf.keys.splice(index, 0, key);
    leaf.chars += charsOf(key);
    this.#dirty.set(place.id, place.lower);
    if (leaf.chars > MAX_LEAF_CHARS && leaf.keys.length > 1) this.#split(at, leaf, index);
  }

  /** Removes a key that is there. */
  remove(key: string): void {
    const at = placeBefore(this.#places, key);
    const place = this.#places[at];
    if (!place) return;
    const leaf = this.#leafOf(place);
    const index = indexOf(leaf.keys, key);
    if (leaf.keys[index] !== key) return;
    leaf.keys.splice(index, 1);
    leaf.chars -= charsOf(key);
    this.#dirty.set(place.id, place.lower);
    if (leaf.keys.length > 0 || at === 0) return;
    this.#remember();
    this.#places.splice(at, 1);
    this.#dirty.delete(place.id);
    this.#cache.delete(place.id);
    this.#rows.remove(place.id);
  }

  /** The keys from this one on, in order. */
  *from(key: string): Generator<string> {
    for (let at = Math.max(0, placeBefore(this.#places, key)); at < this.#places.length; at += 1) {
      const { keys } = this.#leafOf(this.#places[at] as Place);
      for (let index = indexOf(keys, key); index < keys.length; index += 1) yield keys[index] as string;
    }
  }

  /** Writes what the transaction has changed so far. */
  flush(): void {
    for (const [id, lower] of this.#dirty)
      this.#rows.write(id, [lower, ...(this.#cache.get(id) as Leaf).keys]);
    this.#dirty.clear();
  }

  /** The transaction is durable. */
  committed(): void {
    this.#before = undefined;
  }

  /** The transaction is undone. */
  rolledBack(): void {
    this.#places = this.#before ?? this.#places;
    this.#before = undefined;
    this.#dirty.clear();
    this.#cache.clear();
  }

  #split(at: number, leaf: Leaf, added: number): void {
    // A queue grows at one place, with little behind it: it is to leave full leaves, not halves
    const middle = added > leaf.keys.length * 0.75 ? added : leaf.keys.length >>> 1;
    const upper = leafOf(leaf.keys.splice(middle));
    leaf.chars -= upper.chars;
    this.#create(at + 1, upper.keys[0] as string, upper);
  }

  #create(at: number, lower: string, leaf: Leaf): void {
    this.#remember();
    const id = this.#nextId++;
    this.#places.splice(at, 0, { lower, id });
    this.#cache.set(id, leaf);
    this.#dirty.set(id, lower);
  }

  #remember(): void {
    this.#before ??= [...this.#places];
  }

  #leafOf({ id }: Place): Leaf {
    const known = this.#cache.get(id);
    if (known) return known;
    const leaf = leafOf(this.#rows.read(id).slice(1));
    this.#makeRoom();
    this.#cache.set(id, leaf);
    return leaf;
  }

  #makeRoom(): void {
    if (this.#cache.size < MAX_CACHED) return;
    // The oldest first; what has changed has to stay until it is written
    for (const id of this.#cache.keys()) {
      if (this.#dirty.has(id)) continue;
      this.#cache.delete(id);
      return;
    }
  }
}

function leafOf(keys: string[]): Leaf {
  return { keys, chars: keys.reduce((sum, key) => sum + charsOf(key), 0) };
}

function charsOf(key: string): number {
  return key.length + KEY_OVERHEAD_CHARS;
}

/** The last place that does not begin behind a key; -1 when there is none. */
function placeBefore(places: readonly Place[], key: string): number {
  return search(places.length, (index) => (places[index] as Place).lower <= key) - 1;
}

/** Where a key is, or would be. */
function indexOf(keys: readonly string[], key: string): number {
  return search(keys.length, (index) => (keys[index] as string) < key);
}

/** The first index of a range for which something that held for all before it no longer does. */
function search(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
