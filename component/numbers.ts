import type { Jid } from "../src/jid.js";
import { isPhoneNumber } from "../src/phone-number.js";
import type { Vault } from "./store/vault.js";

/** Numbers whose sealed form, or hash, is remembered so as not to be computed again. */
const MAX_REMEMBERED = 20_000;

/** Turns number JIDs (`+15551230001@phone.example.org`) into what the store knows of them, and back. */
export class Numbers {
  readonly #domain: string;
  readonly #vault: Vault;
  readonly #jids = new Map<number, string>();
  readonly #hashes = new Map<string, Buffer>();
  readonly #resources = new Map<string, string>();

  /** @param domain the component's own */
  constructor(domain: string, vault: Vault) {
    this.#domain = domain;
    this.#vault = vault;
  }

  /** The hash of a number JID's number; `undefined` for any other address. */
  hashOf(jid: Jid): Buffer | undefined {
    if (jid.domain !== this.#domain || !isPhoneNumber(jid.local)) return undefined;
    const known = this.#hashes.get(jid.local);
    if (known) return known;
    return remember(this.#hashes, jid.local, this.#vault.hashNumber(jid.local));
  }

  /**
   * The number JID of a number in the store; of a stranger there, the address under which they are shown; of the service,
   * its domain.
   *
   * @param number its row, and its seal as bytes or with a byte a character
   */
  jidOf({ id, sealed }: { readonly id: number; readonly sealed: Uint8Array | string }): string {
    const known = this.#jids.get(id);
    if (known !== undefined) return known;
    const local = this.#vault.openLocalpart(
      typeof sealed === "string" ? Buffer.from(sealed, "latin1") : sealed,
    );
    return remember(this.#jids, id, local === "" ? this.#domain : `${local}@${this.#domain}`);
  }

  /**
   * The full JID under which an app stands behind its number: always the same, and telling nothing of the app or of
   * other numbers that its account had.
   *
   * @param numberJid bare @param appJid the app's full JID
   */
  appJid(numberJid: string, appJid: string): string {
    return `${numberJid}/${this.appResource(numberJid, appJid)}`;
  }

  /** The resourcepart of {@link appJid}. */
  appResource(numberJid: string, appJid: string): string {
    const key = `${numberJid}\0${appJid}`;
    const known = this.#resources.get(key);
    if (known !== undefined) return known;
    const hash = this.#vault.keyedHash("resource", key).subarray(0, 12).toString("base64url");
    return remember(this.#resources, key, hash);
  }
}

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  if (map.size >= MAX_REMEMBERED) map.clear();
  map.set(key, value);
  return value;
}
