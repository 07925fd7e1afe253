/**
 * OMEMO for one device: {@link Omemo} in `port.ts` says what it does, `service.ts` puts it together.
 *
 * - `own/`: the keys of this device, and how they are published
 * - `devices/`: other devices: their lists, their bundles, the identities that they show
 * - `sealing/`: from a content to a stanza: which session a device is written to in, and how
 * - `opening/`: from a stanza to a content, and what follows from a message
 * - `trust/`: whom content may go to, and how people find out that nobody stands between them
 * - `upkeep/`: answers, repairs, and what is forgotten with time
 * - `versions/`: everything in which OMEMO 0.3 and 2 differ
 *
 * `records.ts` names what is stored where, `sessions.ts` is the archive of sessions, `context.ts` what all of these share.
 */
export { openOmemo } from "./service.js";
export type { OmemoOptions } from "./service.js";
export type { Enqueue, OmemoTimes } from "./context.js";
export type { ControlMessage } from "./sealing/control.js";
export { isOmemoMessage } from "./opening/open.js";
export { isSafetyNumber, formatFingerprint, parseFingerprint } from "./trust/mod.js";
export type { OmemoTrust, Verification } from "./trust-port.js";
export type {
  Comparison,
  KnownIdentity,
  TrustChange,
  TrustLevel,
  TrustPolicy,
  TrustSource,
  UriDevice,
} from "./trust/mod.js";
export type { SealedAhead } from "./sealing/seal-ahead.js";
export { OmemoError } from "./errors.js";
export type { OmemoErrorCode } from "./errors.js";
export type {
  Fingerprint,
  Incoming,
  IqPort,
  KnownDevice,
  Omemo,
  OmemoEvent,
  OmemoVersionName,
  Opened,
  OpenFailure,
  PlainContent,
  Sealed,
  SkippedDevice,
  SkipReason,
} from "./port.js";
