import { InvalidInput, LinkError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import {
  type ConnectionEvents,
  type ConnectionState,
  stopped,
  unknownOutcome,
  withdrawn,
} from "./connection-events.js";
import { ClientStream } from "./client-stream.js";
import { TypedEvents } from "./events.js";
import { type IqHandler, IqHandlers } from "./iq-handlers.js";
import { IqRequests, type RequestOptions } from "./iq-requests.js";
import { negotiate, type SuspendedSession } from "./negotiation.js";
import { type ConnectionOptions, type ConnectionSettings, resolveOptions } from "./options.js";
import { ReconnectPause } from "./reconnect-pause.js";
import { ScramPassword } from "./scram.js";
import { Session } from "./session.js";
import { StanzaIntake } from "./stanza-intake.js";

export type { ConnectionEvents, ConnectionState } from "./connection-events.js";
export type { IqHandler } from "./iq-handlers.js";
export type { RequestOptions } from "./iq-requests.js";
export type { ConnectionOptions, HeartbeatOptions, RetryOptions, SendLimits } from "./options.js";

/** How long the server may take to say goodbye. */
const GOODBYE_MS = 2_000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * A client's connection to its XMPP server that keeps itself alive.
 *
 * Once started it connects, logs in, notices a dead server within seconds, reconnects with a growing, random
 * delay and resumes the session (XEP-0198), until it is stopped or the server says that it need not come back.
 * It keeps nothing on disk: what must not be lost belongs into an outbox above it, which learns the
 * fate of each stanza from `send`, `request` and the event `unacknowledged`.
 * Source: RFC 6120, XEP-0198, XEP-0199.
 */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #scram: ScramPassword;
  readonly #events = new TypedEvents<ConnectionEvents>((error) => this.#events.emit("error", error));
  readonly #handlers = new IqHandlers((error) => this.#events.emit("error", error));
  readonly #requests: IqRequests;
  readonly #intake: StanzaIntake;
  readonly #pause: ReconnectPause;
  #state: ConnectionState = "offline";
  #run: Promise<void> | undefined;
  #stream: ClientStream | undefined;
  #session: Session | undefined;
  #suspended: SuspendedSession | undefined;
  #isReading = true;
  #settleStart: ((failure?: LinkError) => void) | undefined;

  /** @throws {InvalidInput} naming the option that is wrong */
  constructor(options: ConnectionOptions) {
    this.#settings = resolveOptions(options);
    this.#scram = new ScramPassword(this.#settings.password);
    this.#requests = new IqRequests(this.#settings.clock);
    this.#pause = new ReconnectPause(this.#settings);
    this.#intake = new StanzaIntake({
      handlers: this.#handlers,
      requests: this.#requests,
      stanza: (stanza) => this.#events.emit("stanza", stanza),
      error: (error) => this.#events.emit("error", error),
      answer: (answer) => this.#sendIfPossible(answer),
    });
  }

  /** What it is doing. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The full JID of the session, also while it is cut and may be resumed. */
  get jid(): Jid | undefined {
    return this.#session?.jid ?? this.#suspended?.jid;
  }

  /** How many stanzas the server has not acknowledged. */
  get pendingStanzas(): number {
    return (this.#session ?? this.#suspended)?.management.pendingCount ?? 0;
  }

  /** Adds a listener; what it answers removes it again. */
  on<Name extends keyof ConnectionEvents>(
    name: Name,
    listener: (detail: ConnectionEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** Answers IQ requests with this payload; without a handler they are refused (pings are answered). */
  handle(type: "get" | "set", namespace: string, name: string, handler: IqHandler): void {
    this.#handlers.set(type, namespace, name, handler);
  }

  /**
   * Connects, and from then on keeps the connection. Resolves when it is online for the first time.
   *
   * Failed attempts are told as `error` and repeated.
   * @throws {LinkError} when it can never come online (`isFatal`), or was stopped before
   * @throws {InvalidInput} when it is started already
   */
  async start(): Promise<void> {
    if (this.#run) throw new InvalidInput("the connection is started already");
    const started = new Promise<void>((resolve, reject) => {
      this.#settleStart = (failure) => (failure ? reject(failure) : resolve());
    });
    this.#pause.reset();
    this.#state = "connecting";
    this.#run = this.#keepConnected();
    await started;
  }

  /** Says goodbye to the server and ends; requests that still wait are rejected. Can be started again. */
  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    this.#state = "stopping";
    this.#pause.end();
    if (this.#session) await this.#sayGoodbye(this.#session);
    this.#stream?.end(stopped());
    await run;
  }

  /**
   * Sends one stanza. Resolves when the system has taken it.
   *
   * From then on the server acknowledges it, now or after a resumption, or it is told in `unacknowledged`.
   * @param stanza an element, or the text of exactly one
   * @throws {LinkError} `not-connected`, or `backlog-full` when the server is too slow; it was not sent
   * @throws {InvalidInput} when it is larger than a server takes
   */
  async send(stanza: Element | string): Promise<void> {
    const text = stanza.toString();
    await this.#requireRoom(text).send({ text, stanza });
  }

  /**
   * Sends an IQ request and answers the result; the id is set here. The answer counts only from whom was asked.
   *
   * @param options `onResult` is called before any stanza that arrived after the result is told: the promise
   *   resolves later, when all that was read with it has been told
   * @throws {StanzaError} what the peer refused it with
   * @throws {LinkError} `not-connected` or `backlog-full`: not sent; `timeout` or `unknown-outcome`: it may have been carried out
   * @throws {InvalidInput} when it is larger than a server takes
   */
  async request(iq: Element, options: RequestOptions = {}): Promise<Element> {
    iq.attrs.id = newId();
    const text = iq.toString();
    const session = this.#requireRoom(text);
    const { timeoutMs = REQUEST_TIMEOUT_MS, onResult } = options;
    const answer = this.#requests.expect(iq, session.jid, timeoutMs, onResult);
    void session.send({ text, stanza: undefined });
    return await answer;
  }

  /** Stops reading: the server, not this process, holds what comes. What was already read still arrives. */
  pauseReading(): void {
    this.#isReading = false;
    this.#session?.setReading(false);
  }

  /** Goes on reading. */
  resumeReading(): void {
    this.#isReading = true;
    this.#session?.setReading(true);
  }

  async #keepConnected(): Promise<void> {
    // The clock's timers do not keep a process alive, and between two attempts there is no socket that would.
    const keepAlive = setInterval(() => {}, 2 ** 30);
    let reason = stopped();
    while (!this.#isStopping()) {
      reason = await this.#connectOnce();
      if (reason.isFatal || this.#isStopping()) break;
      this.#state = "waiting";
      await this.#pause.wait();
    }
    clearInterval(keepAlive);
    this.#finish(this.#isStopping() ? stopped() : reason);
  }

  /** One attempt and, if it succeeds, the session that follows; answers why it is over. */
  async #connectOnce(): Promise<LinkError> {
    const { account, clock, connectTimeoutMs, streamLimits } = this.#settings;
    this.#state = "connecting";
    const stream = new ClientStream(account.domain, streamLimits, () => clock.monotonicMs());
    this.#stream = stream;
    const cancel = clock.after(connectTimeoutMs, () => {
      stream.end(new LinkError("timeout", `not online within ${connectTimeoutMs} ms`));
    });
    try {
      const session = await this.#openSession(stream);
      cancel();
      return await this.#serve(session, stream);
    } catch (error) {
      const failure =
        error instanceof LinkError
          ? error
          : new LinkError("bad-stream", "the login failed", { cause: error });
      stream.end(failure);
      this.#pause.failed();
      if (!this.#isStopping() && !failure.isFatal) this.#events.emit("error", failure);
      return failure;
    } finally {
      cancel();
      this.#stream = undefined;
    }
  }

  async #openSession(stream: ClientStream): Promise<Session> {
    const negotiated = await negotiate(stream, this.#settings, this.#scram, this.#suspended);
    if (this.#isStopping()) throw stopped();
    if (!negotiated.isResumed) this.#abandonSuspended(unknownOutcome());
    this.#suspended = undefined;
    return new Session(stream, negotiated, this.#settings, this.#intake);
  }

  async #serve(session: Session, stream: ClientStream): Promise<LinkError> {
    const { clock } = this.#settings;
    const since = clock.monotonicMs();
    this.#session = session;
    this.#state = "online";
    this.#settleStart?.();
    this.#settleStart = undefined;
    if (!this.#isReading) session.setReading(false);
    this.#events.emit("online", { jid: session.jid, isResumed: session.isResumed });
    session.begin();
    const reason = withdrawn(await stream.ended);
    session.stop();
    // A resumed stream that never worked would not work the next time either.
    if (!session.isProven && reason.code !== "connection-lost") session.management.resumptionId = undefined;
    this.#session = undefined;
    this.#pause.served(clock.monotonicMs() - since);
    this.#suspended = { jid: session.jid, management: session.management };
    const isResumable =
      session.management.resumptionId !== undefined && !this.#isStopping() && !reason.isFatal;
    if (!isResumable) this.#abandonSuspended(this.#isStopping() ? stopped() : unknownOutcome());
    if (this.#state === "online") this.#state = "waiting";
    this.#events.emit("offline", { reason, isResumable });
    return reason;
  }

  #finish(reason: LinkError): void {
    this.#abandonSuspended(reason);
    this.#requests.failAll(reason);
    this.#state = "offline";
    this.#run = undefined;
    this.#settleStart?.(reason);
    this.#settleStart = undefined;
    if (reason.isFatal) this.#events.emit("fatal", reason);
  }

  /** The session is lost: says so for everything whose fate it takes along. */
  #abandonSuspended(reason: LinkError): void {
    const pending = this.#suspended?.management.abandon() ?? [];
    if (!this.#suspended) return;
    this.#suspended = undefined;
    this.#requests.failAll(reason);
    const stanzas = pending.map(({ stanza }) => stanza).filter((stanza) => stanza !== undefined);
    if (stanzas.length > 0) this.#events.emit("unacknowledged", { stanzas });
  }

  async #sayGoodbye(session: Session): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    session.setReading(true);
    const cancel = this.#settings.clock.after(GOODBYE_MS, () => stream.end(stopped()));
    void session.sayGoodbye();
    await stream.ended;
    cancel();
  }

  /** For answers: who asked asks again if it matters. */
  #sendIfPossible(stanza: Element): void {
    const text = stanza.toString();
    try {
      void this.#requireRoom(text).send({ text, stanza: undefined });
    } catch {
      // Neither a lost connection nor a full backlog concerns who is answered.
    }
  }

  #requireRoom(text: string): Session {
    const session = this.#session;
    if (!session || this.#isStopping()) throw new LinkError("not-connected", "the connection is not online");
    session.management.requireRoom(text, this.#settings.sendLimits);
    return session;
  }

  #isStopping(): boolean {
    return this.#state === "stopping";
  }
}
