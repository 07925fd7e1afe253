import { LinkError, type TwotickError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import type { StreamError } from "../../src/stream-parser.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import type { ClientStream, StreamReader } from "./client-stream.js";
import { Heartbeat } from "./heartbeat.js";
import type { NegotiatedSession } from "./negotiation.js";
import type { ConnectionSettings } from "./options.js";
import type { PendingStanza, StreamManagement } from "./stream-management.js";

/** In bulk the server is asked once in so many stanzas what it has taken, so that little is kept. */
const ASK_EVERY = 256;

/** Who gets the stanzas of a session. */
export interface SessionOwner {
  /** A message, presence or IQ. */
  stanza(stanza: Element): void;
  /** A stanza of which only the start tag could be read. */
  refused(head: Element, error: TwotickError): void;
}

/** One stretch of being online: a stream, the counts of stream management and the heartbeat, put together. */
export class Session implements StreamReader {
  readonly jid: Jid;
  readonly isResumed: boolean;
  readonly management: StreamManagement;
  readonly #stream: ClientStream;
  readonly #owner: SessionOwner;
  readonly #heartbeat: Heartbeat;
  readonly #early: Element[];
  #isPaused = false;
  #isProven: boolean;
  #isAnswerQueued = false;
  #ping: { id: string; sentBefore: number } | undefined;

  /** @param owner gets what arrives once `begin` is called */
  constructor(
    stream: ClientStream,
    negotiated: NegotiatedSession,
    settings: ConnectionSettings,
    owner: SessionOwner,
  ) {
    this.#stream = stream;
    this.#owner = owner;
    this.#early = negotiated.early;
    this.jid = negotiated.jid;
    this.isResumed = negotiated.isResumed;
    this.#isProven = !negotiated.isResumed;
    this.management = negotiated.management;
    this.#heartbeat = new Heartbeat(settings.clock, settings.heartbeat, {
      lastHeardMs: () => stream.lastHeardMs,
      isPaused: () => this.#isPaused,
      probe: () => this.#probe(),
      giveUp: () => stream.end(new LinkError("peer-silent", "the server gave no sign of life in time")),
    });
  }

  /**
   * Whether the server reads what is sent: a resumed stream has to show it.
   *
   * Prosody 0.12 feeds the bytes of a resumed stream to the parser of the one that was cut. If the cut went through
   * a stanza, that parser swallows or refuses everything from then on.
   */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** Hands over what arrived meanwhile, and from now on. */
  begin(): void {
    if (!this.#isProven) this.#heartbeat.ask();
    for (const stanza of this.#early) this.#owner.stanza(stanza);
    this.#stream.readBy(this);
  }

  /** Sends a stanza; from here on it is acknowledged, or reported when the session is abandoned. */
  send(stanza: PendingStanza): Promise<void> {
    this.management.keep(stanza);
    if (!this.#isProven) return Promise.resolve();
    const written = this.#stream.enqueue(stanza.text);
    if (this.management.pendingCount % ASK_EVERY === 0) this.#heartbeat.ask();
    else this.#heartbeat.sent();
    return written;
  }

  /** Stops reading from the network, or goes on. */
  setReading(isReading: boolean): void {
    this.#isPaused = !isReading;
    this.#stream.setReading(isReading);
  }

  /** Tells the server what arrived, and asks what it took; the answer comes before it closes the stream. */
  async sayGoodbye(): Promise<void> {
    if (this.management.pendingCount > 0) this.#heartbeat.ask();
    if (this.management.isEnabled) void this.#stream.enqueue(this.#acknowledgement());
    await this.#stream.sayGoodbye();
  }

  /** Ends the heartbeat, when the stream has ended. */
  stop(): void {
    this.#heartbeat.stop();
  }

  /** Takes what the stream read. */
  element(element: Element): void {
    if (element.name === "message" || element.name === "iq" || element.name === "presence") {
      this.management.countReceived();
      if (!this.#isPingAnswer(element)) this.#owner.stanza(element);
      return;
    }
    if (element.is("r", NS.streamManagement)) this.#acknowledge();
    else if (element.is("a", NS.streamManagement)) this.#takeAcknowledgement(Number(attribute(element, "h")));
  }

  /** Takes the start tag of a stanza that was over a limit; the server has counted it. */
  refused(head: Element, error: StreamError): void {
    this.management.countReceived();
    this.#owner.refused(head, error);
  }

  /** XEP-0198 §5: what the server has not handled is sent again, in order, before anything new. */
  #sendAgain(): void {
    this.#isProven = true;
    for (const { text } of this.management.unacknowledged()) void this.#stream.enqueue(text);
  }

  #probe(): void {
    if (this.management.isEnabled) {
      void this.#stream.enqueue(`<r xmlns='${NS.streamManagement}'/>`);
      return;
    }
    const id = newId();
    this.#ping = { id, sentBefore: this.management.sent };
    const ping = xml("iq", { type: "get", id, to: this.jid.domain }, xml("ping", { xmlns: NS.ping }));
    void this.#stream.enqueue(ping.toString());
  }

  /** XEP-0199 §4.1: a result or an error, both are a sign of life. */
  #isPingAnswer(element: Element): boolean {
    const ping = this.#ping;
    if (!ping || element.name !== "iq" || attribute(element, "id") !== ping.id) return false;
    this.#ping = undefined;
    this.#takeAcknowledgement(ping.sentBefore);
    return true;
  }

  #takeAcknowledgement(handled: number): void {
    try {
      this.management.acknowledge(handled);
    } catch (error) {
      if (error instanceof LinkError) this.#stream.end(error);
      return;
    }
    if (!this.#isProven) this.#sendAgain();
    const { pendingCount } = this.management;
    this.#heartbeat.answered(pendingCount === 0);
    if (pendingCount >= ASK_EVERY) this.#heartbeat.ask();
  }

  /** Once for all the requests of one chunk: the count is the latest when it is written. */
  #acknowledge(): void {
    if (this.#isAnswerQueued) return;
    this.#isAnswerQueued = true;
    queueMicrotask(() => {
      this.#isAnswerQueued = false;
      void this.#stream.enqueue(this.#acknowledgement());
    });
  }

  #acknowledgement(): string {
    return `<a xmlns='${NS.streamManagement}' h='${this.management.received}'/>`;
  }
}
