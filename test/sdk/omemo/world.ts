import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { parseXml, type Element } from "../../../src/xml.js";
import {
  type Enqueue,
  type Incoming,
  type Omemo,
  type OmemoEvent,
  type OmemoVersionName,
  openOmemo,
  type Opened,
  type Sealed,
  type TrustPolicy,
} from "../../../sdk/omemo/mod.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { OmemoVersion } from "../../../sdk/omemo/versions/version.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { ManualClock } from "../../support/manual-clock.js";
import { FakePubSub } from "./fake-pubsub.js";

export const JULIET = Jid.parse("+15551230001@phone.example.org");
export const ROMEO = Jid.parse("+15551230002@phone.example.org");
export const MERCUTIO = Jid.parse("+15551230003@phone.example.org");

/** A device of somebody with its store. */
export interface Device {
  readonly omemo: Omemo;
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly number: Jid;
  readonly account: Jid;
  readonly id: DeviceId;
  readonly events: OmemoEvent[];
}

/** What the devices of two people speak, by what it is called. */
export const SPOKEN: Readonly<Record<string, readonly (readonly OmemoVersionName[])[]>> = {
  "OMEMO 0.3 alone": [["0.3"], ["0.3"]],
  "OMEMO 2 alone": [["2"], ["2"]],
  "both versions": [
    ["2", "0.3"],
    ["2", "0.3"],
  ],
  "both versions on one side, 0.3 on the other": [["2", "0.3"], ["0.3"]],
};

/** What else a device has. */
export interface DeviceOptions {
  readonly storage?: Storage;
  readonly account?: string;
  /** The versions that it speaks. */
  readonly versions?: readonly OmemoVersionName[];
  /** Takes what OMEMO itself wants sent. */
  readonly enqueue?: Enqueue;
  readonly trustPolicy?: TrustPolicy;
}

/** Runs a suite for each version by itself. */
export function inEachVersion(suite: (version: OmemoVersion, world: () => World) => void): void {
  for (const version of VERSIONS) {
    describe(`OMEMO ${version.name}`, () => suite(version, () => new World([version.name])));
  }
}

/** Some devices around one server. */
export class World {
  readonly server = new FakePubSub();
  readonly clock = new ManualClock();
  readonly #spoken: (readonly OmemoVersionName[])[];

  /** @param spoken what Juliet's devices speak, and what those of others do; both versions unless given */
  constructor(...spoken: (readonly OmemoVersionName[])[]) {
    this.#spoken = spoken;
  }

  /** Opens the OMEMO of a device without announcing it. */
  open(number: Jid, id: number, options: DeviceOptions = {}): Device {
    const {
      storage = openMemoryStorage(),
      account = `account-of-${number.local.slice(1)}@example.org`,
      versions = this.#spoken[number === JULIET ? 0 : this.#spoken.length - 1] ?? ["2", "0.3"],
    } = options;
    this.server.link(number.bare, account);
    const events: OmemoEvent[] = [];
    const omemo = openOmemo({
      storage,
      connection: this.server.portOf(account),
      account: Jid.parse(account),
      number,
      device: id as DeviceId,
      clock: this.clock,
      onEvent: (event) => events.push(event),
      versions,
      ...(options.enqueue && { enqueue: options.enqueue }),
      ...(options.trustPolicy && { trustPolicy: options.trustPolicy }),
    });
    return {
      omemo,
      storage,
      clock: this.clock,
      number,
      account: Jid.parse(account),
      id: id as DeviceId,
      events,
    };
  }

  /** Lets so much time pass that device lists and failures are asked for again. */
  later(): void {
    this.clock.advance(10 * 60 * 1000);
  }

  /** A device that others can write to. */
  async device(number: Jid, id: number, options: DeviceOptions = {}): Promise<Device> {
    const device = this.open(number, id, options);
    await device.omemo.announce();
    return device;
  }
}

/** Encrypts for somebody without fetching anything. */
export function seal(from: Device, to: Jid, text: string): Sealed {
  return from.storage.transaction((transaction) => from.omemo.seal(transaction, to, text));
}

/** Fetches what is needed and encrypts. */
export async function send(from: Device, to: Jid, text: string): Promise<Sealed> {
  await from.omemo.prepare(to);
  return seal(from, to, text);
}

/** The message of a payload, as it comes out of a stanza. */
export function messageOf({ payload }: Pick<Sealed, "payload">): Element {
  return parseXml(`<message>${payload}</message>`);
}

/** The `<encrypted/>` of a payload in OMEMO 0.3, or in another version. */
export function encryptedOf(
  sealed: Pick<Sealed, "payload">,
  namespace = "eu.siacs.conversations.axolotl",
): Element {
  return messageOf(sealed).getChild("encrypted", namespace) as Element;
}

/** What the service says of a message that comes now. */
export function incoming(at: Device, from: Jid, to: Jid = at.number): Incoming {
  return { from, to, at: at.clock.now() };
}

/** Decrypts what came from somebody; `to` names another addressee, as that of a copy of what one sent. */
export function open(at: Device, from: Jid, message: Pick<Sealed, "payload">, to?: Jid): Opened {
  return at.storage.transaction((transaction) =>
    at.omemo.open(transaction, incoming(at, from, to), messageOf(message)),
  );
}

/** What was said, or why it cannot be known. */
export function textOf(opened: Opened): string {
  return opened.kind === "plaintext"
    ? opened.plaintext
    : opened.kind === "failed"
      ? `!${opened.reason}`
      : `(${opened.kind})`;
}

/** Everything in a store, to be compared. */
export function contentOf(storage: Storage): string[] {
  return storage.read((view) =>
    view.scan("").map(([key, value]) => `${key} ${Buffer.from(value).toString("hex")}`),
  );
}

/** Lets events and what runs in the background come. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A world with a device of Juliet's and one of Romeo's; a test may put others in their places. */
export interface Lovers {
  world: World;
  juliet: Device;
  romeo: Device;
}

/** Gives each test of a `describe` block a world of its own with Juliet (device 11) and Romeo (device 22) in it. */
export function useLovers(newWorld: () => World): Lovers {
  const lovers = {} as Lovers;
  beforeEach(async () => {
    lovers.world = newWorld();
    lovers.juliet = await lovers.world.device(JULIET, 11);
    lovers.romeo = await lovers.world.device(ROMEO, 22);
  });
  return lovers;
}
