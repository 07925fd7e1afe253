/**
 * The root of every error that the ratchet throws on purpose.
 *
 * Whenever one is thrown nothing has changed: the functions of the ratchet return new state and never touch
 * what they were given. `code` is stable and made for programs; `message` never holds a key or a plaintext.
 */
export class RatchetError extends Error {
  /** A stable, machine-readable name in kebab-case, for example `bad-mac`. */
  readonly code: string;

  /** @param code stable kebab-case name @param message for people @param cause what led to it */
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
  }
}

/** The bytes are no message of this profile: trying again with the same bytes never helps. */
export class MalformedMessage extends RatchetError {
  /** @param message which part is wrong @param cause what led to it */
  constructor(message: string, cause?: unknown) {
    super("malformed-message", message, cause);
  }
}

/**
 * A key has the wrong length, type or id, is no canonical point, or is of small order, so that the shared secret
 * would not depend on our private key. Trying again helps only with another bundle or message.
 */
export class MalformedKey extends RatchetError {
  /** @param message which key, and what is wrong with it @param cause what led to it */
  constructor(message: string, cause?: unknown) {
    super("malformed-key", message, cause);
  }
}

/** Stored bytes are no session that this version can read; only a new session helps. */
export class MalformedState extends RatchetError {
  /** @param message which part is wrong */
  constructor(message: string) {
    super("malformed-state", message);
  }
}

/** The signed prekey of a bundle is not signed by its identity key; fetching the bundle afresh may help. */
export class BadSignature extends RatchetError {
  /** Takes nothing: which bundle it was the caller knows. */
  constructor() {
    super("bad-signature", "the signed prekey is not signed by the identity key of its bundle");
  }
}

/**
 * The message was not made by the other end of this session: forged, damaged, or of another session.
 *
 * Trying again with the same session never helps; an older session with the same device may open it, and if none
 * does, a new session has to be built.
 */
export class BadMac extends RatchetError {
  /** @param message what did not fit */
  constructor(message = "the message is not authentic in this session") {
    super("bad-mac", message);
  }
}

/**
 * The message was decrypted before, or its skipped message key was dropped to keep within the caps.
 *
 * Trying again never helps; the session is healthy and the message can be ignored.
 */
export class DuplicateMessage extends RatchetError {
  /** Takes nothing: counters of a session stay inside. */
  constructor() {
    super("duplicate-message", "the key of this message was used already or is no longer kept");
  }
}

/**
 * The message lies further ahead in its chain than `MAX_SKIP` allows.
 *
 * Trying again helps once some of the messages between have been decrypted; else a new session has to be built.
 */
export class TooManySkippedKeys extends RatchetError {
  /** @param skipped how many message keys would be skipped @param limit how many may be */
  constructor(skipped: number, limit: number) {
    super("too-many-skipped-keys", `the message skips ${skipped} others, ${limit} are allowed`);
  }
}

/**
 * A prekey is missing: the message names one that is used up or unknown, or a bundle lacks a mandatory one.
 *
 * Trying again with the same message or bundle never helps; the sender has to fetch our bundle, or we theirs, afresh.
 */
export class NoPreKey extends RatchetError {
  /** @param message which kind of prekey */
  constructor(message: string) {
    super("no-pre-key", message);
  }
}

/**
 * The identity key is not the one that the caller expects for this device.
 *
 * Trying again never helps until a person has decided about the changed identity.
 */
export class UntrustedIdentity extends RatchetError {
  /** The identity key that was met, as published. */
  readonly identityKey: Uint8Array;

  /** @param identityKey the identity key that was met, as published */
  constructor(identityKey: Uint8Array) {
    super("untrusted-identity", "the identity key is not the expected one");
    this.identityKey = identityKey;
  }
}

/** There is no session with the sender at all; trying again helps once one is built, which only the sender's next can do. */
export class NoSession extends RatchetError {
  /** Takes nothing: which device it was the caller knows. */
  constructor() {
    super("no-session", "there is no session with this device");
  }
}
