/**
 * Trust in identities: whom content may be encrypted for, how what comes in is marked, and how people find out that
 * nobody stands between them.
 *
 * Trust belongs to an identity key of a person and to nothing else. Everything here is synchronous and touches the
 * store through the caller's transaction only.
 */
export { DEFAULT_TRUST_POLICY, maySend } from "./policy.js";
export type { TrustLevel, TrustPolicy, TrustSource } from "./policy.js";
export { forgetDevice, hasRoomForSighting, identitiesOf, judge } from "./person.js";
export type { IdentityRecord, KnownIdentity, Meeting, Person, Sighting } from "./person.js";
export { keepSighting, verdictsOn } from "./sightings.js";
export { parsePerson, personKey, readPerson, writePerson } from "./records.js";
export { decideByUser, receiveTrustMessage } from "./decisions.js";
export type { Decided, TrustChange } from "./decisions.js";
export type { Endpoint } from "./automatic.js";
export { trustMessagesOf } from "./trust-messages.js";
export { formatFingerprint, parseFingerprint } from "./fingerprint-text.js";
export { isSafetyNumber } from "./safety-number.js";
export { compare, verifyBySafetyNumber } from "./comparison.js";
export type { Comparison, Listed } from "./comparison.js";
export { isXmppUri, readVerificationUri, writeVerificationUri } from "./verification-uri.js";
export type { UriDevice } from "./verification-uri.js";
export { applyVerificationUri } from "./verify-by-uri.js";
export type { UriOutcome } from "./verify-by-uri.js";
