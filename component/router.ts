import { StanzaError, TwotickError } from "../src/errors.js";
import type { Jid } from "../src/jid.js";
import { isPhoneNumber } from "../src/phone-number.js";
import { attribute, childElements, Element, escapeXML, namespaceOf, stanzaErrorElement } from "../src/xml.js";
import type {
  Addressee,
  Capability,
  IqRequest,
  IqRoute,
  MessageRoute,
  Sender,
  Stanza,
} from "./capability.js";
import type { Log } from "./log.js";
import type { Metrics } from "./metrics.js";
import { RememberedJids } from "./remembered-jids.js";

/** What the router needs from its surroundings. */
export interface RouterPorts {
  /** The component's own domain. */
  readonly domain: string;
  readonly link: Sender;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * The one way in for stanzas: reads the addresses, finds the capability, answers.
 *
 * It is also the one place that turns an error into an `<error/>` stanza.
 */
export class Router {
  readonly #ports: RouterPorts;
  readonly #iqs = new Map<string, IqRoute>();
  readonly #messages = new Map<string, MessageRoute>();
  readonly #toNumbers: ((message: Stanza) => Promise<void> | undefined)[] = [];
  readonly #errors: ((message: Stanza) => void)[] = [];
  readonly #presences: ((presence: Stanza) => void)[] = [];
  readonly #jids = new RememberedJids();
  #inFlight = 0;
  #isClosed = false;

