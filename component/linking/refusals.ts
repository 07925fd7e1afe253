import { StanzaError, type StanzaCondition, type StanzaErrorType } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { type RefusalCode, SignUpRefusal } from "../sign-up/refusal.js";

interface Refused {
  readonly condition: StanzaCondition;
  readonly type?: StanzaErrorType;
}

/** The stanza error that goes with each refusal; its name is the application-specific condition. */
const CONDITIONS: Readonly<Record<RefusalCode, Refused>> = {
  "number-invalid": { condition: "not-acceptable" },
  "country-not-allowed": { condition: "not-allowed" },
  "channel-unavailable": { condition: "not-acceptable" },
  "too-many-requests": { condition: "policy-violation", type: "wait" },
  "codes-unavailable": { condition: "resource-constraint" },
  "too-early": { condition: "unexpected-request" },
  "no-more-codes": { condition: "not-allowed" },
  "session-unknown": { condition: "item-not-found" },
  "code-wrong": { condition: "not-authorized" },
  "code-expired": { condition: "not-authorized" },
  "checks-exhausted": { condition: "not-allowed" },
  "pin-invalid": { condition: "not-acceptable" },
  "pin-required": { condition: "not-authorized" },
  "pin-wrong": { condition: "not-authorized" },
  "pin-locked": { condition: "policy-violation", type: "wait" },
  "localpart-invalid": { condition: "not-acceptable" },
  "localpart-taken": { condition: "conflict" },
  "device-mismatch": { condition: "conflict" },
  "host-unavailable": { condition: "remote-server-timeout" },
  "host-refused": { condition: "service-unavailable", type: "wait" },
  "invitations-unavailable": { condition: "feature-not-implemented" },
  "account-made": { condition: "conflict" },
};

/** Runs a step of a sign-up and turns its refusal into the stanza error that tells it. @throws {StanzaError} */
export async function refusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignUpRefusal)) throw error;
    const { condition, type } = CONDITIONS[error.code];
    const wait =
      error.retryAfterMs === undefined || error.retryAfterMs === 0
        ? ""
        : ` (wait ${Math.ceil(error.retryAfterMs / 1000)} s)`;
    throw new StanzaError(condition, `${error.message}${wait}`, {
      applicationCondition: error.code,
      applicationNamespace: NS.signUp,
      cause: error,
      ...(type === undefined ? {} : { type }),
    });
  }
}
