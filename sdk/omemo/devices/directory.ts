import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import type { Element } from "../../../src/xml.js";
import type { Transaction } from "../../storage/port.js";
import { BundleFetcher } from "./bundle-fetcher.js";
import { isFresh, type OmemoContext } from "../context.js";
import { type ControlMessage, wantedDevices } from "../sealing/control.js";
import { OmemoError } from "../errors.js";
import { isOrdinary, isTransient } from "./fetch-errors.js";
import { isAddition } from "./meetings.js";
import { fetchItem, isUnknownNumber, itemOf } from "./pep.js";
import type { OmemoVersionName } from "../port.js";
import { readList, writeList, writePrepared } from "../records.js";
import { markDelisted } from "../upkeep/upkeep-records.js";
import type { OmemoVersion } from "../versions/version.js";

/** Devices whose bundles are fetched at the same time. */
const MAX_CONCURRENT_FETCHES = 8;

/** Fetches and keeps the device lists and bundles of other people and of the own account. */
export class Directory {
  readonly #context: OmemoContext;
  readonly #bundles: BundleFetcher;
  /** What is being fetched now, so that whoever wants the same waits for the same. */
  readonly #running = new Map<string, Promise<unknown>>();

  /** @param context what the parts of the service share */
  constructor(context: OmemoContext) {
    this.#context = context;
    this.#bundles = new BundleFetcher(context, (...of) => this.fetchBundleNow(...of));
  }

  /**
   * Sees to it that the lists of an address and the beginning of a session with every device are in the store.
   *
   * @throws {OmemoError} `no-devices` when the server shows none of the lists; @throws {StanzaError} @throws {LinkError}
   */
  async refresh(address: string): Promise<void> {
    await this.#refreshLists(address);
    const { storage } = this.#context;
    const isNews = storage.read((view) => isAddition(this.#context, view, address));
    const missing = storage.read((view) =>
      (this.#context.listed.of(view, address) ?? []).filter((listed) => this.#bundles.isWanted(view, listed)),
    );
    await inParallel(missing, MAX_CONCURRENT_FETCHES, (listed) =>
      this.#share(`bundle ${address} ${listed.device}`, () => this.#bundles.prepare(listed, isNews)),
    );
  }

  /** Fetches what a control message needs. @throws {StanzaError} @throws {LinkError} */
  async prepareControl(control: ControlMessage): Promise<void> {
    const { to, purpose } = control;
    try {
      if (purpose !== "repair") return await this.refresh(to);
      await this.#refreshLists(to);
      const { storage } = this.#context;
      for (const listed of storage.read((view) => wantedDevices(this.#context, view, control))) {
        await this.#bundles.prepareAnew(listed);
      }
    } catch (error) {
      // Who has no device that it could go to gets none
      if (!(error instanceof OmemoError)) throw error;
    }
  }

  /** Takes in a pushed list of somebody who is known. @returns whether it was one */
  receive(address: string, items: Element): boolean {
    const { storage, keys, versions } = this.#context;
    for (const version of versions) {
      const { name } = version;
      const list = itemOf(items, version.deviceList);
      if (!list) continue;
      const isKnown = storage.read((view) => readList(view, name, address)) !== undefined;
      // Whoever likes may push: nothing is kept for people who were never written to
      if (!isKnown && address !== keys.address) return false;
      const devices = tryRead(() => version.readDeviceList(list));
      if (devices) this.#keepList(name, address, devices);
      return devices !== undefined;
    }
    return false;
  }

  /** Has the lists of somebody who is known fetched again at the next occasion. */
  doubt(address: string): void {
    const { storage, versions } = this.#context;
    storage.transaction((transaction) => {
      for (const { name } of versions) outdateList(transaction, name, address);
    });
  }

  /** The list at the server now, kept. @throws {StanzaError} @throws {LinkError} @throws {InvalidInput} */
  async fetchListNow(version: OmemoVersion, address: string): Promise<DeviceId[]> {
    const { connection } = this.#context;
    const element = await fetchItem(connection, this.#whereToAsk(address), version.deviceList);
    const devices = element ? version.readDeviceList(element) : [];
    this.#keepList(version.name, address, devices);
    return devices;
  }

  /** The bundle at the server now. @throws {StanzaError} @throws {LinkError} @throws {InvalidInput} */
  async fetchBundleNow(
    version: OmemoVersion,
    address: string,
    device: DeviceId,
  ): Promise<OmemoBundle | undefined> {
    const { connection } = this.#context;
    const element = await fetchItem(connection, this.#whereToAsk(address), version.bundle(device));
    return element && version.readBundle(element);
  }

  /**
   * The lists of all versions at once, so that none costs a round trip more than one does.
   *
   * A list that the server does not show is none, as long as it shows another: who has no node in a version has no
   * device that speaks it, and is not asked again before the list would be too old anyway.
   */
  async #refreshLists(address: string): Promise<void> {
    const { versions } = this.#context;
    const outcomes = await Promise.all(
      versions.map((version) =>
        this.#share(`list ${version.name} ${address}`, () => this.#refreshList(version, address)),
      ),
    );
    const refusals = outcomes.filter((error) => error !== undefined);
    if (refusals.length === versions.length) {
      const [cause] = refusals;
      throw new OmemoError("no-devices", "the device lists of the recipient cannot be read", { cause });
    }
    for (const [index, { name }] of versions.entries()) {
      if (outcomes[index] !== undefined) this.#keepList(name, address, []);
    }
  }

  /** @returns why the server does not show the list, when none is known either */
  async #refreshList(version: OmemoVersion, address: string): Promise<Error | undefined> {
    const { keys, storage, times } = this.#context;
    const known = storage.read((view) => readList(view, version.name, address));
    if (known && isFresh(this.#context, known.at, times.listMaxAgeMs)) return undefined;
    try {
      await this.fetchListNow(version, address);
    } catch (error) {
      if (isUnknownNumber(error)) throw error;
      if (!isOrdinary(error)) throw error;
      if (known) {
        // What is refused now is refused for a while
        if (!isTransient(error)) this.#keepList(version.name, address, known.devices);
        return undefined;
      }
      if (address === keys.address || isTransient(error)) throw error;
      return error;
    }
    return undefined;
  }

  #keepList(version: OmemoVersionName, address: string, devices: readonly DeviceId[]): void {
    const { storage, clock } = this.#context;
    storage.transaction((transaction) => {
      const before = readList(transaction, version, address)?.devices ?? [];
      const gone = before.filter((device) => !devices.includes(device));
      // Nobody would ever take it up, and whoever lists other devices each time would fill the store
      for (const device of gone) {
        writePrepared(transaction, { version, address, device }, undefined);
        markDelisted(transaction, { version, address, device }, clock.now());
      }
      for (const device of devices) {
        if (!before.includes(device)) markDelisted(transaction, { version, address, device }, undefined);
      }
      writeList(transaction, version, address, { at: clock.now(), devices });
    });
  }

  #whereToAsk(address: string): Jid {
    return address === this.#context.keys.address ? this.#context.account : Jid.parse(address);
  }

  #share<Result>(name: string, fetch: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(name) as Promise<Result> | undefined;
    if (running) return running;
    const started = fetch().finally(() => this.#running.delete(name));
    this.#running.set(name, started);
    return started;
  }
}

/** Has a list that is known fetched again before it is used next. */
export function outdateList(transaction: Transaction, version: OmemoVersionName, address: string): void {
  const known = readList(transaction, version, address);
  if (known && known.at !== 0) writeList(transaction, version, address, { ...known, at: 0 });
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
