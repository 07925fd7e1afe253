import { formatStamp, parseStamp, type EpochMs } from "./clock.js";
import { StanzaError } from "./errors.js";
import { deviceId, seq, type DeviceId, type Seq } from "./ids.js";
import { NS } from "./namespaces.js";
import { readClaim, writeClaim, type GenerationClaim } from "./store-generation.js";
import { attribute, type Element, escapeXML, reading, requireAttribute, xml } from "./xml.js";

/** How a device opens its mailbox: by its device key over a fresh nonce, or by the token of an earlier attach. */
export type AttachProof =
  | { readonly nonce: string; readonly publicKey: Buffer; readonly signature: Buffer }
  | { readonly token: string };

/** The content of `<attach/>`. */
export interface Attach {
  readonly device: DeviceId;
  /** The last entry that is durable on the device; 0 before the first. */
  readonly last: Seq;
  readonly proof: AttachProof;
  /** Of which generation its store is; missing when the device does not say. */
  readonly generation?: GenerationClaim;
  /** Which version of frames the device speaks; missing when it speaks XML only. */
  readonly frame?: number;
}

/** What a device signs (Ed25519) to open its mailbox: nothing else that it signs can be mistaken for it. */
export function attachStatement(service: string, fullJid: string, device: DeviceId, nonce: string): Buffer {
  return Buffer.from(["twotick attach 1", service, fullJid, String(device), nonce].join("\0"));
}

/** Reads `<attach/>`. @throws {StanzaError} `bad-request` */
export function readAttach(attach: Element): Attach {
  const generation = attach.getChild("generation");
  return reading(() => ({
    device: deviceId(requireAttribute(attach, "device")),
    last: seq(requireAttribute(attach, "last")),
    proof: readProof(attach),
    ...(generation && { generation: readClaim(generation) }),
    ...readFrameVersion(attach),
  }));
}

function readProof(attach: Element): AttachProof {
  const token = attach.getChild("token");
  if (token) return { token: token.getText() };
  const proof = attach.getChild("proof");
  if (!proof) throw new StanzaError("bad-request", "an attach needs a <proof/> or a <token/>");
  return {
    nonce: requireAttribute(proof, "nonce"),
    publicKey: Buffer.from(requireAttribute(proof, "key"), "base64"),
    signature: Buffer.from(requireAttribute(proof, "signature"), "base64"),
  };
}

function readFrameVersion(element: Element): { readonly frame?: number } {
  const frame = attribute(element, "frame");
  return frame === undefined ? {} : { frame: seq(frame) };
}

/** Writes `<attach/>`. */
export function writeAttach({ device, last, proof, generation, frame }: Attach): Element {
  const inner =
    "token" in proof
      ? xml("token", {}, proof.token)
      : xml("proof", {
          nonce: proof.nonce,
          key: proof.publicKey.toString("base64"),
          signature: proof.signature.toString("base64"),
        });
  return xml(
    "attach",
    { xmlns: NS.mailbox, device, last, frame },
    generation && writeClaim(generation),
    inner,
  );
}

/** What the service says to a device whose mailbox it has closed, or does not have open. */
export interface Detached {
  /** For people. */
  readonly reason: string;
  /** Whether it is closed because the service was away, and for no other reason. */
  readonly isRestart: boolean;
}

/** Writes `<detached/>`, as XML. */
export function writeDetached({ reason, isRestart }: Detached): string {
  const restart = isRestart ? " restart='true'" : "";
  return `<detached xmlns='${NS.mailbox}'${restart}>${escapeXML(reason)}</detached>`;
}

/** Reads `<detached/>`. */
export function readDetached(detached: Element): Detached {
  return { reason: detached.getText(), isRestart: attribute(detached, "restart") === "true" };
}

/** The answer to an attach. */
export interface Attached {
  /** The number JID that the account speaks for. */
  readonly number: string;
  /** Opens the mailbox in one round trip next time. */
  readonly token: string;
  readonly tokenExpiresAt: EpochMs;
  /** The next generation of the device's store, when the device has said which one it has. */
  readonly generation?: string | undefined;
  /** The version of frames that both speak from now on; missing for XML. */
  readonly frame?: number | undefined;
}

/** Writes `<attached/>`. */
export function writeAttached({ number, token, tokenExpiresAt, generation, frame }: Attached): Element {
  const expires = formatStamp(tokenExpiresAt);
  return xml("attached", { xmlns: NS.mailbox, number, token, expires, generation, frame });
}

/** Reads `<attached/>`. @throws {StanzaError} `bad-request` */
export function readAttached(attached: Element): Attached {
  const generation = attribute(attached, "generation");
  return reading(() => ({
    number: requireAttribute(attached, "number"),
    token: requireAttribute(attached, "token"),
    tokenExpiresAt: parseStamp(attribute(attached, "expires")),
    ...(generation !== undefined && { generation }),
    ...readFrameVersion(attached),
  }));
}
