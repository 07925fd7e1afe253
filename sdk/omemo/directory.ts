import { randomInt } from "node:crypto";
import { InvalidInput, LinkError, StanzaError } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { readBundle, type OmemoBundle } from "../../src/omemo-bundle.js";
import { readDeviceList } from "../../src/omemo-device-list.js";
import type { Element } from "../../src/xml.js";
import { axolotl, initiate, RatchetError, serialiseSession, type Session } from "../ratchet/mod.js";
import type { View } from "../storage/port.js";
import { isFresh, type OmemoContext } from "./context.js";
import { OmemoError } from "./errors.js";
import { fingerprintOf } from "./fingerprint.js";
import { fetchItem, isUnknownNumber, itemOf } from "./pep.js";
import type { SkipReason } from "./port.js";
import { hasRoomFor, readPrepared, readDevice, readList, writePrepared, writeList } from "./records.js";
import { hasSession } from "./sessions.js";
import { isAddition, isChanged, noteChange, pin } from "./trust.js";

/** Bundles that are fetched at the same time. */
const MAX_CONCURRENT_FETCHES = 8;

/** Fetches and keeps the device lists and bundles of other people and of the own account. */
export class Directory {
  readonly #context: OmemoContext;
  /** What is being fetched now, so that whoever wants the same waits for the same. */
  readonly #running = new Map<string, Promise<void>>();

  /** @param context what the parts of the service share */
  constructor(context: OmemoContext) {
    this.#context = context;
  }

