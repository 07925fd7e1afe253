import type { DeviceId } from "../../../src/ids.js";
import { encrypt, type Session } from "../../ratchet/mod.js";
import type { Transaction } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { type Peer, writePrepared } from "../records.js";
import { advanceSession } from "../sessions.js";
import type { DeviceKey, OmemoVersion, SealedContent } from "../versions/version.js";

/** A device and the session in which it is written to. */
export interface ReachedDevice {
  readonly address: string;
  readonly device: DeviceId;
  readonly session: Session;
}

/** A message key encrypted for one device, and what becomes of the session. */
export interface SealedKey {
  readonly peer: Peer;
  readonly key: DeviceKey;
  readonly session: Session;
}

/** The `<encrypted/>` of one version. */
export interface SealedElement {
  readonly version: OmemoVersion;
  /** XML. */
  readonly element: string;
  readonly keys: readonly SealedKey[];
}

/** Encrypts the key of a content for devices, and overwrites it; nothing has been written to the store then. */
export function sealFor(
  { keys: own }: OmemoContext,
  version: OmemoVersion,
  reached: readonly ReachedDevice[],
  content: SealedContent,
): SealedElement {
  const keys = reached.map((target) => sealKey(version, target, content.keyMaterial));
  content.keyMaterial.fill(0);
  const element = content.write(
    own.device,
    keys.map(({ key }) => key),
  );
  return { version, element, keys };
}

function sealKey(
  { name }: OmemoVersion,
  { address, device, session }: ReachedDevice,
  keyMaterial: Buffer,
): SealedKey {
  const { message, isPreKeyMessage, session: next } = encrypt(session, keyMaterial);
  const key = { jid: address, rid: device, isPreKey: isPreKeyMessage, data: message };
  return { peer: { version: name, address, device }, key, session: next };
}

/** Keeps the sessions as they are after encrypting; one that had only been prepared is used from now on. */
export function keepSealed(transaction: Transaction, sealed: readonly SealedKey[]): void {
  for (const { peer, session } of sealed) {
    advanceSession(transaction, peer, session);
    if (session.pending) writePrepared(transaction, peer, undefined);
  }
}
