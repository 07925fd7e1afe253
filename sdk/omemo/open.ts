import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { type OmemoKey, type OmemoMessage, readEncrypted } from "../../src/omemo.js";
import type { Element } from "../../src/xml.js";
import {
  acceptPreKeyMessage,
  axolotl,
  decrypt,
  matches,
  type PreKeyMessage,
  RatchetError,
  readPreKeyMessage,
  type Session,
} from "../ratchet/mod.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import { fingerprintOf } from "./fingerprint.js";
import { preKeysFor, usePreKey } from "./own-keys.js";
import { openPayload } from "./payload.js";
import type { Opened, OpenFailure } from "./port.js";
import { hasRoomFor, readList, writePrepared, writeList } from "./records.js";
import {
  advanceSession,
  archivedSessions,
  currentSession,
  keepReceiveOnly,
  promoteSession,
} from "./sessions.js";
import { isAddition, isChanged, noteChange, pin } from "./trust.js";

/** Keys in one message that name this device: ids of different persons' devices can be the same. */
const MAX_KEYS_TRIED = 4;

/** What decrypting one key gives: nothing has been written yet. */
type OpenedKey =
  | { readonly keyMaterial: Buffer; readonly commit: (transaction: Transaction) => void }
  | { readonly failure: OpenFailure };

/** Who a message is from. */
interface Sender {
  readonly address: string;
  readonly device: DeviceId;
}

/** Which of the sessions with a device one is. */
type Place = "current" | "archived" | "receive-only";

/** A session that a message may belong to. */
interface FoundSession {
  readonly session: Session;
  readonly place: Place;
}

/** Decrypts an `<encrypted/>`: either everything that follows from it is written, or nothing. */
export function openMessage(
  context: OmemoContext,
  transaction: Transaction,
  address: string,
  encrypted: Element,
): Opened {
  const message = tryRead(encrypted);
  if (!message) return { kind: "failed", device: undefined, reason: "malformed" };
  const device = message.sid;
  const keys = message.keys.filter(({ rid }) => rid === context.keys.device).slice(0, MAX_KEYS_TRIED);
  let reason: OpenFailure = "not-for-this-device";
  for (const key of keys) {
    const opened = openKey(context, transaction, { address, device }, key);
    if ("failure" in opened) {
      reason = graver(reason, opened.failure);
      continue;
    }
    const result = readPayload(message, opened.keyMaterial);
    if (result.kind !== "failed") opened.commit(transaction);
    return result;
  }
  return { kind: "failed", device, reason };
}

