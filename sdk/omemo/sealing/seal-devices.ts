import { Jid } from "../../../src/jid.js";
import { encrypt, serialiseSession } from "../../ratchet/mod.js";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { OmemoError } from "../errors.js";
import type { SkippedDevice } from "../port.js";
import { ofPeer } from "../records.js";
import type { ListedDevice } from "../devices/listed-devices.js";
import { type Route, routeTo } from "./route.js";
import type { Content, DeviceKey, OmemoVersion, SealedContent } from "../versions/version.js";

/** What is to be encrypted, and for whom. */
export interface Outgoing {
  /** Whom the envelope names: a person, or a room. A bare JID. */
  readonly to: string;
  /** All whose devices are to read it, besides one's own. Bare JIDs. */
  readonly recipients: readonly string[];
  readonly content: Content;
}

/** What came of encrypting for one device; nothing of it is in the store yet. */
export type SealedDevice = SealedKey | ({ readonly kind: "skipped" } & SkippedDevice);

/** What one device needs to read the content. */
export interface SealedKey extends DeviceKey {
  readonly kind: "sealed";
  readonly version: OmemoVersion;
  /** The session after it, as it is stored. */
  readonly session: Buffer;
  /** Under which key that is. */
  readonly place: string;
}

/** Everything that a result was computed from. */
interface Ahead {
  readonly listed: ListedDevice;
  readonly reads: readonly Read[];
  readonly result: SealedDevice;
}

type Read = readonly [key: string, value: Uint8Array | undefined];

/**
 * Encrypts one content for one device after the other.
 *
 * Each session is read, used and written as bytes again before the next: hundreds that are taken apart at the same time
 * cost as much to keep as to encrypt with.
 */
export class DeviceSealer {
  readonly outgoing: Outgoing;
  readonly #context: OmemoContext;
  readonly #contents = new Map<OmemoVersion, SealedContent>();
  readonly #ahead = new Map<string, Ahead>();

  constructor(context: OmemoContext, outgoing: Outgoing) {
    this.#context = context;
    this.outgoing = outgoing;
  }

  /** Encrypts for a device before its turn; what can only be told in its turn is left to that. */
  sealAhead(view: View, listed: ListedDevice): void {
    const reads: Read[] = [];
    const get = (key: string): Uint8Array | undefined => {
      const value = view.get(key);
      reads.push([key, value]);
      return value;
    };
    const result = this.#compute({ get, scan: (...asked) => view.scan(...asked) }, listed);
    if (result) this.#ahead.set(nameOf(listed), { listed, reads, result });
  }

  /**
   * Encrypts for a device. What was done ahead counts when everything that it came from is as it was.
   *
   * @throws {OmemoError} `not-prepared`
   */
  seal(view: View, listed: ListedDevice): SealedDevice {
    const ahead = this.#ahead.size > 0 ? this.#ahead.get(nameOf(listed)) : undefined;
    if (ahead && isCurrent(ahead, view, listed)) return ahead.result;
    const result = this.#compute(view, listed);
    if (!result) throw new OmemoError("not-prepared", "device lists or bundles have to be fetched first");
    return result;
  }

  /** The `<encrypted/>` of a version with these keys. */
  write(version: OmemoVersion, keys: readonly DeviceKey[]): string {
    return this.#contentOf(version).write(this.#context.keys.device, keys);
  }

  /** Overwrites the key of the content; nothing is encrypted with this any more. */
  close(): void {
    for (const { keyMaterial } of this.#contents.values()) keyMaterial.fill(0);
    this.#ahead.clear();
  }

  #compute(view: View, listed: ListedDevice): SealedDevice | undefined {
    const { address, device } = listed;
    const route = restrict(routeTo(view, listed), this.outgoing.content);
    if (route.kind === "unprepared") return undefined;
    if (route.kind === "skip") return { kind: "skipped", address, device, reason: route.reason };
    const { version, place } = route;
    const { keyMaterial } = this.#contentOf(version);
    const { message, isPreKeyMessage, session } = encrypt(route.session, keyMaterial);
    return {
      kind: "sealed",
      version,
      place,
      session: serialiseSession(session),
      jid: address,
      rid: device,
      isPreKey: isPreKeyMessage,
      data: message,
    };
  }

  #contentOf(version: OmemoVersion): SealedContent {
    const known = this.#contents.get(version);
    if (known) return known;
    const { keys, clock } = this.#context;
    const route = { from: Jid.parse(keys.address), to: Jid.parse(this.outgoing.to), at: clock.now() };
    const content = version.seal(this.outgoing.content, route);
    this.#contents.set(version, content);
    return content;
  }
}

/** Keeps the sessions as they are after encrypting; one that had only been prepared is used from now on. */
export function keepDevices(transaction: Transaction, sealed: readonly SealedKey[]): void {
  for (const { version, place, session, jid, rid, isPreKey } of sealed) {
    transaction.set(place, session);
    if (isPreKey)
      transaction.delete(ofPeer("prepared", { version: version.name, address: jid, device: rid }));
  }
}

/** What a version cannot carry is not sent in it, and in part only where that is said to be enough. */
function restrict(route: Route, { text, elements, isTextEnough }: Content): Route {
  if (isTextEnough && text !== undefined) return route;
  if (elements.length === 0 || route.kind !== "session" || route.version.canCarryElements) return route;
  return { kind: "skip", reason: "old-version" };
}

function isCurrent({ listed: before, reads }: Ahead, view: View, now: ListedDevice): boolean {
  return isAsListed(before, now) && reads.every(([key, value]) => isSame(view.get(key), value));
}

function isAsListed(before: ListedDevice, now: ListedDevice): boolean {
  if (before === now) return true;
  return (
    before.refusal === now.refusal &&
    before.shown?.fingerprint === now.shown?.fingerprint &&
    before.shown?.ed25519 === now.shown?.ed25519 &&
    before.ways.length === now.ways.length &&
    before.ways.every(({ version }, index) => version === now.ways[index]?.version)
  );
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (!one || !other) return one === other;
  return Buffer.compare(one, other) === 0;
}

function nameOf({ address, device }: ListedDevice): string {
  return `${address}/${device}`;
}
