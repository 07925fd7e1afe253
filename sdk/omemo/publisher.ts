import { InvalidInput } from "../../src/errors.js";
import { OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { type OmemoBundle, writeBundle } from "../../src/omemo-bundle.js";
import { writeDeviceList } from "../../src/omemo-device-list.js";
import { parseXml } from "../../src/xml.js";
import type { OmemoContext } from "./context.js";
import type { Directory } from "./directory.js";
import { OmemoError } from "./errors.js";
import { isSameKey } from "./fingerprint.js";
import { eraseUsedPreKeys, isBundleStale, markPublished, ownBundle } from "./own-keys.js";
import { publishItem } from "./pep.js";

/** How often the list is published when another device overwrites it at the same time. */
const LIST_ATTEMPTS = 3;

/** Keeps the own bundle and the own entry in the device list at the server. */
export class Publisher {
  readonly #context: OmemoContext;
  readonly #directory: Directory;
  #running: Promise<void> | undefined;
  #cancelTopUp: (() => void) | undefined;
  #isClosed = false;

  /** @param directory reads what the server has */
  constructor(context: OmemoContext, directory: Directory) {
    this.#context = context;
    this.#directory = directory;
  }

  /** Publishes what the server lacks. Whoever calls while it runs waits for the same. */
  announce(): Promise<void> {
    this.#running ??= this.#announce().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Publishes the bundle after a while, if it is stale then; a failure is told as an event. */
  topUpSoon(): void {
    const { clock, news, storage, times } = this.#context;
    if (this.#isClosed) return;
    this.#cancelTopUp ??= clock.after(times.topUpDelayMs, () => {
      this.#cancelTopUp = undefined;
      if (this.#isClosed) return;
      news.attempt(() => {
        // Rolled back, or published meanwhile
        if (!storage.read(isBundleStale)) return;
        this.#publishBundle().catch((error: unknown) =>
          news.tell({ kind: "publish-failed", error: error as Error }),
        );
      });
    });
  }

  /** Announces without anybody waiting for it; a failure is told as an event. */
  announceSoon(): void {
    this.announce().catch((error: unknown) =>
      this.#context.news.tell({ kind: "publish-failed", error: error as Error }),
    );
  }

  /** Ends what waits. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTopUp?.();
  }

  async #announce(): Promise<void> {
    const { storage } = this.#context;
    // The bundle first: whoever finds the device in the list asks for it
    if (storage.read(isBundleStale) || !(await this.#hasServerBundle())) await this.#publishBundle();
    await this.#enterList();
  }

  async #publishBundle(): Promise<void> {
    const { clock, connection, keys, storage } = this.#context;
    eraseUsedPreKeys(storage, clock.now());
    const { bundle, version } = storage.read((view) => ownBundle(view, keys));
    await publishItem(connection, OMEMO_BUNDLE_NODE_PREFIX + keys.device, parseXml(writeBundle(bundle)));
    storage.transaction((transaction) => markPublished(transaction, version));
    if (storage.read(isBundleStale)) this.topUpSoon();
  }

  async #hasServerBundle(): Promise<boolean> {
    const { keys, storage } = this.#context;
    const own = storage.read((view) => ownBundle(view, keys)).bundle;
    try {
      const published = await this.#directory.fetchBundleNow(keys.address, keys.device);
      return published !== undefined && isSameBundle(published, own);
    } catch (error) {
      if (error instanceof InvalidInput) return false;
      throw error;
    }
  }

  /** Reads, merges and publishes until this device is in the list: another may write it at the same moment. */
  async #enterList(): Promise<void> {
    const { connection, keys } = this.#context;
    for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt += 1) {
      const devices = await this.#directory.fetchListNow(keys.address);
      if (devices.includes(keys.device)) return;
      const merged = parseXml(writeDeviceList([...devices, keys.device]));
      await publishItem(connection, OMEMO_DEVICE_LIST_NODE, merged);
    }
    const devices = await this.#directory.fetchListNow(keys.address);
    if (!devices.includes(keys.device)) {
      throw new OmemoError("not-listed", "the server did not keep this device in the device list");
    }
  }
}

function isSameBundle(one: OmemoBundle, other: OmemoBundle): boolean {
  const ids = (bundle: OmemoBundle): string => bundle.preKeys.map(({ id }) => id).toString();
  return (
    isSameKey(one.identityKey, other.identityKey) &&
    one.signedPreKey.id === other.signedPreKey.id &&
    isSameKey(one.signedPreKey.publicKey, other.signedPreKey.publicKey) &&
    ids(one) === ids(other)
  );
}