function tryRead(encrypted: Element): OmemoMessage | undefined {
  try {
    return readEncrypted(encrypted);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

function readPayload({ sid, iv, payload }: OmemoMessage, keyMaterial: Buffer): Opened {
  if (!payload) return { kind: "key-transport", device: sid };
  const bytes = openPayload(keyMaterial, iv, payload);
  keyMaterial.fill(0);
  if (!bytes) return { kind: "failed", device: sid, reason: "bad-mac" };
  try {
    const plaintext = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: "plaintext", device: sid, plaintext };
  } catch {
    return { kind: "failed", device: sid, reason: "malformed" };
  }
}

function openKey(context: OmemoContext, view: View, sender: Sender, key: OmemoKey): OpenedKey {
  try {
    return key.isPreKey
      ? openPreKeyMessage(context, view, sender, readPreKeyMessage(axolotl, key.data))
      : openInSessions(view, sender, key.data);
  } catch (error) {
    if (error instanceof RatchetError) return { failure: failureOf(error) };
    throw error;
  }
}

function openInSessions(view: View, sender: Sender, data: Uint8Array): OpenedKey {
  let failure: OpenFailure | undefined;
  for (const found of sessionsWith(view, sender)) {
    const opened = openIn(sender, found, data);
    if (!("failure" in opened)) return opened;
    // The chain is of this session, so that no other has to be asked
    if (opened.failure === "duplicate") return opened;
    failure = failure ? graver(failure, opened.failure) : opened.failure;
  }
  return { failure: failure ?? "no-session" };
}

/** The current session, then the older ones, which are not read unless they are asked for. */
function* sessionsWith(view: View, { address, device }: Sender): Generator<FoundSession> {
  const current = currentSession(view, address, device);
  if (current) yield { session: current, place: "current" };
  for (const { session, isReceiveOnly } of archivedSessions(view, address, device)) {
    yield { session, place: isReceiveOnly ? "receive-only" : "archived" };
  }
}

function openIn(sender: Sender, { session, place }: FoundSession, data: Uint8Array): OpenedKey {
  try {
    const { plaintext, session: next } = decrypt(session, data);
    return { keyMaterial: plaintext, commit: (transaction) => keep(transaction, sender, next, place) };
  } catch (error) {
    if (error instanceof RatchetError) return { failure: failureOf(error) };
    throw error;
  }
}

function openPreKeyMessage(
  context: OmemoContext,
  view: View,
  sender: Sender,
  message: PreKeyMessage,
): OpenedKey {
  const { address, device } = sender;
  const claimed = fingerprintOf(message.identityKey);
  if (isChanged(view, address, device, claimed)) {
    context.news.later(() => noteChange(context, address, device, claimed));
    return { failure: "untrusted-identity" };
  }
  for (const found of sessionsWith(view, sender)) {
    if (matches(found.session, message)) return openIn(sender, found, message.message);
  }
  // Without one, nothing would tell a repeated message from a new one once its session is gone
  const { preKeyId } = message;
  if (preKeyId === undefined) return { failure: "no-prekey" };
  if (!hasRoomFor(view, address, device)) return { failure: "too-many-devices" };
  return accept(context, view, sender, { ...message, preKeyId });
}

function accept(
  context: OmemoContext,
  view: View,
  sender: Sender,
  message: PreKeyMessage & { readonly preKeyId: number },
): OpenedKey {
  const { address, device } = sender;
  const { preKeyId } = message;
  const { plaintext, session } = acceptPreKeyMessage(
    context.keys.identity,
    preKeysFor(view, message, context.clock.now()),
    message,
  );
  return {
    keyMaterial: plaintext,
    commit(transaction) {
      const isNews = isAddition(context, transaction, address);
      pin(context, transaction, { address, device, fingerprint: fingerprintOf(message.identityKey) }, isNews);
      const isFirstUse = usePreKey(transaction, preKeyId, message.baseKey, context.clock.now());
      // XEP-0384 0.3 §5, §7: what was built with a prekey that another had used is not sent with
      keep(transaction, sender, session, isFirstUse ? "archived" : "receive-only");
    },
  };
}

/** Stores the session that a message came in; unless it is only received with, the next message goes out in it. */
function keep(transaction: Transaction, sender: Sender, session: Session, place: Place): void {
  const { address, device } = sender;
  if (place === "current") advanceSession(transaction, address, device, session);
  else if (place === "receive-only") keepReceiveOnly(transaction, address, device, session);
  else {
    promoteSession(transaction, address, device, session);
    writePrepared(transaction, address, device, undefined);
  }
  const list = readList(transaction, address);
  const isUnlisted = list && list.at !== 0 && !list.devices.includes(device);
  // There is a newer list than the one that is known
  if (isUnlisted) writeList(transaction, address, { ...list, at: 0 });
}

/** From the least telling to the most. */
const GRAVITY: readonly OpenFailure[] = [
  "not-for-this-device",
  "malformed",
  "no-session",
  "no-prekey",
  "bad-mac",
  "too-many-skipped",
  "too-many-devices",
  "untrusted-identity",
  "duplicate",
];

function graver(one: OpenFailure, other: OpenFailure): OpenFailure {
  return GRAVITY.indexOf(other) > GRAVITY.indexOf(one) ? other : one;
}

function failureOf(error: RatchetError): OpenFailure {
  switch (error.code) {
    case "duplicate-message":
      return "duplicate";
    case "too-many-skipped-keys":
      return "too-many-skipped";
    case "no-pre-key":
      return "no-prekey";
    case "untrusted-identity":
      return "untrusted-identity";
    case "bad-mac":
      return "bad-mac";
    default:
      return "malformed";
  }
}
