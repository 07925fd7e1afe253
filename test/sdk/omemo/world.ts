import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { parseXml, type Element } from "../../../src/xml.js";
import { type Omemo, type OmemoEvent, openOmemo, type Opened, type Sealed } from "../../../sdk/omemo/mod.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { ManualClock } from "../../support/manual-clock.js";
import { FakePubSub } from "./fake-pubsub.js";

export const JULIET = Jid.parse("+15551230001@phone.example.org");
export const ROMEO = Jid.parse("+15551230002@phone.example.org");

/** A device of somebody with its store. */
export interface Device {
  readonly omemo: Omemo;
  readonly storage: Storage;
  readonly number: Jid;
  readonly account: Jid;
  readonly id: DeviceId;
  readonly events: OmemoEvent[];
}

/** Some devices around one server. */
export class World {
  readonly server = new FakePubSub();
  readonly clock = new ManualClock();

  /** Opens the OMEMO of a device without announcing it. */
  open(
    number: Jid,
    id: number,
    { storage = openMemoryStorage(), account = `account-of-${number.local.slice(1)}@example.org` } = {},
  ): Device {
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
    });
    return { omemo, storage, number, account: Jid.parse(account), id: id as DeviceId, events };
  }

  /** Lets so much time pass that device lists and failures are asked for again. */
  later(): void {
    this.clock.advance(10 * 60 * 1000);
  }

  /** A device that others can write to. */
  async device(
    number: Jid,
    id: number,
    options: { storage?: Storage; account?: string } = {},
  ): Promise<Device> {
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

/** The `<encrypted/>` of a payload, as it comes out of a stanza. */
export function encryptedOf({ payload }: Pick<Sealed, "payload">): Element {
  return parseXml(`<message>${payload}</message>`).getChild("encrypted") as Element;
}

/** Decrypts what came from somebody. */
export function open(at: Device, from: Jid, message: Pick<Sealed, "payload">): Opened {
  return at.storage.transaction((transaction) => at.omemo.open(transaction, from, encryptedOf(message)));
}

/** What was said, or why it cannot be known. */
export function textOf(opened: Opened): string {
  return opened.kind === "plaintext" ? opened.plaintext : opened.kind === "failed" ? `!${opened.reason}` : "";
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
