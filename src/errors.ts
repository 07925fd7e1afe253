/**
 * The root of every error that Twotick throws on purpose.
 *
 * `code` is stable and made for programs; `message` is made for people and never holds a message body, a
 * code, a token, a key or a full phone number.
 */
export class TwotickError extends Error {
  /** A stable, machine-readable name in kebab-case, for example `item-not-found`. */
  readonly code: string;

  /** @param code stable kebab-case name @param message for people @param cause what led to it */
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
  }
}

/** What the caller passed in is not valid; trying again with the same value does not help. */
export class InvalidInput extends TwotickError {
  /** @param message what is wrong, and with which value's name */
  constructor(message: string, cause?: unknown) {
    super("invalid-input", message, cause);
  }
}

/**
 * The connection to the server could not be made, was lost or was refused.
 *
 * Trying again helps unless `isFatal`: wrong credentials stay wrong.
 */
export class LinkError extends TwotickError {
  /** Whether reconnecting with the same settings cannot help. */
  readonly isFatal: boolean;

  /** @param code for example `not-connected`, `timeout`, `not-authorized` */
  constructor(code: string, message: string, options: { isFatal?: boolean; cause?: unknown } = {}) {
    super(code, message, options.cause);
    this.isFatal = options.isFatal ?? false;
  }
}

/** The store could not do what was asked: disk full, corrupt file, newer schema. */
export class StorageError extends TwotickError {}

/** How the receiver of a stanza error should react. Source: RFC 6120 §8.3.2. */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The defined conditions of a stanza error. Source: RFC 6120 §8.3.3. */
export const STANZA_CONDITIONS = [
  "bad-request",
  "conflict",
  "feature-not-implemented",
  "forbidden",
  "gone",
  "internal-server-error",
  "item-not-found",
  "jid-malformed",
  "not-acceptable",
  "not-allowed",
  "not-authorized",
  "policy-violation",
  "recipient-unavailable",
  "redirect",
  "registration-required",
  "remote-server-not-found",
  "remote-server-timeout",
  "resource-constraint",
  "service-unavailable",
  "subscription-required",
  "undefined-condition",
  "unexpected-request",
] as const;

/** One of {@link STANZA_CONDITIONS}. */
export type StanzaCondition = (typeof STANZA_CONDITIONS)[number];

/** Whether `text` names a defined condition. */
export function isStanzaCondition(text: string | undefined): text is StanzaCondition {
  return STANZA_CONDITIONS.includes(text as StanzaCondition);
}

/** The error type that goes with a condition unless the thrower knows better. Source: RFC 6120 §8.3.3. */
const DEFAULT_TYPE: Partial<Record<StanzaCondition, StanzaErrorType>> = {
  "bad-request": "modify",
  forbidden: "auth",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  "registration-required": "auth",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "subscription-required": "auth",
  "unexpected-request": "wait",
};

/**
 * The peer said no, or is to be told no: a stanza error with its XMPP condition and a sentence for people.
 *
 * Trying again helps when `type` is `wait`; `modify` wants a changed request; `auth` wants credentials.
 * Source: RFC 6120 §8.3.
 */
export class StanzaError extends TwotickError {
  readonly condition: StanzaCondition;
  readonly type: StanzaErrorType;
  /** The local name of an application-specific condition, if there is one. Source: RFC 6120 §8.3.4. */
  readonly applicationCondition: string | undefined;
  /** The namespace of that condition; `undefined` stands for `urn:twotick:mailbox:1`. */
  readonly applicationNamespace: string | undefined;

  /** @param condition XMPP condition @param text for people; reaches the peer as `<text/>` */
  constructor(
    condition: StanzaCondition,
    text: string,
    options: {
      type?: StanzaErrorType;
      applicationCondition?: string;
      applicationNamespace?: string;
      cause?: unknown;
    } = {},
  ) {
    super(condition, text, options.cause);
    this.condition = condition;
    this.type = options.type ?? DEFAULT_TYPE[condition] ?? "cancel";
    this.applicationCondition = options.applicationCondition;
    this.applicationNamespace = options.applicationNamespace;
  }
}
