import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import {
  attribute,
  childElements,
  type Element,
  namespaceOf,
  stanzaErrorElement,
  xml,
} from "../../src/xml.js";

/**
 * Answers a request: with the payload of the result, or nothing for an empty one.
 *
 * It throws a `StanzaError` to refuse; anything else it throws is told as `internal-server-error`. Who asks stands
 * in the `from` of the IQ, and whether they may is the handler's to decide.
 */
export type IqHandler = (payload: Element, iq: Element) => Element | undefined | Promise<Element | undefined>;

/** The IQ requests that are answered here; every other one is refused, so that nobody waits in vain. */
export class IqHandlers {
  readonly #handlers = new Map<string, IqHandler>();
  readonly #onFault: (error: unknown) => void;

  /** @param onFault told what a handler threw that is no `StanzaError` */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    // XEP-0199 §4
    this.set("get", NS.ping, "ping", () => undefined);
  }

  /** Answers requests of a type whose payload has this namespace and name. */
  set(type: "get" | "set", namespace: string, name: string, handler: IqHandler): void {
    this.#handlers.set(`${type} ${namespace} ${name}`, handler);
  }

  /** Makes the answer to a request. */
  async answer(iq: Element): Promise<Element> {
    try {
      const result = await this.#carryOut(iq);
      return reply(iq, "result", result);
    } catch (error) {
      return reply(iq, "error", stanzaErrorElement(this.#asStanzaError(error)));
    }
  }

  /** The answer to a request of which only the start tag could be read. */
  refuse(head: Element): Element {
    return reply(
      head,
      "error",
      stanzaErrorElement(new StanzaError("policy-violation", "the request is over a limit")),
    );
  }

  #carryOut(iq: Element): Element | undefined | Promise<Element | undefined> {
    const [payload, ...others] = childElements(iq);
    // RFC 6120 §8.2.3: exactly one child element
    if (!payload || others.length > 0)
      throw new StanzaError("bad-request", "a request has exactly one payload");
    const key = `${attribute(iq, "type")} ${namespaceOf(payload)} ${payload.name}`;
    const handler = this.#handlers.get(key);
    if (!handler) throw new StanzaError("service-unavailable", "this request is not served here");
    return handler(payload, iq);
  }

  #asStanzaError(error: unknown): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#onFault(error);
    return new StanzaError("internal-server-error", "the request could not be carried out", { cause: error });
  }
}

function reply(iq: Element, type: "result" | "error", payload: Element | undefined): Element {
  return xml("iq", { type, to: attribute(iq, "from"), id: attribute(iq, "id") }, payload);
}
