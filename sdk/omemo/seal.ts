import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { MAX_OMEMO_PAYLOAD_BYTES, OMEMO_COMPANIONS, type OmemoKey, writeEncrypted } from "../../src/omemo.js";
import { encrypt, parseSession, type Session } from "../ratchet/mod.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import { OmemoError } from "./errors.js";
import { sealPayload } from "./payload.js";
import type { Sealed, SkippedDevice, SkipReason } from "./port.js";
import { readDevice, readList, readPrepared, writePrepared } from "./records.js";
import { advanceSession, currentSession } from "./sessions.js";

/** A device that a message is meant for, and how it can be reached. */
type Target = { readonly address: string; readonly device: DeviceId } & (
  { readonly session: Session } | { readonly skip: SkipReason }
);

/** A message key encrypted for one device, and what becomes of the session. */
interface SealedKey {
  readonly address: string;
  readonly key: OmemoKey;
  readonly session: Session;
}

/**
 * Encrypts a text for all devices of a person and one's own others.
 *
 * Everything is computed before anything is written.
 *
 * @throws {OmemoError} `not-prepared`, `no-devices`, `untrusted-identity`
 * @throws {InvalidInput} when the text is longer than {@link MAX_OMEMO_PAYLOAD_BYTES}
 */
export function sealMessage(
  context: OmemoContext,
  transaction: Transaction,
  to: string,
  plaintext: string,
): Sealed {
  const bytes = Buffer.from(plaintext);
  if (bytes.length > MAX_OMEMO_PAYLOAD_BYTES) {
    throw new InvalidInput(`a text has at most ${MAX_OMEMO_PAYLOAD_BYTES} bytes`);
  }
  const { iv, payload, keyMaterial } = sealPayload(bytes);
  const targets = targetsOf(context, transaction, to);
  const sealed = targets.flatMap((target) => sealKey(target, keyMaterial));
  const skipped = targets.flatMap(skippedOf);
  keyMaterial.fill(0);
  const recipient = sealed.filter(({ address }) => address === to).length;
  if (recipient === 0) throw noRecipient(to, skipped);
  for (const { address, key, session } of sealed) {
    advanceSession(transaction, address, key.rid, session);
    if (session.pending) writePrepared(transaction, address, key.rid, undefined);
  }
  const keys = sealed.map(({ key }) => key);
  const encrypted = writeEncrypted({ sid: context.keys.device, keys, iv, payload });
  return {
    payload: encrypted + OMEMO_COMPANIONS,
    devices: { recipient, own: sealed.length - recipient },
    skipped,
  };
}

/**
 * Whether a message to a person could be encrypted now.
 *
 * @throws {OmemoError} as {@link sealMessage}
 */
export function checkRecipient(context: OmemoContext, view: View, to: string): void {
  const ofRecipient = targetsOf(context, view, to).filter(({ address }) => address === to);
  if (ofRecipient.some((target) => !("skip" in target))) return;
  throw noRecipient(to, ofRecipient.flatMap(skippedOf));
}

/** Every device that a message to a person is meant for, but this one. */
function targetsOf(context: OmemoContext, view: View, to: string): Target[] {
  const { address: own, device: self } = context.keys;
  return [...new Set([to, own])].flatMap((address) => {
    const list = readList(view, address);
    if (!list) throw notPrepared();
    const devices = list.devices.filter((device) => address !== own || device !== self);
    return devices.map((device) => targetOf(view, address, device));
  });
}

function targetOf(view: View, address: string, device: DeviceId): Target {
  const isChanged = readDevice(view, address, device)?.changedTo !== undefined;
  if (isChanged) return { address, device, skip: "untrusted-identity" };
  const session = currentSession(view, address, device);
  if (session) return { address, device, session };
  const prepared = readPrepared(view, address, device);
  if (!prepared) throw notPrepared();
  if ("failure" in prepared) return { address, device, skip: prepared.failure };
  return { address, device, session: parseSession(prepared.session) };
}

function sealKey(target: Target, keyMaterial: Buffer): SealedKey[] {
  if ("skip" in target) return [];
  const { message, isPreKeyMessage, session } = encrypt(target.session, keyMaterial);
  const key = { rid: target.device, isPreKey: isPreKeyMessage, data: message };
  return [{ address: target.address, key, session }];
}

function skippedOf(target: Target): SkippedDevice[] {
  if (!("skip" in target)) return [];
  return [{ address: target.address, device: target.device, reason: target.skip }];
}

function notPrepared(): OmemoError {
  return new OmemoError("not-prepared", "device lists or bundles have to be fetched first");
}

function noRecipient(to: string, skipped: readonly SkippedDevice[]): OmemoError {
  const isUntrusted = skipped.some((one) => one.address === to && one.reason === "untrusted-identity");
  return isUntrusted
    ? new OmemoError("untrusted-identity", "the identity of every device of the recipient has changed")
    : new OmemoError("no-devices", "the recipient has no device that can be encrypted to");
}
