import { TypedEvents } from "../../../sdk/connection/events.js";
import type {
  ConnectionEvents,
  ConnectionState,
  RequestOptions,
} from "../../../sdk/connection/connection.js";
import type { ConnectionPort } from "../../../sdk/client/mailbox-service.js";
import { LinkError, StanzaError } from "../../../src/errors.js";
import type { DeviceId, MessageId, Seq } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { readAttach, writeAttached, type Attach } from "../../../src/mailbox-attach.js";
import { type Entry, type MessageEntry, writeDeliver, writeEntry } from "../../../src/mailbox-deliver.js";
import {
  readAcknowledgement,
  readSubmit,
  writeSubmitted,
  type Acknowledgement,
  type Submit,
} from "../../../src/mailbox-submit.js";
import { NS } from "../../../src/namespaces.js";
import { childElements, type Element, parseXml, xml } from "../../../src/xml.js";

export const DOMAIN = "phone.example.org";
export const OWN = "+15551230001";
export const PEER = "+15551230002";
export const PEER_JID = `${PEER}@${DOMAIN}`;

/** A submit as it was received. */
export interface Submitted extends Submit {
  readonly raw: string;
}

/** What answers a submit: its answer, or what the request is rejected with. */
export type Answerer = (submit: Submitted) => string | Error | Promise<string | Error>;

/** Accepts everything. */
export const acceptAll: Answerer = ({ messages }) =>
  writeSubmitted(messages.map(({ id }) => ({ id, acceptedAt: 1_000, isDuplicate: false })));

/** The mailbox service as a script: it notes what it is asked, and answers as the test says. */
export class FakeService {
  readonly attaches: Attach[] = [];
  readonly submits: Submitted[] = [];
  readonly acks: Acknowledgement[] = [];
  readonly presences: string[] = [];
  challenges = 0;
  /** The version of frames that it agrees to; 0 for none. */
  agreesTo = 0;
  answer: Answerer = acceptAll;
  /** The generations of the store that the service gives, and those that the device has confirmed. */
  generation: string | undefined;
  readonly confirmed: string[] = [];
  /** Throws to refuse. */
  onAttach: (attach: Attach) => void = () => {};
  /** Called when a result has arrived, before the client can do anything about it. */
  onResult: (payload: string) => void = () => {};
  /** What is sent is written when this has settled. */
  written: Promise<void> = Promise.resolve();
  /** The connections to it, newest last. */
  readonly connections: FakeConnection[] = [];

  /** The newest connection. */
  get connection(): FakeConnection {
    return this.connections.at(-1) as FakeConnection;
  }

  /** What the client's own factory is replaced with. */
  readonly open = (): ConnectionPort => {
    const connection = new FakeConnection(this);
    this.connections.push(connection);
    return connection;
  };

  /** Sends entries to the newest connection. */
  deliver(...entries: Entry[]): void {
    this.say(writeDeliver(entries.map((entry) => writeEntry(entry))));
  }

  /** Sends a headline with some XML. */
  say(payload: string, from: string = DOMAIN, type = "headline"): void {
    this.connection.emit(parseXml(`<message type='${type}' from='${from}'>${payload}</message>`));
  }

  /** Every message that was ever submitted, in order. */
  get messages(): Submit["messages"] {
    return this.submits.flatMap(({ messages }) => messages);
  }

  async request(iq: Element): Promise<Element> {
    const [payload] = childElements(parseXml(iq.toString())) as [Element];
    const answer = await this.#answer(payload);
    return parseXml(`<iq type='result' from='${DOMAIN}'>${answer}</iq>`);
  }

  take(stanza: Element): void {
    const ack = stanza.getChild("ack", NS.mailbox);
    if (ack) this.acks.push(readAcknowledgement(ack));
    const generation = stanza.getChild("generation", NS.mailbox);
    if (generation) this.confirmed.push(generation.getText());
    if (stanza.name === "presence") this.presences.push(stanza.toString());
  }