  /** @param capabilities whose routes are taken; two that claim the same stanza are a mistake of ours */
  constructor(ports: RouterPorts, capabilities: readonly Capability[]) {
    this.#ports = ports;
    for (const capability of capabilities) {
      for (const route of capability.iqs ?? [])
        claim(this.#iqs, iqKey(route.type, route.addressee, route), route);
      for (const route of capability.messages ?? [])
        claim(this.#messages, `${route.addressee} ${route.namespace} ${route.element}`, route);
      if (capability.numberMessage) this.#toNumbers.push((message) => capability.numberMessage?.(message));
      if (capability.onNumberError) this.#errors.push((message) => capability.onNumberError?.(message));
      if (capability.onPresence) this.#presences.push((presence) => capability.onPresence?.(presence));
    }
  }

  /** Takes nothing new: whoever asks is told to ask again later. What is being answered goes on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Requests and messages that are being worked on now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a stanza from the link. It never throws; while its promise is open the stanza is being worked on. */
  receive(element: Element): void | Promise<void> {
    const from = this.#jid(attribute(element, "from"));
    const to = this.#jid(attribute(element, "to"));
    const type = attribute(element, "type");
    if (!from || !to) return this.#count(element.name, "ignored");
    const addressee: Addressee | undefined =
      to.domain !== this.#ports.domain ? undefined : to.local === "" ? "component" : "number";
    if (type === "error") return this.#receiveError({ element, from, to, type }, addressee);
    if (this.#isClosed && element.name !== "iq") return this.#count(element.name, "ignored");
    if (element.name === "iq") return this.#receiveIq(element, from, to, type, addressee);
    if (element.name === "message") return this.#receiveMessage({ element, from, to, type }, addressee);
    if (element.name === "presence") this.#receivePresence({ element, from, to, type });
    return undefined;
  }

  async #receiveIq(
    element: Element,
    from: Jid,
    to: Jid,
    type: string | undefined,
    addressee: Addressee | undefined,
  ): Promise<void> {
    const id = attribute(element, "id");
    // RFC 6120 §8.2.3: an answer that nobody waits for is ignored
    if (type === "result") return this.#count("iq", "ignored");
    this.#inFlight += 1;
    try {
      const result = await this.#answer({ element, type, id, addressee, from, to });
      this.#reply(
        `<iq type='result'${addresses(to, from)}${idAttribute(id)}`,
        "iq",
        result?.toString() ?? "",
      );
      this.#count("iq", "answered");
    } catch (error) {
      this.#replyError(element, from, to, error);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #answer({
    element,
    type,
    id,
    addressee,
    from,
    to,
  }: {
    element: Element;
    type: string | undefined;
    id: string | undefined;
    addressee: Addressee | undefined;
    from: Jid;
    to: Jid;
  }) {
    const payloads = childElements(element);
    const payload = payloads[0];
    // RFC 6120 §8.2.3: a request has an id and exactly one payload
    if ((type !== "get" && type !== "set") || id === undefined || !payload || payloads.length !== 1) {
      throw new StanzaError("bad-request", "an IQ request has a type, an id and exactly one payload");
    }
    const key =
      addressee && iqKey(type, addressee, { element: payload.name, namespace: namespaceOf(payload) });
    const route = key === undefined ? undefined : this.#iqs.get(key);
    if (addressee === "number" && !isPhoneNumber(to.local))
      throw new StanzaError("item-not-found", "this is not a phone number");
    if (this.#isClosed) throw new StanzaError("remote-server-timeout", "the service is stopping");
    if (!route) throw new StanzaError("service-unavailable", "this request is not understood here");
    const request: IqRequest = { from, to, id, payload };
    return route.handle(request);
  }

  async #receiveMessage(message: Stanza, addressee: Addressee | undefined): Promise<void> {
    const route =
      addressee &&
      childElements(message.element)
        .map((child) => this.#messages.get(`${addressee} ${namespaceOf(child)} ${child.name}`))
        .find((found) => found !== undefined);
    this.#inFlight += 1;
    try {
      const taken =
        route?.handle(message) ?? (addressee === "number" && !route ? this.#toNumber(message) : undefined);
      if (!route && !taken)
        throw new StanzaError("service-unavailable", "this message is not understood here");
      await taken;
      this.#count("message", "handled");
    } catch (error) {
      this.#replyError(message.element, message.from, message.to, error);
    } finally {
      this.#inFlight -= 1;
    }
  }

  #toNumber(message: Stanza): Promise<void> | undefined {
    for (const take of this.#toNumbers) {
      const taken = take(message);
      if (taken) return taken;
    }
    return undefined;
  }

  #receiveError(stanza: Stanza, addressee: Addressee | undefined): void {
    this.#count(stanza.element.name, "ignored");
    if (stanza.element.name !== "message" || addressee !== "number") return;
    try {
      for (const listener of this.#errors) listener(stanza);
    } catch (error) {
      this.#ports.log.error({ reason: describe(error) }, "an error could not be handled");
    }
  }

  #receivePresence(presence: Stanza): void {
    try {
      for (const listener of this.#presences) listener(presence);
      this.#count("presence", "handled");
    } catch (error) {
      this.#ports.log.error({ reason: (error as Error).message }, "a presence could not be handled");
    }
  }

  #replyError(element: Element, from: Jid, to: Jid, error: unknown): void {
    const stanzaError = asStanzaError(error);
    this.#count(element.name, stanzaError.condition);
    if (stanzaError.condition === "internal-server-error") {
      this.#ports.log.error({ reason: describe(error) }, "a stanza could not be handled");
    }
    // RFC 6121 §8.5.2.1.1: nobody waits for the error of a headline
    if (attribute(element, "type") === "headline") return;
    const head = `<${element.name} type='error'${addresses(to, from)}${idAttribute(attribute(element, "id"))}`;
    this.#reply(head, element.name, stanzaErrorElement(stanzaError).toString());
  }

  #reply(head: string, name: string, content: string): void {
    // Offline: the peer's server has already told it, or will
    if (!this.#ports.link.isOnline) return;
    try {
      this.#ports.link.send(content === "" ? `${head}/>` : `${head}>${content}</${name}>`);
    } catch (error) {
      this.#ports.log.warn({ reason: describe(error) }, "an answer could not be sent");
    }
  }

  #jid(text: string | undefined): Jid | undefined {
    return text === undefined ? undefined : this.#jids.read(text);
  }

  #count(kind: string, outcome: string): void {
    this.#ports.metrics.stanzas.inc({ kind, outcome });
  }
}

function claim<Route>(routes: Map<string, Route>, key: string, route: Route): void {
  if (routes.has(key)) throw new TypeError(`two capabilities answer ${key}`);
  routes.set(key, route);
}

function iqKey(
  type: string,
  addressee: Addressee,
  { element, namespace }: { element: string; namespace: string },
): string {
  return `${type} ${addressee} ${namespace} ${element}`;
}

function addresses(from: Jid, to: Jid): string {
  return ` from='${escapeXML(from.toString())}' to='${escapeXML(to.toString())}'`;
}

function idAttribute(id: string | undefined): string {
  return id === undefined ? "" : ` id='${escapeXML(id)}'`;
}

/** What a peer is told of an error: our own text where it is meant for peers, nothing of our inside otherwise. */
export function asStanzaError(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  if (error instanceof TwotickError && error.code === "disk-full") {
    return new StanzaError("resource-constraint", "the service has no room at the moment", { cause: error });
  }
  if (error instanceof TwotickError && error.code === "not-connected") {
    return new StanzaError("remote-server-timeout", "the service cannot reach its server", { cause: error });
  }
  return new StanzaError("internal-server-error", "the service could not do this; it may work later", {
    type: "wait",
    cause: error,
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
}
