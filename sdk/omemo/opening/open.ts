import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import type { Element } from "../../../src/xml.js";
import type { Transaction } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { graver } from "./open-failures.js";
import { openKey, type Sender } from "./open-key.js";
import { noteBroken } from "../upkeep/repairs.js";
import type { Incoming, Opened, OpenFailure } from "../port.js";
import { keepName, mayBeNamed, type NamedSender } from "./sender-names.js";
import { type Endpoint, verdictsOn } from "../trust/mod.js";
import { takeTrustMessages } from "./trust-intake.js";
import type { OmemoVersion, OpenedContent } from "../versions/version.js";
import { VERSIONS } from "../versions/versions.js";

/** Keys in one message that name this device: ids of different persons' devices can be the same. */
const MAX_KEYS_TRIED = 4;

/** Whether a message is encrypted with OMEMO, in any version. */
export function isOmemoMessage(message: Element): boolean {
  return VERSIONS.some((version) => encryptedIn(version, message) !== undefined);
}

/**
 * Decrypts a message: either everything that follows from it is written, or nothing.
 *
 * When it is encrypted in more than one version, the preferred one of those that have a key for this device is opened.
 */
export function openMessage(
  context: OmemoContext,
  transaction: Transaction,
  incoming: Incoming,
  message: Element,
): Opened {
  // Perhaps in a version that this device does not speak
  const reason = isOmemoMessage(message) ? "not-for-this-device" : "malformed";
  let worst: Failed = { kind: "failed", device: undefined, reason };
  let isFirst = true;
  for (const version of context.versions) {
    const encrypted = encryptedIn(version, message);
    if (!encrypted) continue;
    const opened = openIn(context, transaction, { ...incoming, version }, encrypted);
    // What was opened before, or is not what it says, is not looked for in another version
    if (opened.kind !== "failed" || opened.reason === "duplicate" || opened.reason === "bad-envelope") {
      return opened;
    }
    if (isFirst || graver(worst.reason, opened.reason) === opened.reason) worst = opened;
    isFirst = false;
  }
  return isSilent(context, message, worst) ? { ...worst, isSilent: true } : worst;
}

/**
 * Whether a message that could not be opened said nothing to a person: it was empty, or it is for other devices and
 * lacks what stands beside everything that is written by somebody, a body and the name of the encryption.
 */
function isSilent({ versions }: OmemoContext, message: Element, { reason }: Failed): boolean {
  if (reason === "malformed") return false;
  const encrypted = versions.flatMap((version) => encryptedIn(version, message) ?? []);
  if (encrypted.length > 0 && encrypted.every((one) => !one.getChild("payload"))) return true;
  const isAnnounced = message.getChild("body") ?? message.getChild("encryption", NS.encryption);
  return reason === "not-for-this-device" && !isAnnounced;
}

type Failed = Extract<Opened, { kind: "failed" }>;

function encryptedIn({ profile }: OmemoVersion, message: Element): Element | undefined {
  return message.getChild("encrypted", profile.namespace);
}

function openIn(
  context: OmemoContext,
  transaction: Transaction,
  incoming: Incoming & { readonly version: OmemoVersion },
  encrypted: Element,
): Opened {
  const { keys: own, account } = context;
  const { version, from } = incoming;
  const self = { addresses: [own.address, account.bare], device: own.device };
  const message = tryRead(() => version.read(encrypted, self));
  if (!message) return { kind: "failed", device: undefined, reason: "malformed" };
  const device = message.sid;
  const sender: Sender = { version: version.name, profile: version.profile, address: from.bare, device };
  let reason: OpenFailure = "not-for-this-device";
  for (const key of message.keys.slice(0, MAX_KEYS_TRIED)) {
    const opened = openKey(context, transaction, sender, key);
    if ("failure" in opened) {
      reason = graver(reason, opened.failure);
      continue;
    }
    const { fingerprint } = opened;
    const named: NamedSender = { address: from.bare, fingerprint };
    const content = message.open(opened.keyMaterial, {
      ...incoming,
      isSender: (name) => mayBeNamed(context, transaction, named, name),
      // Own apps know this device by their account
      isRecipient: (name) => name.bare === account.bare && incoming.to.bare === own.address,
    });
    opened.keyMaterial.fill(0);
    if (content.kind === "failed") return { kind: "failed", device, reason: content.reason };
    opened.commit(transaction);
    if (content.kind === "empty") return { kind: "key-transport", device };
    if (content.sender && content.sender.bare !== from.bare) keepName(transaction, named, content.sender);
    return openedAs(context, transaction, { address: from.bare, device, fingerprint }, content);
  }
  noteBroken(context, transaction, sender, reason);
  return { kind: "failed", device, reason };
}

/** What a message says, how far its sender is trusted, and what follows from what it says of other devices. */
function openedAs(
  context: OmemoContext,
  transaction: Transaction,
  sender: Endpoint & { readonly device: DeviceId },
  { content, sentAt }: Extract<OpenedContent, { kind: "content" }>,
): Opened {
  const { address, device, fingerprint } = sender;
  const elements = takeTrustMessages(context, transaction, sender, { elements: content.elements, sentAt });
  const trust = verdictsOn(transaction, address, context.trustPolicy).counts(fingerprint);
  const common = { device, fingerprint, trust, elements };
  if (content.text === undefined) return { kind: "content", ...common };
  return { kind: "plaintext", plaintext: content.text, ...common };
}

function tryRead<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
