import { createHash } from "node:crypto";
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Component } from "@xmpp/component-core";
import { LinkError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { StreamError, StreamParser, type StreamParserEvents } from "../../src/stream-parser.js";
import { attribute, childElements, type Element, namespaceOf, xml } from "../../src/xml.js";
import type { LinkSettings } from "./options.js";
import { Outbox } from "./outbox.js";

/** Who is told what one stream brings. */
export interface StreamSink {
  /** The server has taken the component; told before the first stanza that came with the same bytes. */
  opened(): void;
  /** A stanza has arrived. */
  stanza(stanza: Element): void;
  /** A stanza went over a limit; only its start tag is there. */
  refused(head: Element, error: StreamError): void;
  /** The stream is gone; told exactly once. */
  closed(error: LinkError): void;
}

/** One connection to the server from its first byte to its last; it is never used again. Source: XEP-0114 §3. */
export class ComponentStream extends Component {
  readonly outbox: Outbox;
  readonly #settings: LinkSettings;
  readonly #sink: StreamSink;
  readonly #outcome: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: LinkError) => void = () => {};
  #isOnline = false;
  #isClosed = false;
  #isFinishing = false;
  #onEnd: () => void = () => {};

  /** @param settings the link's @param sink who is told once `start` has succeeded */
  constructor(settings: LinkSettings, sink: StreamSink) {
    super({ domain: settings.domain });
    this.#settings = settings;
    this.#sink = sink;
    this.outbox = new Outbox(settings, {
      write: (text, written) => this.socket?.write(text, written),
      unwrittenBytes: () => this.socket?.writableLength ?? 0,
    });
    this.#outcome = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.Parser = class extends StreamParser {
      constructor() {
        super(settings.limits);
      }
    };
    this.on("error", (error: unknown) => this.#onError(error));
    this.on("close", () => this.#onServerEnd());
    this.on("disconnect", () => this.#onServerEnd());
  }

  /** Connects, opens the stream and proves the secret, all within one deadline. @throws {LinkError} */
  async start(): Promise<void> {
    const { clock, openTimeoutMs } = this.#settings;
    const late = (): void =>
      this.fail(new LinkError("timeout", "the server did not take the component in time"));
    const cancelDeadline = clock.after(openTimeoutMs, late);
    this.#negotiate().catch((error: unknown) => this.#onError(error));
    try {
      await this.#outcome;
    } finally {
      cancelDeadline();
    }
  }

  /** Stops reading from the socket; what was read already is still told. */
  pause(): void {
    this.socket?.pause();
  }

  /** Reads again. */
  resume(): void {
    this.socket?.resume();
  }

  /** How many bytes have arrived: as long as it rises the peer is alive. */
  get receivedBytes(): number {
    return this.socket?.bytesRead ?? 0;
  }

  /** Writes what has gathered, closes the stream and waits for the server to do the same, or for the deadline. */
  async finish(): Promise<void> {
    if (this.#isClosed) return;
    this.#isFinishing = true;
    // what is left unread would make the system reset the connection, and what was just written could be lost
    this.resume();
    const ended = new Promise<void>((resolve) => (this.#onEnd = resolve));
    const cancelDeadline = this.#settings.clock.after(this.#settings.closeTimeoutMs, () => this.#onEnd());
    this.outbox.flush();
    // RFC 6120 §4.4: close the stream, wait for the other side, then close the connection
    this.socket?.write("</stream:stream>");
    await ended;
    cancelDeadline();
    this.fail(new LinkError("stopped", "the link was stopped"));
  }

  /** Ends the connection at once and tells why. */
  fail(error: LinkError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const wasOnline = this.#isOnline;
    this.#isOnline = false;
    this.#onEnd();
    this.outbox.close(error);
    this.#reject(error);
    // settles what still waits inside of the library
    this.emit("error", error);
    this.#closeSocket(error);
    if (wasOnline) this.#sink.closed(error);
  }

  override socketParameters(): { host: string; port: number } {
    return { host: this.#settings.host, port: this.#settings.port };
  }

  override _attachSocket(socket: Socket): void {
    super._attachSocket(socket);
    // small stanzas would wait for the acknowledgement of the ones before
    socket.setNoDelay(true);
  }

  override _attachParser(parser: EventEmitter): void {
    super._attachParser(parser);
    (parser as EventEmitter<StreamParserEvents>).on("refused", (head, error) => this.#onRefused(head, error));
  }

  /** Hands the bytes over undecoded: a chunk may end within a character. */
  override _onData(data: Uint8Array): void {
    this.parser?.write(data);
  }

  override _onElement(element: Element): void {
    if (this.#isClosed) return;
    const { name } = element;
    if (this.#isOnline && (name === "message" || name === "iq" || name === "presence"))
      this.#sink.stanza(element);
    else if (element.getName() === "error" && namespaceOf(element) === NS.stream)
      this.fail(readStreamError(element));
    else if (!this.#isOnline && name === "handshake") this.#onTaken();
    else
      this.fail(
        new StreamError("unsupported-stanza-type", "the server sent what a component does not expect"),
      );
  }

  /** Tells the server what was wrong and ends the stream. Source: RFC 6120 §4.9.1. */
  override _onParserError(error: Error): void {
    const failure =
      error instanceof StreamError ? error : new StreamError("undefined-condition", error.message);
    const condition = xml(failure.code, { xmlns: NS.streamErrors });
    this.socket?.write(`<stream:error>${condition.toString()}</stream:error></stream:stream>`);
    this.fail(failure);
  }

  async #negotiate(): Promise<void> {
    const { domain, secret, openTimeoutMs } = this.#settings;
    await this.connect("");
    const header = await this.open({ domain, timeout: openTimeoutMs });
    const id = attribute(header, "id");
    if (id === undefined) throw new StreamError("bad-format", "the server's stream has no id");
    // XEP-0114 §3: the SHA-1 of the stream's id and the secret, in UTF-8
    const proof = createHash("sha1").update(`${id}${secret}`, "utf8").digest("hex");
    this.socket?.write(xml("handshake", {}, proof).toString());
  }

  #onTaken(): void {
    this.#isOnline = true;
    this.#resolve();
    this.#sink.opened();
  }

  #onRefused(head: Element, error: StreamError): void {
    if (this.#isOnline) this.#sink.refused(head, error);
    else this._onParserError(error);
  }

  #onError(error: unknown): void {
    if (error instanceof LinkError) return this.fail(error);
    const message = error instanceof Error && error.message !== "" ? error.message : "the connection failed";
    this.fail(new LinkError(this.#isOnline ? "connection-lost" : "not-connected", message, { cause: error }));
  }

  #onServerEnd(): void {
    if (this.#isFinishing) this.#onEnd();
    else this.fail(new LinkError("connection-lost", "the server closed the stream"));
  }

  /** Closes at once; after a stream error, which should still arrive, soon. */
  #closeSocket(error: LinkError): void {
    const { socket } = this;
    if (!(error instanceof StreamError)) return void socket?.destroy();
    socket?.destroySoon();
    this.#settings.clock.after(this.#settings.closeTimeoutMs, () => socket?.destroy());
  }
}

/** Reads what the server gives as the reason. Source: RFC 6120 §4.9.2. */
function readStreamError(element: Element): StreamError {
  const condition = childElements(element).find(
    (c) => namespaceOf(c) === NS.streamErrors && c.name !== "text",
  );
  const code = condition?.name ?? "undefined-condition";
  // a wrong secret stays wrong; every other condition can pass (XEP-0114 §3)
  return new StreamError(code, `the server ended the stream: ${code}`, {
    isFatal: code === "not-authorized",
  });
}
