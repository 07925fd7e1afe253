/**
 * Which identities a message is encrypted for before the person has compared anything.
 *
 * - `blind-before-verification`: all that are met, until an identity of that person was verified; from then on only
 *   those that the person decided for
 * - `always-ask`: those that the person accepted or verified
 * - `verified-only`: those that the person verified
 */
export type TrustPolicy = "blind-before-verification" | "always-ask" | "verified-only";

/** The policy of who chooses none. */
export const DEFAULT_TRUST_POLICY: TrustPolicy = "blind-before-verification";

/**
 * What is thought of an identity: `trusted` is without proof, `verified` is compared over another channel.
 *
 * Content goes to what counts as `trusted` or `verified` and to nothing else.
 */
export type TrustLevel = "undecided" | "trusted" | "verified" | "distrusted";

/**
 * Who gave an identity its level: nobody (`first-use`: it was met), the person at this device, or automatic trust
 * management on the word of another own device or of another device of the identity's owner.
 */
export type TrustSource = "first-use" | "user" | "own-device" | "contact-device";

/** A level and where it comes from. */
export interface Standing {
  readonly level: TrustLevel;
  readonly by: TrustSource;
}

/** What a policy makes of three kinds of identity; the other levels count as what they are under every policy. */
interface Row {
  /** The level that an identity gets when it is met. */
  readonly newcomer: "trusted" | "undecided";
  /** What one counts as that was trusted when it was met. */
  readonly blind: "trusted" | "undecided";
  /** What one counts as that the person accepted without comparing it. */
  readonly accepted: "trusted" | "undecided";
}

/**
 * The policies, before and after an identity of the same person was verified.
 *
 * XEP-0450 0.4 §6.2: what was trusted blindly is no longer written to once something is verified, as somebody may have
 * slipped in before.
 */
const MATRIX: Readonly<Record<TrustPolicy, { readonly before: Row; readonly after: Row }>> = {
  "blind-before-verification": {
    before: { newcomer: "trusted", blind: "trusted", accepted: "trusted" },
    after: { newcomer: "undecided", blind: "undecided", accepted: "trusted" },
  },
  "always-ask": {
    before: { newcomer: "undecided", blind: "undecided", accepted: "trusted" },
    after: { newcomer: "undecided", blind: "undecided", accepted: "trusted" },
  },
  "verified-only": {
    before: { newcomer: "undecided", blind: "undecided", accepted: "undecided" },
    after: { newcomer: "undecided", blind: "undecided", accepted: "undecided" },
  },
};

/**
 * The level that is stored for an identity when it is met for the first time.
 *
 * It stays when the policy changes: a laxer one trusts nothing by itself that a stricter one had left undecided, and
 * a stricter one keeps what is stored and lets it count for less ({@link countsAs}).
 *
 * @param hasVerified whether an identity of the same person was ever verified and that was not taken back
 */
export function levelOfNewcomer(policy: TrustPolicy, hasVerified: boolean): "trusted" | "undecided" {
  return rowOf(policy, hasVerified).newcomer;
}

/** What an identity counts as under a policy: to send to it, and to mark what comes from it. */
export function countsAs(policy: TrustPolicy, hasVerified: boolean, { level, by }: Standing): TrustLevel {
  if (level !== "trusted") return level;
  const row = rowOf(policy, hasVerified);
  return by === "first-use" ? row.blind : row.accepted;
}

/** Whether content may be encrypted for an identity that counts as this. Source: XEP-0384 0.8 §8. */
export function maySend(counted: TrustLevel): boolean {
  return counted === "trusted" || counted === "verified";
}

function rowOf(policy: TrustPolicy, hasVerified: boolean): Row {
  return MATRIX[policy][hasVerified ? "after" : "before"];
}
