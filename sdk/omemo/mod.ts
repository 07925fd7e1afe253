/** OMEMO for one device: see {@link Omemo}. */
export { openOmemo } from "./service.js";
export type { OmemoOptions } from "./service.js";
export type { Enqueue, OmemoTimes } from "./context.js";
export type { ControlMessage } from "./control.js";
export { isOmemoMessage } from "./open.js";
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
export type { SealedAhead } from "./seal-ahead.js";
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
