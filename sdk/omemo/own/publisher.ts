import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import type { OmemoContext } from "../context.js";
import type { Directory } from "../devices/directory.js";
import { OmemoError } from "../errors.js";
import { isSameKey } from "../fingerprint.js";
import { forgetSilence, staleDevices } from "./own-devices.js";
import { eraseUsedPreKeys, isBundleStale, markPublished, ownBundle } from "./own-keys.js";
import { publishItem, repairNode } from "./publication.js";
import type { OmemoVersion } from "../versions/version.js";

/** How often the list is published when another device overwrites it at the same time. */
const LIST_ATTEMPTS = 3;

/** Keeps the own bundle and the own entry in the device list at the server, in every version. */
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

  /** Publishes the bundles after a while that are stale then; a failure is told as an event. */
  topUpSoon(): void {
    const { clock, news, storage, times, versions } = this.#context;
    if (this.#isClosed) return;
    this.#cancelTopUp ??= clock.after(times.topUpDelayMs, () => {
      this.#cancelTopUp = undefined;
      if (this.#isClosed) return;
      news.attempt(() => {
        // Rolled back, or published meanwhile
        const stale = versions.filter((version) => storage.read((view) => isBundleStale(view, [version])));
        allOf(stale.map((version) => this.#publishBundle(version))).catch((error: unknown) =>
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

  /** In each version for itself: what the server refuses in one is no reason not to be reached in another. */
  async #announce(): Promise<void> {
    const { storage, versions } = this.#context;
    const stale = storage.read((view) => staleDevices(this.#context, view));
    await allOf(versions.map((version) => this.#announceIn(version)));
    // Whoever of them is alive enters the lists again, and is not to be taken off at once
    if (stale.length > 0) storage.transaction((transaction) => forgetSilence(transaction, stale));
  }

  async #announceIn(version: OmemoVersion): Promise<void> {
    const { connection, keys, storage } = this.#context;
    const isStale = storage.read((view) => isBundleStale(view, [version]));
    // The bundle first: whoever finds the device in the list asks for it
    if (isStale || !(await this.#hasServerBundle(version))) await this.#publishBundle(version);
    else if (await repairNode(connection, version.bundle(keys.device))) await this.#publishBundle(version);
    await this.#enterList(version);
  }

  async #publishBundle(version: OmemoVersion): Promise<void> {
    const { clock, connection, keys, storage } = this.#context;
    storage.transaction((transaction) => eraseUsedPreKeys(transaction, clock.now()));
    const { bundle, revision } = storage.read((view) => ownBundle(view, keys, version.profile));
    await publishItem(connection, version.bundle(keys.device), version.writeBundle(bundle));
    storage.transaction((transaction) => markPublished(transaction, version.name, revision));
    if (storage.read((view) => isBundleStale(view, [version]))) this.topUpSoon();
  }

  /** The own list; one that nobody could read, or that is far too long, is begun anew: the others enter it again. */
  async #readList(version: OmemoVersion): Promise<DeviceId[]> {
    try {
      return await this.#directory.fetchListNow(version, this.#context.keys.address);
    } catch (error) {
      if (error instanceof InvalidInput) return [];
      throw error;
    }
  }

  async #hasServerBundle(version: OmemoVersion): Promise<boolean> {
    const { keys, storage } = this.#context;
    const own = storage.read((view) => ownBundle(view, keys, version.profile)).bundle;
    try {
      const published = await this.#directory.fetchBundleNow(version, keys.address, keys.device);
      return published !== undefined && isSameBundle(published, own);
    } catch (error) {
      if (error instanceof InvalidInput) return false;
      throw error;
    }
  }

  /** Reads, merges and publishes until this device is in the list: another may write it at the same moment. */
  async #enterList(version: OmemoVersion): Promise<void> {
    const { connection, keys, storage } = this.#context;
    const stale = storage.read((view) => staleDevices(this.#context, view));
    for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt += 1) {
      const devices = await this.#readList(version);
      const others = devices.filter((device) => device !== keys.device && !stale.includes(device));
      const isRight = devices.includes(keys.device) && others.length === devices.length - 1;
      // What was just published has the right options
      if (isRight && (attempt > 0 || !(await repairNode(connection, version.deviceList)))) return;
      const wanted = isRight ? devices : [...others, keys.device];
      await publishItem(connection, version.deviceList, version.writeDeviceList(wanted));
    }
    if (!(await this.#readList(version)).includes(keys.device)) {
      throw new OmemoError("not-listed", "the server did not keep this device in the device list");
    }
  }
}

/** Waits for the end of all; what the first of them threw is thrown then. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
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
