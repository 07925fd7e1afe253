/**
 * The client side of Twotick: sign up by phone number, send and receive encrypted messages with ticks.
 *
 * @example
 * import { Client, openSqliteStorage, signUpDevice } from "twotick/sdk";
 *
 * @module twotick/sdk
 */

// For everyone: sign up, open, send, receive
export { signUpDevice, DeviceSignUp, type DeviceSignUpOptions } from "./client/sign-up.js";
export { linkDevice, renewDevice, type RenewedDevice } from "./client/renew-device.js";
export { Client } from "./client/client.js";
export type { ClientOptions, SendOptions } from "./client/options.js";
export type { Account } from "./client/account.js";
export { SendHandle } from "./client/handles.js";
export type { SendState } from "./client/sent-records.js";
export { IncomingMessage } from "./client/incoming-message.js";
export type { InboxItem, InboxItemOf } from "./client/inbox-item.js";
export type { ClientUnit } from "./client/unit.js";
export type { MessageContent, Quote } from "../src/message-content.js";
export type {
  ClientEvents,
  ClientState,
  Receipt,
  SentElsewhere,
  UndecryptableMessage,
} from "./client/events.js";

// Where it is kept
export { openSqliteStorage, type SqliteStorage, type SqliteStorageOptions } from "./storage/sqlite.js";
export type { StoreSecret } from "./storage/key-envelope.js";
export { openMemoryStorage } from "./storage/memory.js";
export { partOf } from "./storage/part.js";
export type { Storage, Transaction, View } from "./storage/port.js";

// Errors by origin
export { InvalidInput, LinkError, StanzaError, StorageError, TwotickError } from "../src/errors.js";
export { OmemoError, type OmemoErrorCode } from "./omemo/mod.js";
export { SignUpError } from "./sign-up/mod.js";

// Identities and devices
export { ClientTrust } from "./client/trust.js";
export { formatFingerprint } from "./omemo/mod.js";
export type {
  Comparison,
  Fingerprint,
  KnownIdentity,
  TrustChange,
  TrustLevel,
  TrustPolicy,
  TrustSource,
  UriDevice,
  Verification,
  KnownDevice,
  OmemoVersionName,
  OpenFailure,
  SkippedDevice,
  SkipReason,
} from "./omemo/mod.js";
export type { DeviceId, MessageId } from "../src/ids.js";
export type { PhoneNumber } from "../src/phone-number.js";
export type { DeviceStatus, MessageStatus } from "../src/mailbox-status.js";
export type { ReceiptState } from "../src/receipt-state.js";

// For those who build below the client
export { isSignedUp, openDeviceKey, type DeviceKey } from "./client/account.js";
export {
  signUp,
  SignUpSession,
  linkNumber,
  LinkSession,
  type CodeChannel,
  type LinkNumberOptions,
  type NewAccount,
  type Requester,
  type SignUpDevice,
  type SignUpOptions,
  type SignUpState,
  type VerifyOptions,
} from "./sign-up/mod.js";
export {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type ConnectionState,
  type HeartbeatOptions,
  type RetryOptions,
  type SendLimits,
} from "./connection/connection.js";
export type { IqHandler } from "./connection/iq-handlers.js";
export type { RequestOptions } from "./connection/iq-requests.js";
export type { StreamLimits } from "../src/stream-limits.js";
export {
  isOmemoMessage,
  openOmemo,
  type Incoming,
  type Omemo,
  type OmemoEvent,
  type OmemoOptions,
  type OmemoTrust,
  type Opened,
  type Sealed,
} from "./omemo/mod.js";
export { type Clock, systemClock } from "../src/clock.js";
