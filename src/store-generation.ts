import { seq, type Seq } from "./ids.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, reading, requireAttribute, xml } from "./xml.js";

/**
 * What a device says of its store when it attaches, so that a store which was put back or copied is noticed.
 *
 * Both counts are durable on the device before the service hears of what they count, so that a device which only
 * crashed never says less than the service has heard of.
 */
export interface GenerationClaim {
  /** What the service gave to the store last; `undefined` before the first time. */
  readonly token: string | undefined;
  /** How often this device has encrypted something to be submitted. */
  readonly sent: number;
  /** The last entry that it has taken in. */
  readonly taken: Seq;
}

/** Reads `<generation/>` inside `<attach/>`. @throws {StanzaError} `bad-request` */
export function readClaim(generation: Element): GenerationClaim {
  return reading(() => ({
    token: readToken(generation),
    sent: readCount(requireAttribute(generation, "sent")),
    taken: seq(requireAttribute(generation, "taken")),
  }));
}

/** Writes `<generation/>` for inside `<attach/>`. */
export function writeClaim({ token, sent, taken }: GenerationClaim): Element {
  return xml("generation", { sent, taken }, token);
}

/** Reads the `<generation/>` with which a device says that what it was given is durable. @throws {StanzaError} `bad-request` */
export function readToken(generation: Element): string | undefined {
  const text = generation.getText();
  return text === "" ? undefined : text;
}

/** Writes it. */
export function writeToken(token: string): string {
  return xml("generation", { xmlns: NS.mailbox }, token).toString();
}

/** Reads a count of what was encrypted. @throws {StanzaError} {InvalidInput} */
export function readCount(text: string): number {
  return seq(text);
}

/** The count in a `<submit/>`; `undefined` when it has none. @throws {StanzaError} `bad-request` */
export function readSent(submit: Element): number | undefined {
  const text = attribute(submit, "sent");
  return text === undefined ? undefined : reading(() => readCount(text));
}
