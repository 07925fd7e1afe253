import { type Clock, systemClock } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { attribute, type Element } from "../../src/xml.js";
import { axolotl } from "../ratchet/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import { DEFAULT_TIMES, type Enqueue, type OmemoContext, type OmemoTimes } from "./context.js";
import { type ControlMessage, sealControl } from "./sealing/control.js";
import { Directory } from "./devices/directory.js";
import { fingerprintOf } from "./fingerprint.js";
import { KnownDevices } from "./devices/listed-devices.js";
import { News } from "./news.js";
import { isInEveryList } from "./own/own-devices.js";
import { isBundleStale, loadOwnKeys } from "./own/own-keys.js";
import { openMessage } from "./opening/open.js";
import type {
  Fingerprint,
  Incoming,
  IqPort,
  Omemo,
  OmemoEvent,
  OmemoVersionName,
  Opened,
  PlainContent,
  Sealed,
} from "./port.js";
import { Publisher } from "./own/publisher.js";
import { PushedLists } from "./devices/pushed-lists.js";
import { sessionsToRenew } from "./upkeep/repairs.js";
import { checkRecipient, sealMessage } from "./sealing/seal.js";
import { sealAhead, type SealedAhead } from "./sealing/seal-ahead.js";
import { DEFAULT_TRUST_POLICY, type TrustPolicy } from "./trust/mod.js";
import type { OmemoTrust } from "./trust-port.js";
import { TrustService } from "./trust-service.js";
import { Upkeep } from "./upkeep/upkeep.js";
import type { Content } from "./versions/version.js";
import { VERSION_NAMES, VERSIONS } from "./versions/versions.js";

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
  /** The versions that it speaks, both unless given; a device that has announced one goes on to speak it. */
  readonly versions?: readonly OmemoVersionName[];
  /**
   * Writes a message of OMEMO's own down, in the transaction in which the need for it arose, to be given to
   * {@link Omemo.prepareControl} and {@link Omemo.sealControl} when its turn comes and submitted; without it there are no
   * answers, no heartbeats, no repairs and no trust messages.
   */
  readonly enqueue?: Enqueue;
  /** Which identities content goes to before the person has compared anything; `blind-before-verification` unless given. */
  readonly trustPolicy?: TrustPolicy | undefined;
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
  readonly trust: OmemoTrust;
  readonly #context: OmemoContext;
  readonly #directory: Directory;
  readonly #publisher: Publisher;
  readonly #upkeep: Upkeep;
  readonly #pushed: PushedLists;
  #reannouncedMs = -Infinity;

  constructor({
    storage,
    connection,
    account,
    number,
    device,
    clock,
    onEvent,
    times,
    versions = VERSION_NAMES,
    trustPolicy = DEFAULT_TRUST_POLICY,
    enqueue,
  }: OmemoOptions) {
    const keys = loadOwnKeys(storage, number.bare, device);
    const spoken = VERSIONS.filter(({ name }) => versions.includes(name));
    this.fingerprint = fingerprintOf(axolotl, axolotl.encodeIdentity(keys.identity));
    this.#context = {
      storage,
      connection,
      account,
      keys,
      clock: clock ?? systemClock,
      news: new News(storage, onEvent ?? (() => {})),
      times: { ...DEFAULT_TIMES, ...times },
      versions: spoken,
      self: { address: keys.address, fingerprint: this.fingerprint },
      trustPolicy,
      listed: new KnownDevices({ self: keys, versions: spoken, trustPolicy }),
      enqueue,
      answerDue: () => this.#upkeep.answerDue(),
    };
    this.#directory = new Directory(this.#context);
    this.#publisher = new Publisher(this.#context, this.#directory);
    this.#upkeep = new Upkeep(this.#context, this.#publisher);
    this.#pushed = new PushedLists(this.#context, (...pushed) => this.#takePushed(...pushed));
    this.trust = new TrustService(this.#context, this.#directory);
  }

  async announce(): Promise<void> {
    this.#upkeep.begin();
    await this.#publisher.announce();
  }

  async prepare(to: Jid): Promise<void> {
    const { storage, keys } = this.#context;
    const addresses = [...new Set([to.bare, keys.address])];
    await Promise.all(addresses.map((address) => this.#directory.refresh(address)));
    storage.read((view) => checkRecipient(this.#context, view, to.bare));
  }

  seal(transaction: Transaction, to: Jid, plain: PlainContent): Sealed {
    const content = contentOf(plain);
    return sealMessage(this.#context, transaction, { to: to.bare, recipients: [to.bare], content });
  }

  sealAhead(to: Jid, plain: PlainContent): Promise<SealedAhead | undefined> {
    const content = contentOf(plain);
    return sealAhead(this.#context, { to: to.bare, recipients: [to.bare], content });
  }

  prepareControl(control: ControlMessage): Promise<void> {
    return this.#directory.prepareControl(control);
  }

  sealControl(transaction: Transaction, control: ControlMessage): Sealed | undefined {
    return sealControl(this.#context, transaction, control);
  }

  open(transaction: Transaction, incoming: Incoming, message: Element): Opened {
    const opened = openMessage(this.#context, transaction, incoming, message);
    this.#upkeep.opened();
    if (opened.kind !== "failed" && isBundleStale(transaction, this.#context.versions)) {
      this.#context.news.later(() => this.#publisher.topUpSoon());
    }
    return opened;
  }

  receiveDeviceList(from: Jid, items: Element): void {
    const { account, keys } = this.#context;
    const address = from.bare === account.bare ? keys.address : from.bare;
    this.#pushed.push(address, attribute(items, "node") ?? "", items);
  }

  doubt(of: Jid): void {
    this.#directory.doubt(of.bare);
  }

  async renewSessions(of: Jid): Promise<number> {
    const { enqueue, storage } = this.#context;
    if (!enqueue) return 0;
    await this.#directory.refresh(of.bare);
    return storage.transaction((transaction) => {
      const broken = sessionsToRenew(this.#context, transaction, of.bare);
      for (const { address, device, version } of broken)
        enqueue(transaction, { to: address, devices: [device], version, purpose: "repair" });
      return broken.length;
    });
  }

  close(): void {
    this.#pushed.close();
    this.#upkeep.close();
    this.#publisher.close();
    this.#context.news.close();
  }

  #takePushed(address: string, items: Element): boolean {
    const { keys, clock, storage } = this.#context;
    if (!this.#directory.receive(address, items)) return false;
    if (address !== keys.address) return true;
    const isListed = storage.read((view) => isInEveryList(this.#context, view));
    // XEP-0384 0.3 §4.3: whose device is missing from the list puts it back; two that differ must not do so for ever
    if (isListed || clock.monotonicMs() - this.#reannouncedMs < REANNOUNCE_MS) return true;
    this.#reannouncedMs = clock.monotonicMs();
    this.#publisher.announceSoon();
    return true;
  }
}

function contentOf(plain: PlainContent): Content {
  return typeof plain === "string" ? { text: plain, elements: [] } : { ...plain, isTextEnough: true };
}
