import type { Clock } from "../../src/clock.js";
import { LinkError, type TwotickError } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { attribute, type Element, parseStanzaError } from "../../src/xml.js";

interface Pending {
  readonly to: string;
  readonly from: string;
  readonly resolve: (answer: Element) => void;
  readonly reject: (error: TwotickError) => void;
  readonly cancelTimeout: () => void;
  readonly onAnswer: (() => void) | undefined;
}

/** How a request waits for its answer. */
export interface RequestOptions {
  readonly timeoutMs?: number;
  /** Called as the answer arrives, before what arrived behind it is read. */
  readonly onAnswer?: (() => void) | undefined;
}

/** The IQ requests that wait for their answers. */
export class Requests {
  readonly #clock: Clock;
  readonly #pending = new Map<string, Pending>();

  /** @param clock measures how long an answer takes */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits for the answer to a request. @throws {StanzaError} the peer's refusal @throws {LinkError} `timeout` */
  async wait(
    request: { id: string; from: string; to: string },
    timeoutMs: number,
    onAnswer?: RequestOptions["onAnswer"],
  ): Promise<Element> {
    const { id } = request;
    return await new Promise<Element>((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#pending.delete(id);
        reject(new LinkError("timeout", "no answer to the request came in time"));
      });
      const from = prepared(request.from);
      const to = prepared(request.to);
      this.#pending.set(id, { to, from, resolve, reject, cancelTimeout, onAnswer });
    });
  }

  /** Takes an IQ of type result or error; answers whether it was an answer to a request of ours. */
  take(iq: Element): boolean {
    const pending = this.#claim(iq);
    if (pending === undefined) return false;
    pending.onAnswer?.();
    if (attribute(iq, "type") === "result") pending.resolve(iq);
    else pending.reject(parseStanzaError(iq.getChild("error")));
    return true;
  }

  /** Fails the request that this answer, which could not be read in whole, belongs to. */
  fail(head: Element, error: TwotickError): boolean {
    const pending = this.#claim(head);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** Fails one request that could not be sent. */
  withdraw(id: string): void {
    this.#pending.get(id)?.cancelTimeout();
    this.#pending.delete(id);
  }

  /** Fails all of them: their outcome is unknown. */
  failAll(error: TwotickError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of all) {
      pending.cancelTimeout();
      pending.reject(error);
    }
  }

  // RFC 6120 §8.1.2.1: an answer counts only when it comes from whom the request went to
  #claim(iq: Element): Pending | undefined {
    const id = attribute(iq, "id");
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || pending === undefined) return undefined;
    if (prepared(attribute(iq, "from")) !== pending.to) return undefined;
    if (prepared(attribute(iq, "to")) !== pending.from) return undefined;
    this.#pending.delete(id);
    pending.cancelTimeout();
    return pending;
  }
}

/** An address as the server would stamp it. */
function prepared(jid: string | undefined): string {
  return Jid.tryParse(jid)?.toString() ?? jid ?? "";
}
