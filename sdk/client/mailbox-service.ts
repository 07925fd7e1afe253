import type { Clock } from "../../src/clock.js";
import { LinkError, StanzaError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import { readDetached, type Detached } from "../../src/mailbox-attach.js";
import { readStatus, type MessageStatus } from "../../src/mailbox-status.js";
import { readSubmitted, writeSubmit, type Submission, type SubmitOutcome } from "../../src/mailbox-submit.js";
import { NS, OMEMO2_DEVICE_LIST_NODE, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { Jid } from "../../src/jid.js";
import { writeToken } from "../../src/store-generation.js";
import { attribute, type Element, escapeXML, xml } from "../../src/xml.js";
import type { Connection } from "../connection/connection.js";
import type { Acknowledgements } from "./acknowledgements.js";
import { Framing, type ReadySubmit } from "./framing.js";
import { ReadyXml } from "./ready-xml.js";

/** What of a connection the client uses. */
export type ConnectionPort = Pick<
  Connection,
  "state" | "jid" | "on" | "handle" | "start" | "stop" | "send" | "request"
>;

const REQUEST_TIMEOUT_MS = 10_000;

/** What a stanza that arrived says. */
export type Notice =
  | { readonly kind: "deliver"; readonly deliver: Element }
  | ({ readonly kind: "detached" } & Detached)
  /** The server could not bring something to the service. */
  | { readonly kind: "unreachable" }
  /** A frame that is none: what was in it comes again. */
  | { readonly kind: "unreadable"; readonly error: StanzaError }
  | { readonly kind: "device-list"; readonly from: Jid; readonly items: Element };

/** The mailbox service as a device speaks to it: one domain, and what comes from exactly there. Source: docs/protocol.md */
export class MailboxService {
  readonly domain: string;
  readonly #connection: ConnectionPort;
  readonly #asked = new Set<(error: LinkError) => void>();
  /** The compact form of what is said. */
  readonly framing: Framing;

  /** @param domain the number domain @param wantsFrames whether frames are asked for */
  constructor(connection: ConnectionPort, domain: string, clock: Clock, wantsFrames = true) {
    this.#connection = connection;
    // In the form in which addresses come back
    this.domain = Jid.parse(domain).toString();
    const send = (frame: string): Promise<void> => connection.send(this.#headline(frame));
    const ports = { domain: this.domain, clock, timeoutMs: REQUEST_TIMEOUT_MS, send };
    this.framing = new Framing(ports, wantsFrames);
  }

  /** The service has forgotten us, and with us what it was asked: nothing of it is answered any more. */
  forgotten(): void {
    const error = new LinkError("service-away", "the service was away while it was asked");
    for (const reject of this.#asked) reject(error);
    this.framing.close();
  }

  /** The full JID of the connection. */
  get ownJid(): Jid | undefined {
    return this.#connection.jid;
  }

  /**
   * Asks; answers the child of the result with this name.
   *
   * @param onResult called when the result arrives, before anything that arrived after it is taken
   * @throws {StanzaError} @throws {LinkError}
   */
  async request(
    type: "get" | "set",
    payload: Element,
    answer: string,
    onResult?: () => void,
  ): Promise<Element> {
    const iq = xml("iq", { type, to: this.domain }, payload);
    const result = await this.ask(iq, onResult);
    const child = result.getChild(answer, NS.mailbox);
    if (!child) throw new StanzaError("undefined-condition", `the answer lacks <${answer}/>`);
    return child;
  }

  /** Sends any IQ request; one to the service, or to a number, ends when the service has forgotten us. @throws {StanzaError} @throws {LinkError} */
  ask(iq: Element, onResult?: () => void): Promise<Element> {
    const asked = this.#connection.request(iq, { timeoutMs: REQUEST_TIMEOUT_MS, onResult });
    const isOurs = Jid.tryParse(attribute(iq, "to"))?.domain === this.domain;
    return isOurs ? this.#unlessForgotten(asked) : asked;
  }

  /** Submits the XML of one `<submit/>`. @throws {StanzaError} @throws {LinkError} */
  async submit(submit: string): Promise<SubmitOutcome[]> {
    return readSubmitted(await this.request("set", new ReadyXml(submit), "submitted"));
  }

  /** Submits messages, with the acknowledgement that waits. @param sent how often was encrypted by now @throws {StanzaError} @throws {LinkError} */
  async submitMessages(
    messages: readonly Pick<Submission, "id" | "to" | "payload">[],
    acks: Acknowledgements,
    sent: number,
  ): Promise<SubmitOutcome[]> {
    const acknowledgement = acks.take();
    if (!acknowledgement) return await this.#submitReady({ messages, sent });
    try {
      const outcomes = await this.#submitReady({ acknowledgement, messages, sent });
      acks.answered(acknowledgement);
      return outcomes;
    } catch (error) {
      acks.repeated([]);
      throw error;
    }
  }

  async #submitReady(submit: ReadySubmit): Promise<SubmitOutcome[]> {
    const content = this.framing.encode(submit);
    if (!content) return this.submit(writeSubmit(submit));
    return [
      ...(await this.framing.submit(
        content,
        submit.messages.map(({ id }) => id),
      )),
    ];
  }

  /** Sends the XML of one `<ack/>`; what is lost is said again. */
  acknowledge(ack: string): void {
    this.#connection.send(this.#headline(ack)).catch(() => {});
  }

  #headline(content: string): string {
    return `<message type='headline' to='${escapeXML(this.domain)}'>${content}</message>`;
  }

  /** Says that a generation of the store is durable; when that is lost, the next attach says it. */
  confirmGeneration(generation: string): void {
    this.#connection.send(this.#headline(writeToken(generation))).catch(() => {});
  }

  /** Lets the service hear when this device has gone. Source: RFC 6121 §4.6. */
  async greet(): Promise<void> {
    await this.#connection.send(xml("presence", { to: this.domain }));
  }

  /** How far a message has come. @throws {StanzaError} @throws {LinkError} */
  async status(id: MessageId): Promise<MessageStatus> {
    return readStatus(await this.request("get", xml("status", { xmlns: NS.mailbox, id }), "status"));
  }

  #unlessForgotten(asked: Promise<Element>): Promise<Element> {
    return new Promise((resolve, reject) => {
      this.#asked.add(reject);
      asked.then(resolve, reject).finally(() => this.#asked.delete(reject));
    });
  }

  #readFrame(frame: Element): Notice | undefined {
    try {
      const deliver = this.framing.read(frame);
      return deliver && { kind: "deliver", deliver };
    } catch (error) {
      if (error instanceof StanzaError) return { kind: "unreadable", error };
      throw error;
    }
  }

  /** Reads a stanza that arrived; `undefined` for what is not of the service, whatever it claims. */
  read(stanza: Element): Notice | undefined {
    const from = Jid.tryParse(attribute(stanza, "from"));
    if (stanza.name !== "message") return undefined;
    const type = attribute(stanza, "type");
    if (from?.toString() === this.domain) {
      if (type === "error") return { kind: "unreachable" };
      const deliver = stanza.getChild("deliver", NS.mailbox);
      if (deliver) return { kind: "deliver", deliver };
      const frame = stanza.getChild("frame", NS.mailbox);
      if (frame) return this.#readFrame(frame);
      const detached = stanza.getChild("detached", NS.mailbox);
      return detached && { kind: "detached", ...readDetached(detached) };
    }
    const isTrusted = from === undefined || from.domain === this.domain || from.bare === this.ownJid?.bare;
    // XEP-0060 §7.1.2.1
    const items = type === "error" ? undefined : stanza.getChild("event", NS.pubsubEvent)?.getChild("items");
    const node = items && attribute(items, "node");
    const isList = node === OMEMO_DEVICE_LIST_NODE || node === OMEMO2_DEVICE_LIST_NODE;
    if (!isTrusted || !isList || !items) return undefined;
    const of = from ?? this.ownJid;
    return of && { kind: "device-list", from: of, items };
  }
}
