import { type Clock, systemClock } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import { axolotl } from "../ratchet/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import { DEFAULT_TIMES, type OmemoContext, type OmemoTimes } from "./context.js";
import { Directory } from "./directory.js";
import { fingerprintOf } from "./fingerprint.js";
import { News } from "./news.js";
import { isBundleStale, loadOwnKeys } from "./own-keys.js";
import { openMessage } from "./open.js";
import type { Fingerprint, IqPort, KnownDevice, Omemo, OmemoEvent, Opened, Sealed } from "./port.js";
import { Publisher } from "./publisher.js";
import { knownDevices, readDevice, readList } from "./records.js";
import { checkRecipient, sealMessage } from "./seal.js";
import { hasSession } from "./sessions.js";
import { acceptChange } from "./trust.js";

/** What the OMEMO of a device is made of. */
export interface OmemoOptions {
  /** Holds keys and sessions; the same that the caller's transactions run in. */
  readonly storage: Storage;
  readonly connection: IqPort;
  /** The own account: where device list and bundle are published. */
  readonly account: Jid;
  /** The own number JID: under which other people know this device. */
  readonly number: Jid;
  /** The id of this device: the same as its mailbox has. */
  readonly device: DeviceId;
  readonly clock?: Clock;
  /** Told what the person who uses this device should know; must not throw. */
  readonly onEvent?: (event: OmemoEvent) => void;
  readonly times?: Partial<OmemoTimes>;
}

/**
 * Opens the OMEMO of a device; its keys are made when the store has none.
 *
 * @throws {OmemoError} `other-device` when the store has the keys of another number or device
 * @throws {StorageError}
 */
export function openOmemo(options: OmemoOptions): Omemo {
  return new OmemoService(options);
}

/** How soon a pushed list without this device is answered again. */
const REANNOUNCE_MS = 60_000;

class OmemoService implements Omemo {
  readonly fingerprint: Fingerprint;
  readonly #context: OmemoContext;
  readonly #directory: Directory;
  readonly #publisher: Publisher;
  #reannouncedMs = -Infinity;

  constructor({ storage, connection, account, number, device, clock, onEvent, times }: OmemoOptions) {
    const keys = loadOwnKeys(storage, number.bare, device);
    this.#context = {
      storage,
      connection,
      account,
      keys,
      clock: clock ?? systemClock,
      news: new News(storage, onEvent ?? (() => {})),
      times: { ...DEFAULT_TIMES, ...times },
    };
    this.#directory = new Directory(this.#context);
    this.#publisher = new Publisher(this.#context, this.#directory);
    this.fingerprint = fingerprintOf(axolotl.encodeIdentity(keys.identity));
  }

  announce(): Promise<void> {
    return this.#publisher.announce();
  }

  async prepare(to: Jid): Promise<void> {
    const { storage, keys } = this.#context;
    const addresses = [...new Set([to.bare, keys.address])];
    await Promise.all(addresses.map((address) => this.#directory.refresh(address)));
    storage.read((view) => checkRecipient(this.#context, view, to.bare));
  }

  seal(transaction: Transaction, to: Jid, plaintext: string): Sealed {
    return sealMessage(this.#context, transaction, to.bare, plaintext);
  }

  open(transaction: Transaction, from: Jid, encrypted: Element): Opened {
    const opened = openMessage(this.#context, transaction, from.bare, encrypted);
    if (opened.kind !== "failed" && isBundleStale(transaction)) {
      this.#context.news.later(() => this.#publisher.topUpSoon());
    }
    return opened;
  }

  receiveDeviceList(from: Jid, items: Element): void {
    const { account, keys, clock, storage } = this.#context;
    const address = from.bare === account.bare ? keys.address : from.bare;
    if (!this.#directory.receive(address, items) || address !== keys.address) return;
    const isListed = storage.read((view) => readList(view, address)?.devices.includes(keys.device));
    // XEP-0384 0.3 §4.3: whose device is missing from the list puts it back; two that differ must not do so for ever
    if (isListed || clock.monotonicMs() - this.#reannouncedMs < REANNOUNCE_MS) return;
    this.#reannouncedMs = clock.monotonicMs();
    this.#publisher.announceSoon();
  }

  doubt(of: Jid): void {
    this.#directory.doubt(of.bare);
  }

  devices(of: Jid): KnownDevice[] {
    const address = of.bare;
    return this.#context.storage.read((view) => {
      const listed = readList(view, address)?.devices ?? [];
      const all = [...new Set([...listed, ...knownDevices(view, address)])];
      return all.map((device) => {
        const record = readDevice(view, address, device);
        return {
          device,
          fingerprint: record?.pinned,
          changedTo: record?.changedTo,
          hasSession: hasSession(view, address, device),
          isListed: listed.includes(device),
        };
      });
    });
  }

  acceptIdentity(of: Jid, device: DeviceId, fingerprint: Fingerprint): void {
    acceptChange(this.#context, of.bare, device, fingerprint);
  }

  close(): void {
    this.#publisher.close();
    this.#context.news.close();
  }
}
