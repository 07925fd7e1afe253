import { InvalidInput, LinkError } from "../../src/errors.js";
import { StreamError } from "../../src/stream-parser.js";
import type { Element } from "../../src/xml.js";
import type { SendLimits } from "./options.js";

/** A stanza that was sent and that the server has not acknowledged. */
export interface PendingStanza {
  readonly text: string;
  /** What the caller of `send` gave; nothing for what the connection sent by itself. */
  readonly stanza: Element | string | undefined;
}

// XEP-0198 §4: h wraps to zero after 2^32-1
const WRAP = 2 ** 32;

/**
 * Counts the stanzas of one session both ways and keeps those that the server has not acknowledged.
 *
 * It outlives the stream: after a resumption the same counts go on. Without XEP-0198 on the server it
 * is fed by the answers to pings, which come in order and so acknowledge what was sent before.
 * Source: XEP-0198 §4 and §5.
 */
export class StreamManagement {
  /** The id to resume with; nothing when the session cannot be resumed. */
  resumptionId: string | undefined;
  /** Whether the server counts too (XEP-0198). */
  isEnabled = false;
  #received = 0;
  #acknowledged = 0;
  #pending: PendingStanza[] = [];
  #pendingLength = 0;

  /** How many stanzas have arrived, as `h` wants it. */
  get received(): number {
    return this.#received;
  }

  /** How many stanzas were sent so far. */
  get sent(): number {
    return (this.#acknowledged + this.#pending.length) % WRAP;
  }

  /** How many stanzas the server has not acknowledged. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Their size in UTF-16 code units. */
  get pendingLength(): number {
    return this.#pendingLength;
  }

  /** Counts a stanza that arrived. */
  countReceived(): void {
    this.#received = (this.#received + 1) % WRAP;
  }

  /** Sees to it that one more stanza may be sent. @throws {InvalidInput} @throws {LinkError} `backlog-full` */
  requireRoom(text: string, { maxStanzaBytes, maxPendingStanzas, maxPendingLength }: SendLimits): void {
    if (text.length > maxStanzaBytes / 3 && Buffer.byteLength(text) > maxStanzaBytes) {
      throw new InvalidInput(`a stanza has at most ${maxStanzaBytes} bytes`);
    }
    if (this.pendingCount >= maxPendingStanzas || this.pendingLength + text.length > maxPendingLength) {
      throw new LinkError("backlog-full", "the server has not acknowledged what was sent before");
    }
  }

  /** Keeps a stanza that is being sent. */
  keep(stanza: PendingStanza): void {
    this.#pending.push(stanza);
    this.#pendingLength += stanza.text.length;
  }

  /**
   * Lets go of what the server has taken.
   *
   * @param handled the server's `h`
   * @throws {StreamError} `undefined-condition` when it claims more than was sent: XEP-0198 §4
   */
  acknowledge(handled: number): void {
    const count = (handled - this.#acknowledged + WRAP) % WRAP;
    if (!Number.isInteger(handled) || count > this.#pending.length) {
      throw new StreamError("undefined-condition", "the server acknowledged more stanzas than were sent");
    }
    const gone = this.#pending.splice(0, count);
    for (const { text } of gone) this.#pendingLength -= text.length;
    this.#acknowledged = handled;
  }

  /** What must be sent again after a resumption. */
  unacknowledged(): readonly PendingStanza[] {
    return this.#pending;
  }

  /** Ends the session: answers what the server never acknowledged, and forgets it. */
  abandon(): PendingStanza[] {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingLength = 0;
    this.resumptionId = undefined;
    this.isEnabled = false;
    return pending;
  }
}
