import type { Clock } from "../../src/clock.js";
import { LinkError, type TwotickError } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { attribute, type Element, parseStanzaError, requireAttribute } from "../../src/xml.js";

/** What may be chosen about one request. */
export interface RequestOptions {
  readonly timeoutMs?: number;
  /** Called at the place that the result has among the stanzas that arrive; must not throw. */
  readonly onResult?: (() => void) | undefined;
}

interface OpenRequest {
  /** Who may answer; the empty string stands for "no from at all". */
  readonly answerers: ReadonlySet<string>;
  readonly resolve: (result: Element) => void;
  readonly reject: (reason: TwotickError) => void;
  readonly cancelTimeout: () => void;
  readonly onResult: () => void;
}

/** The IQ requests that wait for their answer: matched by an unguessable id *and* by who may answer it. */
export class IqRequests {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenRequest>();

  /** @param clock times the answers */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Waits for the answer to a request, whose id nobody can guess.
   *
   * The answer rejects with a `StanzaError` when the peer refused, or a `LinkError` `timeout`.
   *
   * @param onResult called at the place that the result has among the stanzas that arrive; must not throw
   */
  expect(iq: Element, own: Jid, timeoutMs: number, onResult: () => void = () => {}): Promise<Element> {
    const id = requireAttribute(iq, "id");
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#open.delete(id);
        reject(
          new LinkError("timeout", `no answer within ${timeoutMs} ms; whether it was carried out is unknown`),
        );
      });
      this.#open.set(id, {
        answerers: answerersOf(attribute(iq, "to"), own),
        resolve,
        reject,
        cancelTimeout,
        onResult,
      });
    });
  }

  /** Takes a result or error; anything that answers no open request from the right address is dropped. */
  settle(iq: Element): void {
    const request = this.#take(iq);
    if (!request) return;
    if (attribute(iq, "type") === "error") return request.reject(parseStanzaError(iq.getChild("error")));
    request.onResult();
    request.resolve(iq);
  }

  /** Fails the request that an unreadable answer was for. */
  fail(head: Element, reason: TwotickError): void {
    this.#take(head)?.reject(reason);
  }

  /** Fails whatever still waits. */
  failAll(reason: TwotickError): void {
    for (const request of this.#open.values()) {
      request.cancelTimeout();
      request.reject(reason);
    }
    this.#open.clear();
  }

  #take(iq: Element): OpenRequest | undefined {
    const id = attribute(iq, "id") ?? "";
    const request = this.#open.get(id);
    if (!request?.answerers.has(normalized(attribute(iq, "from")))) return undefined;
    this.#open.delete(id);
    request.cancelTimeout();
    return request;
  }
}

/**
 * Who may answer a request.
 *
 * RFC 6120 §8.1.2.1 and §10.3.3: what has no `to`, or one's own bare JID, is answered by the server on behalf of
 * the account, without a `from` or with an address of the account; older servers put their own there.
 */
function answerersOf(to: string | undefined, own: Jid): Set<string> {
  if (to === undefined) return new Set(["", own.bare, own.toString(), own.domain]);
  const address = normalized(to);
  return address === own.bare || address === own.domain ? new Set(["", address]) : new Set([address]);
}

function normalized(address: string | undefined): string {
  return Jid.tryParse(address)?.toString() ?? address ?? "";
}