  async #answer(payload: Element): Promise<string> {
    if (payload.name === "challenge") {
      this.challenges++;
      return xml("challenge", { xmlns: NS.mailbox, nonce: "nonce" }).toString();
    }
    if (payload.name === "attach") {
      const attach = readAttach(payload);
      this.attaches.push(attach);
      this.onAttach(attach);
      const token = `token ${this.attaches.length}`;
      return writeAttached({
        number: `${OWN}@${DOMAIN}`,
        token,
        tokenExpiresAt: Date.UTC(2027, 0, 1),
        generation: this.generation,
        ...(this.agreesTo > 0 && attach.frame !== undefined && { frame: this.agreesTo }),
      }).toString();
    }
    if (payload.name !== "submit") throw new StanzaError("feature-not-implemented", "no");
    const submit = { ...readSubmit(payload), raw: payload.toString() };
    this.submits.push(submit);
    if (submit.acknowledgement) this.acks.push(submit.acknowledgement);
    const answer = await this.answer(submit);
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

/** A connection that never leaves this process. */
export class FakeConnection implements ConnectionPort {
  readonly #service: FakeService;
  readonly #events = new TypedEvents<ConnectionEvents>((error) => {
    throw error;
  });
  state: ConnectionState = "offline";
  jid: Jid | undefined;
  readonly handle = (): void => {};

  constructor(service: FakeService) {
    this.#service = service;
  }

  on<Name extends keyof ConnectionEvents>(name: Name, listener: (detail: ConnectionEvents[Name]) => void) {
    return this.#events.on(name, listener);
  }

  async start(): Promise<void> {
    this.login();
  }

  async stop(): Promise<void> {
    this.state = "offline";
  }

  /** A login: the first, or another after the session was lost, or its resumption. */
  login(isResumed = false): void {
    this.state = "online";
    this.jid = Jid.parse("romeo@example.org/phone");
    this.#events.emit("online", { jid: this.jid, isResumed });
  }

  /** The connection is cut. */
  cut(isResumable = false): void {
    this.state = "waiting";
    this.#events.emit("offline", { reason: new LinkError("closed", "cut"), isResumable });
  }

  emit(stanza: Element): void {
    this.#events.emit("stanza", stanza);
  }

  async send(stanza: Element | string): Promise<void> {
    this.#requireOnline();
    this.#service.take(parseXml(stanza.toString()));
    await this.#service.written;
  }

  async request(iq: Element, { onResult }: RequestOptions = {}): Promise<Element> {
    this.#requireOnline();
    const result = await this.#service.request(iq);
    onResult?.();
    this.#service.onResult(childElements(iq)[0]?.name ?? "");
    return result;
  }

  #requireOnline(): void {
    if (this.state !== "online") throw new LinkError("not-connected", "offline");
  }
}

/** A message entry from the peer, as {@link FakeOmemo} encrypts. */
export function message(seq: number, text: string, overrides: Partial<MessageEntry> = {}): MessageEntry {
  return {
    kind: "message",
    seq: seq as Seq,
    isRedelivery: false,
    from: PEER_JID,
    to: `${OWN}@${DOMAIN}`,
    id: `message-${seq}` as MessageId,
    at: Date.UTC(2026, 0, 1),
    payload: `<encrypted xmlns='${NS.omemo}'><n>${seq}</n><text>${text}</text></encrypted>`,
    ...overrides,
  };
}

/** A receipt entry from the peer. */
export function receipt(
  seq: number,
  ids: readonly string[],
  state: "delivered" | "read" | "undecryptable" | "expired",
  from = PEER_JID,
): Entry {
  return {
    kind: "receipt",
    seq: seq as Seq,
    isRedelivery: false,
    state,
    from,
    device: 7 as DeviceId,
    at: Date.UTC(2026, 0, 1),
    ids: ids as MessageId[],
  };
}
