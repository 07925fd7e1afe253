import { EventEmitter } from "node:events";
import { LinkError, StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import type { StreamError } from "../../src/stream-parser.js";
import { attribute, type Element, stanzaErrorElement, xml } from "../../src/xml.js";
import { backoffMs } from "./backoff.js";
import { ComponentStream } from "./component-stream.js";
import { keepAlive } from "./keepalive.js";
import { type LinkOptions, linkSettings, type LinkSettings } from "./options.js";
import { ReadingGate } from "./reading-gate.js";
import { type RequestOptions, Requests } from "./requests.js";
import { sendableXml } from "./sendable.js";

/** What a {@link Link} tells. */
export interface LinkEvents {
  /** The server has taken the component; also after every reconnect. */
  online: [];
  /** The link is down; the link connects again by itself unless the error is fatal or it was stopped. */
  offline: [error: LinkError];
  /** An attempt or the link failed, or a handler did; for the log, nothing needs to be done. */
  error: [error: unknown];
  /** A stanza over a limit was refused, and its sender told; only its start tag is there. */
  refused: [head: Element, error: StreamError];
}

/** Takes a stanza; while many promises of it are open, reading pauses. */
export type StanzaHandler = (stanza: Element) => void | Promise<void>;

/**
 * The component's connection to its server: one domain, kept up until it is stopped.
 *
 * The server acknowledges nothing on this link: what was sent when it went down may or may not have arrived,
 * and whoever needs certainty asks for an answer and sends again under the same id. Source: XEP-0114.
 */
export class Link extends EventEmitter<LinkEvents> {
  /** Takes every stanza that is no answer to a request of this link. Set it before `start`. */
  onStanza: StanzaHandler = () => {};
  readonly #settings: LinkSettings;
  readonly #requests: Requests;
  readonly #gate: ReadingGate;
  #stream: ComponentStream | undefined;
  #attempt: ComponentStream | undefined;
  #pingId = "";
  #failures = 0;
  #onlineSinceMs = 0;
  #state: "new" | "running" | "stopped" = "new";
  #stopping: Promise<void> | undefined;
  #cancelWait: () => void = () => {};
  #cancelKeepalive: () => void = () => {};
  #settleStart: { resolve: () => void; reject: (error: LinkError) => void } | undefined;

  /** @param options where the server is, who the component is, and what differs from the defaults */
  constructor(options: LinkOptions) {
    super();
    this.#settings = linkSettings(options);
    this.#requests = new Requests(this.#settings.clock);
    this.#gate = new ReadingGate(this.#settings.maxInFlight, {
      pause: () => this.#stream?.pause(),
      resume: () => this.#stream?.resume(),
      failed: (error) => this.#report(error),
    });
  }

  /** Whether stanzas can be sent now. */
  get isOnline(): boolean {
    return this.#stream !== undefined;
  }

  /** The domain that the link serves. */
  get domain(): string {
    return this.#settings.domain;
  }

  /** Connects and keeps trying; settles at the first success. @throws {LinkError} that is fatal, or `stopped` */
  async start(): Promise<void> {
    if (this.#state !== "new")
      throw new LinkError("already-started", "a link is started once", { isFatal: true });
    this.#state = "running";
    await new Promise<void>((resolve, reject) => {
      this.#settleStart = { resolve, reject };
      void this.#connect();
    });
  }

  /** Writes what is left, closes the stream and does not connect again; until then stanzas are still handed over. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    await this.#stopping;
  }

  /**
   * Sends a stanza; a ready string must be well-formed and have `from` and `to`.
   *
   * All of one tick goes out in one write. Answers false while more output waits than the high-water mark;
   * the stanza is taken all the same, but the caller should await {@link drained}.
   * @throws {LinkError} `not-connected` or `buffer-full` @throws {UnsendableStanza}
   */
  send(stanza: Element | string): boolean {
    if (this.#stream === undefined) throw new LinkError("not-connected", "the link to the server is down");
    return this.#stream.outbox.add(sendableXml(stanza, this.#settings));
  }

  /** Settles once enough output has been taken. @throws {LinkError} when the link is down or goes down */
  async drained(): Promise<void> {
    if (this.#stream === undefined) throw new LinkError("not-connected", "the link to the server is down");
    await this.#stream.outbox.drained();
  }

  /**
   * Sends an IQ of type get or set under a fresh id, which is written into it, and waits for its result.
   *
   * @throws {StanzaError} what the peer answered
   * @throws {LinkError} `timeout`, `not-connected`, or why the link went down: the outcome is then unknown
   */
  async request(iq: Element, options: RequestOptions = {}): Promise<Element> {
    const id = newId();
    iq.attrs["id"] = id;
    iq.attrs["from"] ??= this.domain;
    const addresses = { id, from: attribute(iq, "from") ?? "", to: attribute(iq, "to") ?? "" };
    const { timeoutMs = this.#settings.requestTimeoutMs, onAnswer } = options;
    const answer = this.#requests.wait(addresses, timeoutMs, onAnswer);
    try {
      this.send(iq);
    } catch (error) {
      this.#requests.withdraw(id);
      throw error;
    }
    return await answer;
  }

  /** Stops reading, also across reconnects; the stanzas of the chunk that was read last still come. */
  pause(): void {
    this.#gate.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#gate.resume();
  }

  async #shutDown(): Promise<void> {
    this.#state = "stopped";
    this.#cancelWait();
    const stopped = new LinkError("stopped", "the link was stopped");
    this.#attempt?.fail(stopped);
    await this.#stream?.finish();
    this.#requests.failAll(stopped);
    this.#settleStart?.reject(stopped);
    this.#settleStart = undefined;
  }

  async #connect(): Promise<void> {
    const stream: ComponentStream = new ComponentStream(this.#settings, {
      opened: () => this.#onOnline(stream),
      stanza: (stanza) => this.#onStanza(stanza),
      refused: (head, error) => this.#onRefused(head, error),
      closed: (error) => this.#onClosed(error),
    });
    this.#attempt = stream;
    try {
      await stream.start();
    } catch (error) {
      this.#attempt = undefined;
      this.#onFailure(error as LinkError);
    }
  }

  #onOnline(stream: ComponentStream): void {
    const { clock } = this.#settings;
    this.#attempt = undefined;
    this.#stream = stream;
    this.#onlineSinceMs = clock.monotonicMs();
    this.#cancelKeepalive = keepAlive(this.#settings, {
      receivedBytes: () => stream.receivedBytes,
      isPaused: () => this.#gate.isClosed,
      probe: () => this.#probe(),
      onDead: () => stream.fail(new LinkError("timeout", "the server stayed silent")),
    });
    if (this.#gate.isClosed) stream.pause();
    this.#settleStart?.resolve();
    this.#settleStart = undefined;
    this.emit("online");
  }

  #onClosed(error: LinkError): void {
    this.#cancelKeepalive();
    this.#stream = undefined;
    // a link that is taken and dropped again and again must not begin at the shortest wait each time
    const wasStable = this.#settings.clock.monotonicMs() - this.#onlineSinceMs >= this.#settings.backoffMaxMs;
    if (wasStable) this.#failures = 0;
    this.#requests.failAll(error);
    this.emit("offline", error);
    this.#onFailure(error);
  }

  #onFailure(error: LinkError): void {
    if (this.#state === "stopped") return;
    this.#report(error);
    if (error.isFatal) {
      this.#state = "stopped";
      this.#settleStart?.reject(error);
      this.#settleStart = undefined;
      return;
    }
    const waitMs = backoffMs(this.#failures, this.#settings);
    this.#failures += 1;
    this.#cancelWait = this.#settings.clock.after(waitMs, () => void this.#connect());
  }

  #onStanza(stanza: Element): void {
    if (stanza.name === "iq") {
      const type = attribute(stanza, "type");
      if ((type === "result" || type === "error") && this.#requests.take(stanza)) return;
      if (this.#pingId !== "" && attribute(stanza, "id") === this.#pingId && type === "get") return;
    }
    this.#gate.run(this.onStanza, stanza);
  }

  /** Asks the server for a stanza to ourselves: it comes back on this link, whatever else the server serves. */
  #probe(): void {
    this.#pingId = newId();
    const { domain } = this.#settings;
    const ping = xml("ping", { xmlns: NS.ping });
    this.#sendOrReport(xml("iq", { type: "get", id: this.#pingId, from: domain, to: domain }, ping));
  }

  #onRefused(head: Element, error: StreamError): void {
    this.emit("refused", head, error);
    const type = attribute(head, "type");
    if (head.name === "iq" && (type === "result" || type === "error"))
      return void this.#requests.fail(head, error);
    if (type === "error") return;
    const [from, to, id] = [attribute(head, "to"), attribute(head, "from"), attribute(head, "id")];
    const refusal = new StanzaError("policy-violation", `not accepted: ${error.message}`);
    this.#sendOrReport(xml(head.name, { type: "error", from, to, id }, stanzaErrorElement(refusal)));
  }

  #sendOrReport(stanza: Element): void {
    try {
      this.send(stanza);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Tells an error to whoever listens; without a listener it must not end the process. */
  #report(error: unknown): void {
    if (this.listenerCount("error") > 0) this.emit("error", error);
  }
}
