import { createPublicKey, createHash, verify } from "node:crypto";
import type { EpochMs } from "../../src/clock.js";
import { StanzaError } from "../../src/errors.js";
import type { Config } from "../config.js";

/** Deliveries of the same first entry without an acknowledgement before it is set aside. */
export const MAX_HEAD_ATTEMPTS = 5;

/** From this attempt on entries go one at a time, so that the one at fault is found and no other. */
export const CAUTIOUS_FROM_ATTEMPT = 3;

/** A mailbox as far as the rules need to know it. */
export interface MailboxFacts {
  /** Row of the device, which is also its mailbox. */
  readonly device: number;
  readonly pendingCount: number;
  readonly pendingBytes: number;
  /** 1 for an ordinary app's: what its own account sends it is told by its server's carbons. */
  readonly isApp?: 0 | 1;
}

/** What is known when a message asks to be accepted. */
export interface AcceptanceFacts<Mailbox extends MailboxFacts = MailboxFacts> {
  /** The message that the sender used this id for before. */
  readonly earlier: { readonly isSame: boolean; readonly acceptedAt: EpochMs } | undefined;
  /** The account that the number belongs to, with its mailboxes. */
  readonly recipient: { readonly account: number; readonly mailboxes: readonly Mailbox[] } | undefined;
  /** The sender's mailboxes but that of the sending device. */
  readonly senderMailboxes: readonly Mailbox[];
  readonly senderAccount: number;
  readonly sizeBytes: number;
  /** An earlier message of the same submit to the same number found the mailbox full. */
  readonly isBehindRefused: boolean;
}

/** Why a message is not accepted. */
export type Refusal = "id-reused" | "no-such-number" | "no-other-device" | "mailbox-full";

/** What to do with a message that asks to be accepted. */
export type Acceptance<Mailbox extends MailboxFacts = MailboxFacts> =
  | { readonly kind: "refuse"; readonly refusal: Refusal }
  | { readonly kind: "duplicate"; readonly acceptedAt: EpochMs }
  | {
      readonly kind: "accept";
      /** Mailboxes that get the message. */
      readonly deliver: readonly Mailbox[];
      /** Full mailboxes, which the sender is told about. */
      readonly skip: readonly Mailbox[];
      /** The sender's other mailboxes, which get a copy. */
      readonly copy: readonly Mailbox[];
    };

/** The share of the configuration that limits mailboxes. */
export type MailboxLimits = Pick<Config["mailbox"], "maxEntries" | "maxBytes">;

/** Decides whether a message is accepted, and which mailboxes it goes to. */
export function decideAcceptance<Mailbox extends MailboxFacts>(
  facts: AcceptanceFacts<Mailbox>,
  limits: MailboxLimits,
): Acceptance<Mailbox> {
  const { earlier, recipient, senderMailboxes, senderAccount, sizeBytes } = facts;
  if (earlier) {
    return earlier.isSame
      ? { kind: "duplicate", acceptedAt: earlier.acceptedAt }
      : { kind: "refuse", refusal: "id-reused" };
  }
  if (!recipient) return { kind: "refuse", refusal: "no-such-number" };
  // A smaller message that would still fit must not overtake a larger one that did not
  if (facts.isBehindRefused) return { kind: "refuse", refusal: "mailbox-full" };
  const hasRoom = (mailbox: Mailbox): boolean =>
    mailbox.pendingCount < limits.maxEntries && mailbox.pendingBytes + sizeBytes <= limits.maxBytes;
  // A note to oneself goes to one's other devices, once
  const isToSelf = recipient.account === senderAccount;
  const targets = isToSelf ? senderMailboxes : recipient.mailboxes;
  if (isToSelf && targets.length === 0) return { kind: "refuse", refusal: "no-other-device" };
  const deliver = targets.filter(hasRoom);
  if (deliver.length === 0 && targets.length > 0) return { kind: "refuse", refusal: "mailbox-full" };
  return {
    kind: "accept",
    deliver,
    skip: targets.filter((mailbox) => !hasRoom(mailbox)),
    // XEP-0280: an app takes copies of what its account sent from nobody but its own server
    copy: isToSelf ? [] : senderMailboxes.filter((mailbox) => mailbox.isApp !== 1 && hasRoom(mailbox)),
  };
}

/** The stanza error that tells a sender of a refusal. */
export function refusalError(refusal: Refusal): StanzaError {
  switch (refusal) {
    case "id-reused":
      return new StanzaError("conflict", "another message was sent under this id", {
        applicationCondition: "id-reused",
      });
    case "no-such-number":
      return new StanzaError("item-not-found", "nobody can be reached under this number", {
        applicationCondition: "no-such-number",
      });
    case "no-other-device":
      return new StanzaError("item-not-found", "there is no other device of yours to bring this to", {
        applicationCondition: "no-other-device",
      });
    case "mailbox-full":
      return new StanzaError("resource-constraint", "the recipient's mailbox is full", {
        applicationCondition: "mailbox-full",
      });
  }
}

/** The first entry that a device has not acknowledged, and how often it was delivered as the first. */
export interface Head {
  readonly seq: number;
  readonly attempts: number;
}

/** What attaching means for the entry that is first in line. */
export interface HeadDecision {
  readonly isSetAside: boolean;
  /** Whether entries should go one at a time. */
  readonly isCautious: boolean;
}

/** Decides whether the first entry gets another chance. @param head as counted so far; `firstSeq` what is first now */
export function decideHead(head: Head, firstSeq: number): HeadDecision {
  const attempts = head.seq === firstSeq ? head.attempts : 0;
  return {
    isSetAside: attempts >= MAX_HEAD_ATTEMPTS,
    isCautious: attempts + 1 >= CAUTIOUS_FROM_ATTEMPT && attempts < MAX_HEAD_ATTEMPTS,
  };
}

/** The hash by which a device's public key is known: SHA-256 of the 32 raw bytes. */
export function hashDeviceKey(publicKey: Uint8Array): Buffer {
  return createHash("sha256").update(publicKey).digest();
}

/** Whether the Ed25519 signature over the statement is of this raw 32-byte key. Source: RFC 8032 §5.1.7. */
export function isSignedBy(publicKey: Uint8Array, statement: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const x = Buffer.from(publicKey).toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, statement, key, signature);
  } catch {
    return false;
  }
}
