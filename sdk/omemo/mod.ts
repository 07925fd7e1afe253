/** OMEMO for one device: see {@link Omemo}. */
export { openOmemo } from "./service.js";
export type { OmemoOptions } from "./service.js";
export type { OmemoTimes } from "./context.js";
export { OmemoError } from "./errors.js";
export type { OmemoErrorCode } from "./errors.js";
export type {
  Fingerprint,
  IqPort,
  KnownDevice,
  Omemo,
  OmemoEvent,
  Opened,
  OpenFailure,
  Sealed,
  SkippedDevice,
  SkipReason,
} from "./port.js";
