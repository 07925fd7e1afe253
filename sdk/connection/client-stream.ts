import { Client } from "@xmpp/client-core";
import { Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { LinkError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { StreamError, type StreamLimits, StreamParser } from "../../src/stream-parser.js";
import { childElements, type Element, namespaceOf, xml } from "../../src/xml.js";
import type { ServiceAddress } from "./options.js";

/** Who is told what arrives once the stream is negotiated. */
export interface StreamReader {
  /** A whole stanza or nonza. */
  element(element: Element): void;
  /** A stanza that went over a limit; only its start tag is left. */
  refused(head: Element, error: StreamError): void;
}

/** The parts of an @xmpp client that its types leave out. */
interface ClientInternals {
  _attachSocket(socket: Socket): void;
  _detachSocket(): void;
  _attachParser(parser: StreamParser): void;
  _detachParser(): void;
}

/** What may queue up while the login is under way; the rest of one TCP chunk fits. */
const MAX_UNREAD = 20_000;
const CLOSING_TAG = "</stream:stream>";

/** A TCP socket that sends at once instead of waiting for more (Nagle's algorithm costs 40 ms a round trip). */
class PromptSocket extends Socket {
  constructor() {
    super();
    this.setNoDelay(true);
  }
}

/**
 * One TCP connection to the server and its XML stream, over the client core of @xmpp.
 *
 * It lives once: every attempt to connect makes a new one, so no state of a broken stream survives. It ends
 * for exactly one reason, told by `ended`. What is written within one turn of the event loop goes out as one write.
 */
export class ClientStream extends Client {
  /** Settles, never rejects, with the reason when the stream is over. */
  readonly ended: Promise<LinkError>;
  /** When something last arrived, on the monotonic clock given. */
  lastHeardMs: number;
  readonly #nowMs: () => number;
  #resolveEnded: (reason: LinkError) => void = () => {};
  #reason: LinkError | undefined;
  #phase: "connecting" | "securing" | "open" = "connecting";
  #isClosing = false;
  #reader: StreamReader | undefined;
  #unread: Element[] = [];
  #waiting: { resolve(element: Element): void; reject(reason: LinkError): void } | undefined;
  #outgoing: string[] = [];
  #flushed: Promise<void> | undefined;

  /** @param domain whom the stream is for @param limits what may arrive @param nowMs a monotonic clock */
  constructor(domain: string, limits: Partial<StreamLimits>, nowMs: () => number) {
    // The deadline of the whole attempt is kept by who owns the stream; 0 is "no timer" to @xmpp.
    super({ domain });
    this.timeout = 0;
    this.#nowMs = nowMs;
    this.lastHeardMs = nowMs();
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.transports = [tcpTransport(limits) as unknown as (typeof this.transports)[number]];
    this.on("error", (error: unknown) => this.#fail(error));
    this.on("disconnect", () => this.end(new LinkError("connection-lost", "the connection was cut")));
    this.on("close", () => {
      if (!this.#isClosing) this.socket?.write(CLOSING_TAG, () => {});
      this.end(new LinkError("stream-closed", "the server closed the stream"));
    });
  }

  /** Opens the TCP connection, and TLS on it where that comes first. @throws {LinkError} */
  async dial(address: ServiceAddress, trusted: string | undefined): Promise<void> {
    await this.#orEnd(
      this.connect(
        `xmpp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`,
      ),
    );
    if (address.isDirectTls) await this.secure(trusted);
  }

  /** Opens the stream, or opens it again, and answers the server's features. @throws {LinkError} */
  async begin(): Promise<Element> {
    this.#internals()._detachParser();
    this.#unread = [];
    const { domain = "" } = this.options;
    // @xmpp begins to wait for the answer when its write was called back; over TLS the answer may be there before.
    const opened = new Promise<void>((resolve) => this.once("open", () => resolve()));
    this.open({ domain }).catch(() => {});
    await this.#orEnd(opened);
    this.#phase = "open";
    const features = await this.nextElement();
    if (features.is("features", NS.stream)) return features;
    throw new LinkError("bad-stream", `the server began with <${features.name}/> instead of its features`);
  }

  /** Puts TLS on the connection, verified for the domain. @throws {LinkError} `tls-failed` */
  async secure(trusted: string | undefined): Promise<void> {
    // Whatever came in clear together with the go-ahead may be an attacker's: RFC 6120 §5.4.3.3
    if (this.#unread.length > 0) throw new LinkError("tls-failed", "the server spoke before TLS was there");
    const plain = this.socket;
    if (!(plain instanceof Socket)) throw new LinkError("connection-lost", "the connection was cut");
    this.#phase = "securing";
    this.#internals()._detachParser();
    this.#internals()._detachSocket();
    const { domain = "" } = this.options;
    const secure = connectTls({
      socket: plain,
      servername: domain,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["xmpp-client"],
      ...(trusted === undefined ? {} : { ca: trusted }),
    });
    this.#internals()._attachSocket(secure);
    await this.#orEnd(new Promise<void>((resolve) => secure.once("secureConnect", resolve)));
  }

  /** Whether TLS is on the connection. */
  override isSecure(): boolean {
    return (this.socket as unknown) instanceof TLSSocket;
  }

  /** The next element while nobody reads steadily yet. @throws {LinkError} when the stream ends first */
  nextElement(): Promise<Element> {
    const element = this.#unread.shift();
    if (element) return Promise.resolve(element);
    if (this.#reason) return Promise.reject(this.#reason);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  /** Hands everything that arrives, what has not been read yet first, to a reader. */
  readBy(reader: StreamReader): void {
    const unread = this.#unread;
    this.#unread = [];
    this.#reader = reader;
    for (const element of unread) reader.element(element);
  }

  /**
   * Writes text at the end of this turn of the event loop, in one piece with whatever else is written in it.
   *
   * Resolves when the system has taken it, or the stream is over; it never rejects.
   */
  enqueue(text: string): Promise<void> {
    // RFC 6120 §4.4: nothing follows the closing tag
    if (this.#reason || this.#isClosing) return Promise.resolve();
    this.#outgoing.push(text);
    this.#flushed ??= new Promise((resolve) => setImmediate(() => this.#flush(resolve)));
    return this.#flushed;
  }

  /** What @xmpp itself writes goes the same way. */
  override write(text: string): Promise<void> {
    return this.enqueue(text);
  }

  /** Stops reading from the network, or goes on with it. */
  setReading(isReading: boolean): void {
    const socket = this.socket as unknown as Socket | null;
    if (isReading) socket?.resume();
    else socket?.pause();
  }

  /** Says goodbye; the stream ends when the server has answered it. Source: RFC 6120 §4.4. */
  async sayGoodbye(): Promise<void> {
    const written = this.enqueue(CLOSING_TAG);
    this.#isClosing = true;
    await written;
  }

  /** Ends the stream for a reason; only the first counts. */
  end(reason: LinkError): void {
    if (this.#reason) return;
    this.#reason = reason;
    const socket = this.socket as unknown as Socket | null;
    // Settles whatever @xmpp still waits for.
    this.emit("error", reason);
    socket?.destroy();
    this.#waiting?.reject(reason);
    this.#resolveEnded(reason);
  }

  /** @xmpp hands over what it read: bytes, of which the parser knows how to decode them. */
  _onData(data: Buffer): void {
    this.lastHeardMs = this.#nowMs();
    (this.parser as unknown as StreamParser | null)?.write(data);
  }

  /** @xmpp would tell five listeners through its middleware; here it is one call. */
  _onElement(element: Element): void {
    if (this.#reason) return;
    if (element.name === "stream:error" || element.is("error", NS.stream)) this.end(readStreamError(element));
    else if (this.#reader) this.#reader.element(element);
    else this.#keepUnread(element);
  }

  /** @xmpp attaches the parser that it made. */
  _attachParser(parser: StreamParser): void {
    parser.on("refused", (head, error) => {
      if (this.#reader) this.#reader.refused(head, error);
      else this.#fail(error);
    });
    (Client.prototype as unknown as ClientInternals)._attachParser.call(this, parser);
  }

  /** @xmpp would flatten every parser error to bad-format; it is told as it is in `#fail`. */
  _streamError(): Promise<void> {
    return Promise.resolve();
  }

  #keepUnread(element: Element): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(element);
    else if (this.#unread.push(element) > MAX_UNREAD) {
      this.end(new LinkError("bad-stream", "the server sends without end during the login"));
    }
  }

  #flush(resolve: () => void): void {
    const text = this.#outgoing.length === 1 ? (this.#outgoing[0] ?? "") : this.#outgoing.join("");
    this.#outgoing = [];
    this.#flushed = undefined;
    const socket = this.socket as unknown as Socket | null;
    if (this.#reason || !socket) resolve();
    else socket.write(text, () => resolve());
  }

  #fail(error: unknown): void {
    if (this.#reason) return;
    if (error instanceof StreamError) {
      const answer = xml("stream:error", {}, xml(error.code, { xmlns: NS.streamErrors }));
      this.socket?.write(answer.toString() + CLOSING_TAG, () => {});
    }
    this.end(error instanceof LinkError ? error : this.#networkError(error));
  }

  #networkError(cause: unknown): LinkError {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (this.#phase === "securing") return new LinkError("tls-failed", `no TLS: ${text}`, { cause });
    if (this.#phase === "connecting")
      return new LinkError("connection-failed", `cannot connect: ${text}`, { cause });
    return new LinkError("connection-lost", `the connection was cut: ${text}`, { cause });
  }

  async #orEnd<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([
      work,
      this.ended.then((reason) => {
        throw reason;
      }),
    ]);
  }

  #internals(): ClientInternals {
    return this as unknown as ClientInternals;
  }
}

/** The transport that @xmpp asks for sockets, parsers and the ends of the stream. Source: RFC 6120 §4.2. */
function tcpTransport(limits: Partial<StreamLimits>): { prototype: object } {
  class LimitedParser extends StreamParser {
    constructor() {
      super(limits);
    }
  }
  return {
    prototype: {
      Socket: PromptSocket,
      Parser: LimitedParser,
      socketParameters: (service: string) => {
        const { hostname, port } = new URL(service);
        return { host: hostname.replaceAll(/^\[|\]$/g, ""), port: Number(port) };
      },
      headerElement: () =>
        xml("stream:stream", { version: "1.0", xmlns: NS.client, "xmlns:stream": NS.stream }),
      header: (header: Element) => `<?xml version='1.0'?>${header.toString().slice(0, -2)}>`,
      footer: () => CLOSING_TAG,
      footerElement: () => undefined,
    },
  };
}

/** Reads a stream error. Source: RFC 6120 §4.9.2. */
function readStreamError(element: Element): StreamError {
  const children = childElements(element);
  const condition = children.find((child) => namespaceOf(child) === NS.streamErrors && child.name !== "text");
  const text = element.getChildText("text", NS.streamErrors);
  const name = condition?.name ?? "undefined-condition";
  return new StreamError(
    name,
    text ? `the server ended the stream: ${name} (${text})` : `the server ended the stream: ${name}`,
  );
}
