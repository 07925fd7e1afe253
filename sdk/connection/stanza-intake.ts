import type { TwotickError } from "../../src/errors.js";
import { attribute, type Element } from "../../src/xml.js";
import type { IqHandlers } from "./iq-handlers.js";
import type { IqRequests } from "./iq-requests.js";
import type { SessionOwner } from "./session.js";

/** Where what arrives goes. */
export interface IntakePorts {
  readonly handlers: IqHandlers;
  readonly requests: IqRequests;
  /** Takes messages and presence. */
  readonly stanza: (stanza: Element) => void;
  readonly error: (error: unknown) => void;
  /** Sends the answer to a request, if that is possible. */
  readonly answer: (answer: Element) => void;
}

/** Sorts what arrives: answers to who asked, requests to who serves them, the rest to the owner of the connection. */
export class StanzaIntake implements SessionOwner {
  readonly #ports: IntakePorts;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Takes a stanza. */
  stanza(stanza: Element): void {
    const { handlers, requests, answer } = this.#ports;
    if (stanza.name !== "iq") return this.#ports.stanza(stanza);
    const type = attribute(stanza, "type");
    if (type === "result" || type === "error") return requests.settle(stanza);
    void handlers.answer(stanza).then(answer);
  }

  /** Takes the start tag of a stanza that was over a limit. */
  refused(head: Element, error: TwotickError): void {
    const { handlers, requests, answer } = this.#ports;
    const type = attribute(head, "type");
    if (head.name === "iq" && (type === "get" || type === "set")) answer(handlers.refuse(head));
    else if (head.name === "iq") requests.fail(head, error);
    this.#ports.error(error);
  }
}
