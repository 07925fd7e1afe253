import type { Clock } from "../../src/clock.js";
import { InvalidInput, LinkError, StanzaError } from "../../src/errors.js";
import { decodeDelivery } from "../../src/frame-deliver.js";
import { encodePayload } from "../../src/frame-payload.js";
import { encodeSubmit, type FramedAnswer } from "../../src/frame-submit.js";
import { FRAME_VERSION, readFrame, writeFrame } from "../../src/frame.js";
import type { MessageId } from "../../src/ids.js";
import { writeDeliver, writeEntry } from "../../src/mailbox-deliver.js";
import type { Acknowledgement, Submission, SubmitOutcome } from "../../src/mailbox-submit.js";
import { type Element, parseXml } from "../../src/xml.js";

/** What of a submit goes into a frame. */
export interface ReadySubmit {
  readonly acknowledgement?: Acknowledgement;
  readonly sent: number;
  readonly messages: readonly Pick<Submission, "id" | "to" | "payload">[];
}

interface OpenSubmit {
  readonly ids: readonly MessageId[];
  settle(answer: FramedAnswer | LinkError): void;
}

/** What framing needs from its surroundings. */
export interface FramingPorts {
  /** The number domain. */
  readonly domain: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Sends the XML of one `<frame/>` to the service. */
  readonly send: (frame: string) => Promise<void>;
}

/** The compact form of submits, their answers and deliveries, while the service agrees. Source: docs/protocol.md §4.7 */
export class Framing {
  readonly #ports: FramingPorts;
  readonly #open = new Map<number, OpenSubmit>();
  #isWanted: boolean;
  #isAgreed = false;
  #lastNumber = 0;

  /** @param isWanted whether frames are asked for */
  constructor(ports: FramingPorts, isWanted: boolean) {
    this.#ports = ports;
    this.#isWanted = isWanted;
  }

  /** What `<attach/>` says of frames. */
  get asked(): { readonly frame?: number } {
    return this.#isWanted ? { frame: FRAME_VERSION } : {};
  }

  /** Takes what `<attached/>` says of frames. */
  agreed(version: number | undefined): void {
    this.#isAgreed = this.#isWanted && version === FRAME_VERSION;
  }

  /** The session is over: what it was asked is not answered any more. */
  close(): void {
    this.#isAgreed = false;
    const error = new LinkError("service-away", "the mailbox was closed while the service was asked");
    for (const open of this.#open.values()) open.settle(error);
  }

  /** Encodes a submit; `undefined` when it has to go as XML. */
  encode({ messages, ...rest }: ReadySubmit): Uint8Array | undefined {
    if (!this.#isAgreed) return undefined;
    const { domain } = this.#ports;
    try {
      const encoded = messages.map(({ id, to, payload }) => {
        return { id, to: to.toString(), payload: encodePayload(payload, domain) };
      });
      return encodeSubmit({ ...rest, messages: encoded }, domain);
    } catch (error) {
      if (error instanceof InvalidInput) return undefined;
      throw error;
    }
  }

  /** Submits what was encoded. @param ids of the messages in it, in order @throws {StanzaError} @throws {LinkError} */
  submit(content: Uint8Array, ids: readonly MessageId[]): Promise<readonly SubmitOutcome[]> {
    const { clock, timeoutMs, send } = this.#ports;
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      const settle: OpenSubmit["settle"] = (answer) => {
        this.#open.delete(number);
        cancel();
        if (answer instanceof LinkError) reject(answer);
        else if ("error" in answer) reject(answer.error);
        else resolve(answer.outcomes);
      };
      const cancel = clock.after(timeoutMs, () =>
        settle(
          new LinkError("timeout", `no answer within ${timeoutMs} ms; whether it was accepted is unknown`),
        ),
      );
      this.#open.set(number, { ids, settle });
      send(writeFrame(content, number)).catch((cause: unknown) =>
        settle(new LinkError("not-connected", "the connection was lost", { cause })),
      );
    });
  }

  /**
   * Takes a frame from the service: settles the submits that it answers, and answers its entries as a `<deliver/>`.
   *
   * `undefined` when it has none; an entry that cannot be read is one without content.
   *
   * @throws {StanzaError} when the frame cannot be read; XML is asked for from then on
   */
  read(frame: Element): Element | undefined {
    const { answers, entries, unread } = this.#decode(frame);
    for (const answer of answers) this.#open.get(answer.number)?.settle(answer);
    if (entries.length + unread.length === 0) return undefined;
    const written = [
      ...entries.map((entry) => ({ seq: entry.seq, xml: writeEntry(entry) })),
      ...unread.map((seq) => ({ seq, xml: `<entry seq='${seq}'/>` })),
    ];
    if (unread.length > 0) written.sort((a, b) => a.seq - b.seq);
    return parseXml(writeDeliver(written.map(({ xml }) => xml)));
  }

  #decode(frame: Element) {
    try {
      return decodeDelivery(readFrame(frame), this.#ports.domain, (number) => this.#open.get(number)?.ids);
    } catch (error) {
      if (error instanceof StanzaError) this.#isWanted = false;
      throw error;
    }
  }
}