  /** Sees to it that the list of an address and the beginning of a session with every device are in the store. */
  async refresh(address: string): Promise<void> {
    const { storage, times } = this.#context;
    const known = storage.read((view) => readList(view, address));
    if (!known || !isFresh(this.#context, known.at, times.listMaxAgeMs)) {
      await this.#share(`list ${address}`, () => this.#fetchList(address, known !== undefined));
    }
    const isNews = storage.read((view) => isAddition(this.#context, view, address));
    const missing = storage.read((view) => this.#withoutBundle(view, address));
    await inParallel(missing, MAX_CONCURRENT_FETCHES, (device) =>
      this.#share(`bundle ${address} ${device}`, () => this.#fetchBundle(address, device, isNews)),
    );
  }

  /** Takes in a pushed list of somebody who is known. @returns whether it was one */
  receive(address: string, items: Element): boolean {
    const list = itemOf(items, OMEMO_DEVICE_LIST_NODE);
    if (!list) return false;
    const { storage, keys } = this.#context;
    const isKnown = storage.read((view) => readList(view, address)) !== undefined;
    // Whoever likes may push: nothing is kept for people who were never written to
    if (!isKnown && address !== keys.address) return false;
    const devices = tryRead(() => readDeviceList(list));
    if (devices) this.#keepList(address, devices);
    return devices !== undefined;
  }

  /** Has the list of somebody who is known fetched again at the next occasion. */
  doubt(address: string): void {
    this.#context.storage.transaction((transaction) => {
      const known = readList(transaction, address);
      if (known) writeList(transaction, address, { ...known, at: 0 });
    });
  }

  /** The list at the server now, kept. @throws {StanzaError} @throws {LinkError} @throws {InvalidInput} */
  async fetchListNow(address: string): Promise<DeviceId[]> {
    const { connection } = this.#context;
    const element = await fetchItem(connection, this.#whereToAsk(address), OMEMO_DEVICE_LIST_NODE);
    const devices = element ? readDeviceList(element) : [];
    this.#keepList(address, devices);
    return devices;
  }

  /** The bundle at the server now. @throws {StanzaError} @throws {LinkError} @throws {InvalidInput} */
  async fetchBundleNow(address: string, device: DeviceId): Promise<OmemoBundle | undefined> {
    const node = OMEMO_BUNDLE_NODE_PREFIX + device;
    const element = await fetchItem(this.#context.connection, this.#whereToAsk(address), node);
    return element && readBundle(element);
  }

  async #fetchList(address: string, hasOlder: boolean): Promise<void> {
    try {
      await this.fetchListNow(address);
    } catch (error) {
      if (isUnknownNumber(error)) throw error;
      if (hasOlder && isOrdinary(error)) return;
      if (address === this.#context.keys.address || isTransient(error) || !isOrdinary(error)) throw error;
      throw new OmemoError("no-devices", "the device list of the recipient cannot be read", { cause: error });
    }
  }

  async #fetchBundle(address: string, device: DeviceId, isNews: boolean): Promise<void> {
    let bundle: OmemoBundle | undefined;
    try {
      bundle = await this.fetchBundleNow(address, device);
    } catch (error) {
      if (!isOrdinary(error)) throw error;
      if (error instanceof InvalidInput) return this.#keepFailure(address, device, "malformed-bundle");
      // The server may well have it: asked again the next time
      return this.#keepFailure(address, device, "no-bundle", isTransient(error) ? 0 : undefined);
    }
    if (!bundle) return this.#keepFailure(address, device, "no-bundle");
    const session = this.#begin(bundle);
    if (!session) return this.#keepFailure(address, device, "malformed-bundle");
    this.#keepSession(address, device, session, isNews);
  }

  /** Builds a session with one of the one-time prekeys; nothing when a key or the signature of the bundle is bad. */
  #begin({ identityKey, signedPreKey, preKeys }: OmemoBundle): Session | undefined {
    const { identity, device } = this.#context.keys;
    // XEP-0384 0.3 §4.4: "A random preKeyPublic entry is selected"
    const preKey = preKeys[randomInt(preKeys.length)];
    const bundle = { identityKey, signedPreKey, preKey };
    try {
      return initiate(axolotl, identity, bundle, { registrationId: device });
    } catch (error) {
      if (error instanceof RatchetError) return undefined;
      throw error;
    }
  }

  #keepSession(address: string, device: DeviceId, session: Session, isNews: boolean): void {
    const { storage, clock } = this.#context;
    const fingerprint = fingerprintOf(session.remoteIdentityKey);
    if (storage.read((view) => isChanged(view, address, device, fingerprint))) {
      noteChange(this.#context, address, device, fingerprint);
      return this.#keepFailure(address, device, "untrusted-identity");
    }
    if (!storage.read((view) => hasRoomFor(view, address, device))) {
      return this.#keepFailure(address, device, "too-many-devices");
    }
    const at = clock.now();
    storage.transaction((transaction) => {
      if (!isListed(transaction, address, device)) return;
      pin(this.#context, transaction, { address, device, fingerprint }, isNews);
      // The device may have begun one itself meanwhile
      if (hasSession(transaction, address, device)) return;
      writePrepared(transaction, address, device, { at, session: serialiseSession(session) });
    });
  }

  #keepFailure(address: string, device: DeviceId, reason: SkipReason, at = this.#context.clock.now()): void {
    const { storage, news } = this.#context;
    storage.transaction((transaction) => {
      if (isListed(transaction, address, device)) {
        writePrepared(transaction, address, device, { at, failure: reason });
      }
    });
    news.tell({ kind: "device-skipped", skipped: { address, device, reason } });
  }

  #keepList(address: string, devices: readonly DeviceId[]): void {
    const { storage, clock } = this.#context;
    storage.transaction((transaction) => {
      const gone =
        readList(transaction, address)?.devices.filter((device) => !devices.includes(device)) ?? [];
      // Nobody would ever take it up, and whoever lists other devices each time would fill the store
      for (const device of gone) writePrepared(transaction, address, device, undefined);
      writeList(transaction, address, { at: clock.now(), devices });
    });
  }

  /** The devices for which a bundle is to be fetched. */
  #withoutBundle(view: View, address: string): DeviceId[] {
    const { keys, times } = this.#context;
    const devices = readList(view, address)?.devices ?? [];
    return devices.filter((device) => {
      if (address === keys.address && device === keys.device) return false;
      const isChangedNow = readDevice(view, address, device)?.changedTo !== undefined;
      if (hasSession(view, address, device) && !isChangedNow) return false;
      const record = readPrepared(view, address, device);
      if (!record) return true;
      return !isFresh(
        this.#context,
        record.at,
        "session" in record ? times.bundleMaxAgeMs : times.bundleRetryMs,
      );
    });
  }

  #whereToAsk(address: string): Jid {
    return address === this.#context.keys.address ? this.#context.account : Jid.parse(address);
  }

  #share(name: string, fetch: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name);
    if (running) return running;
    const started = fetch().finally(() => this.#running.delete(name));
    this.#running.set(name, started);
    return started;
  }
}

/** Whether a device still stands in the list: it may have left it while its bundle was fetched. */
function isListed(view: View, address: string, device: DeviceId): boolean {
  return readList(view, address)?.devices.includes(device) ?? false;
}

/** Whether an error is the peer's or the network's, and not a fault of the store or the program. */
function isOrdinary(error: unknown): boolean {
  return error instanceof StanzaError || error instanceof LinkError || error instanceof InvalidInput;
}

/** Whether trying again may help: the connection failed, or the server asks to wait. */
function isTransient(error: unknown): boolean {
  return error instanceof LinkError || (error instanceof StanzaError && error.type === "wait");
}

function tryRead<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
