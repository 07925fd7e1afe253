import { LinkError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";

/** What a connection is doing: `waiting` is between two attempts. */
export type ConnectionState = "offline" | "connecting" | "online" | "waiting" | "stopping";

/** What a connection tells. */
export interface ConnectionEvents {
  /** Stanzas flow. Unless `isResumed` it is a new session: presence and the like must be sent again. */
  online: { jid: Jid; isResumed: boolean };
  /** The stream is over; `isResumable` says whether the session may go on where it stopped. */
  offline: { reason: LinkError; isResumable: boolean };
  /** A message or presence, in the order of arrival. IQs are answered or matched to their request. */
  stanza: Element;
  /**
   * Sent stanzas that no server acknowledged before their session was lost: each may have arrived or not.
   *
   * Told once for each stanza given to `send`; a `request` rejects with `unknown-outcome` instead.
   */
  unacknowledged: { stanzas: readonly (Element | string)[] };
  /** Something went wrong and the connection goes on: a failed attempt, a refused stanza, a listener that threw. */
  error: unknown;
  /** The connection has stopped by itself, as trying again cannot help: credentials, or the resource was taken over. */
  fatal: LinkError;
}

/** The reason when the owner stopped it. */
export function stopped(): LinkError {
  return new LinkError("stopped", "the connection was stopped");
}

/** The reason when a session is lost. */
export function unknownOutcome(): LinkError {
  return new LinkError("unknown-outcome", "the session was lost: whether this was carried out is unknown");
}

/** RFC 6120 §4.9.3.3: after another connection took the resource, coming back would start a fight. */
export function withdrawn(reason: LinkError): LinkError {
  if (reason.code !== "conflict") return reason;
  return new LinkError("conflict", "another connection took over this resource", {
    isFatal: true,
    cause: reason,
  });
}
