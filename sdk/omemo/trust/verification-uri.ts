import { InvalidInput } from "../../../src/errors.js";
import { deviceId, type DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import type { Fingerprint } from "../port.js";
import { fingerprintBytes } from "./fingerprint-text.js";
import { type KeyReference, keyIdentifier, readKeyIdentifier } from "./key-identifier.js";

/** Keys in one URI: more would not fit into a QR code, which holds 2953 bytes. Source: ISO/IEC 18004. */
export const MAX_URI_KEYS = 32;

const MAX_URI_LENGTH = 8192;

const DEVICE_PREFIX = "omemo-sid-";
const TRUST_MESSAGE = "trust-message";

/** A device and the identity that it shows. */
export interface UriDevice {
  readonly device: DeviceId;
  readonly fingerprint: Fingerprint;
}

/** What a URI says of the keys of a person. No key is in both lists, or twice in one. */
export interface VerificationUri {
  /** The bare JID of the keys' owner. */
  readonly address: string;
  readonly trusted: readonly KeyReference[];
  readonly distrusted: readonly KeyReference[];
  /** Which device shows which of them, where the form of the URI says so. */
  readonly devices: ReadonlyMap<DeviceId, Fingerprint>;
}

/**
 * Writes the URI by which other apps verify these devices: `xmpp:…?omemo-sid-<device>=<fingerprint>;…`.
 *
 * The URI itself is the text of a QR code, in byte mode. Conversations, Dino, Gajim and others read it.
 *
 * @throws {InvalidInput} with no devices, or more than {@link MAX_URI_KEYS}
 */
export function writeVerificationUri(address: string, devices: readonly UriDevice[]): string {
  checkCount(devices.length);
  const pairs = devices.map(({ device, fingerprint }) => `${DEVICE_PREFIX}${device}=${fingerprint}`);
  return `xmpp:${writePath(address)}?${pairs.join(";")}`;
}

/**
 * Writes Trust Message URIs: one for the keys whose Ed25519 form is known and one for the others, as a URI names one
 * encryption.
 *
 * @throws {InvalidInput} with no keys, or more than {@link MAX_URI_KEYS}. Source: XEP-0434 0.6 §9.1.1.
 */
export function writeTrustMessageUris(
  address: string,
  keys: { readonly trusted: readonly KeyReference[]; readonly distrusted?: readonly KeyReference[] },
): string[] {
  const named = [
    ...keys.trusted.map((key) => ({ verb: "trust", ...keyIdentifier(key) })),
    ...(keys.distrusted ?? []).map((key) => ({ verb: "distrust", ...keyIdentifier(key) })),
  ];
  checkCount(named.length);
  return [...new Set(named.map(({ encryption }) => encryption))].map((encryption) => {
    const group = named.filter((one) => one.encryption === encryption);
    const pairs = group.map(({ verb, id }) => `${verb}=${id.toString("hex")}`);
    return `xmpp:${writePath(address)}?${TRUST_MESSAGE};encryption=${encryption};${pairs.join(";")}`;
  });
}

/**
 * Reads either form.
 *
 * @throws {InvalidInput} when it is anything else: another query, a key twice, more than {@link MAX_URI_KEYS}
 * Source: RFC 5122 §2.2; XEP-0434 0.6 §9.1.1.
 */
export function readVerificationUri(text: string): VerificationUri {
  if (text.length > MAX_URI_LENGTH) throw notOne();
  const [, path = "", query = ""] = /^xmpp:([^?#/]+)\?([^?#]+)$/i.exec(text.trim()) ?? [];
  const address = readPath(path);
  const pairs = query.split(";").map(splitPair);
  const [[first, none] = ["", undefined], ...others] = pairs;
  const uri = first === TRUST_MESSAGE && none === undefined ? readTrustPairs(others) : readDevicePairs(pairs);
  const keys = [...uri.trusted, ...uri.distrusted];
  checkCount(keys.length);
  // Both, or twice: who reads first would decide
  if (new Set(keys.map(({ fingerprint }) => fingerprint)).size < keys.length) throw notOne();
  return { address, ...uri };
}

/** Whether a text is meant to be such a URI, and no fingerprint or safety number. */
export function isXmppUri(text: string): boolean {
  return /^\s*xmpp:/i.test(text);
}

type Pair = readonly [name: string, value: string | undefined];

function splitPair(pair: string): Pair {
  const equals = pair.indexOf("=");
  return equals < 0 ? [pair, undefined] : [pair.slice(0, equals), decode(pair.slice(equals + 1))];
}

function readDevicePairs(pairs: readonly Pair[]): Omit<VerificationUri, "address"> {
  const devices = new Map<DeviceId, Fingerprint>();
  for (const [name, value] of pairs) {
    if (!name.startsWith(DEVICE_PREFIX)) throw notOne();
    const device = deviceId(name.slice(DEVICE_PREFIX.length));
    if (devices.has(device)) throw notOne();
    devices.set(device, readHex(value).toString("hex") as Fingerprint);
  }
  // Trust is by identity: two devices may show the same
  const trusted = [...new Set(devices.values())].map((fingerprint) => ({ fingerprint }));
  return { trusted, distrusted: [], devices };
}

function readTrustPairs(pairs: readonly Pair[]): Omit<VerificationUri, "address"> {
  const [[name, encryption] = ["", undefined], ...keys] = pairs;
  // XEP-0434 0.6 §9.1.1: "The first key-value pair … MUST represent the encryption attribute"
  if (name !== "encryption" || encryption === undefined) throw notOne();
  const read = keys.map(([verb, value]) => {
    if (verb !== "trust" && verb !== "distrust") throw notOne();
    return { verb, key: readKeyIdentifier(encryption, readHex(value)) };
  });
  const said = (wanted: string): KeyReference[] =>
    read.filter(({ verb }) => verb === wanted).map(({ key }) => key);
  return { trusted: said("trust"), distrusted: said("distrust"), devices: new Map() };
}

/** XEP-0434 0.6 §9.1.1: identifiers are Base16; either case is read. */
function readHex(value: string | undefined): Buffer {
  if (value === undefined || !/^[0-9a-f]{64}$/i.test(value)) throw notOne();
  return fingerprintBytes(value as Fingerprint);
}

/** RFC 5122 §2.2: a plus sign stands for itself; what the rules for a path or of the query could mistake is encoded. */
function writePath(address: string): string {
  const { local, domain } = Jid.parse(address);
  if (local === "") throw new InvalidInput("a person has a localpart");
  return `${encodeURIComponent(local).replaceAll("%2B", "+")}@${encodeURIComponent(domain)}`;
}

function readPath(path: string): string {
  const jid = Jid.tryParse(decode(path));
  if (!jid || jid.isFull || jid.local === "") throw notOne();
  return jid.bare;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notOne();
  }
}

function checkCount(count: number): void {
  if (count < 1 || count > MAX_URI_KEYS) throw new InvalidInput(`a URI holds 1 to ${MAX_URI_KEYS} keys`);
}

function notOne(): InvalidInput {
  return new InvalidInput("not an xmpp: URI to verify devices by");
}
