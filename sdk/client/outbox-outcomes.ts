import {
  LinkError,
  StanzaError,
  StorageError,
  TwotickError,
  type StanzaCondition,
} from "../../src/errors.js";
import { OmemoError } from "../omemo/mod.js";

/** What a failed attempt means for what was attempted. */
export type Verdict =
  /** Trying again helps, after a while. */
  | "retry"
  /** The mailbox is not open (any more): what was submitted waits until it is. */
  | "unreachable"
  /** It never will be accepted. */
  | "final";

/** Not of type `wait`, and yet about the moment and not about the message. */
const PASSING: ReadonlySet<StanzaCondition> = new Set(["internal-server-error", "undefined-condition"]);

/** What the server says in place of a service that is not there. */
const ABSENT: ReadonlySet<StanzaCondition> = new Set([
  "remote-server-timeout",
  "remote-server-not-found",
  "service-unavailable",
  "recipient-unavailable",
]);

/** Faults that say nothing against the mailbox being open, or after which it is being opened already. */
const RETRIED: ReadonlySet<string> = new Set(["backlog-full", "service-away"]);

/** Judges why a whole `<submit/>` was not answered. */
export function judgeSubmit(error: unknown): Verdict {
  if (error instanceof LinkError) return RETRIED.has(error.code) ? "retry" : "unreachable";
  if (!(error instanceof StanzaError)) return error instanceof TwotickError ? "final" : "retry";
  if (ABSENT.has(error.condition) || error.applicationCondition === "not-attached") return "unreachable";
  return judgeRefusal(error);
}

/** Judges why one message was refused. */
export function judgeRefusal(error: StanzaError): Verdict {
  return error.type === "wait" || PASSING.has(error.condition) ? "retry" : "final";
}

/** Judges why a message could not be encrypted. */
export function judgeSeal(error: unknown): Verdict {
  if (error instanceof OmemoError) {
    return error.code === "no-devices" || error.code === "not-prepared" ? "retry" : "final";
  }
  if (error instanceof StanzaError) return ABSENT.has(error.condition) ? "retry" : judgeRefusal(error);
  if (error instanceof StorageError || error instanceof LinkError) return "retry";
  return error instanceof TwotickError ? "final" : "retry";
}

/** The error that a send ends with. */
export function asTwotickError(error: unknown): TwotickError {
  if (error instanceof TwotickError) return error;
  return new TwotickError("internal-error", "the message could not be sent", error);
}
