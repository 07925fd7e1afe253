import { Jid } from "../src/jid.js";

/** Characters of all JIDs that are remembered at once; with their parts this is some 10 MB. */
const MAX_CHARACTERS = 1_500_000;
/** Longer ones are nobody's: they are parsed each time, so that they drive nothing out. */
const MAX_LENGTH = 256;

/** Reads JIDs, and remembers those that it has read; bounded by their length, not their number alone. */
export class RememberedJids {
  readonly #jids = new Map<string, Jid | undefined>();
  #characters = 0;

  /** How many characters the remembered ones have. */
  get characters(): number {
    return this.#characters;
  }

  /** The JID that a text is; `undefined` when it is none. */
  read(text: string): Jid | undefined {
    if (this.#jids.has(text)) return this.#jids.get(text);
    const jid = Jid.tryParse(text);
    if (text.length > MAX_LENGTH) return jid;
    if (this.#characters + text.length > MAX_CHARACTERS) {
      this.#jids.clear();
      this.#characters = 0;
    }
    this.#jids.set(text, jid);
    // One that is short costs a place in the map all the same
    this.#characters += Math.max(text.length, 32);
    return jid;
  }
}
