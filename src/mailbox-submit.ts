import { formatStamp, parseStamp, type EpochMs } from "./clock.js";
import { StanzaError } from "./errors.js";
import { messageId, seq, type MessageId, type Seq } from "./ids.js";
import { Jid } from "./jid.js";
import { NS } from "./namespaces.js";
import { writeNormal } from "./payload.js";
import { readSent } from "./store-generation.js";
import {
  attribute,
  childElements,
  type Element,
  escapeXML,
  namespaceOf,
  parseStanzaError,
  reading,
  requireAttribute,
  stanzaErrorElement,
} from "./xml.js";

/** Messages in one `<submit/>`; more belong into a second one. */
export const MAX_MESSAGES_PER_SUBMIT = 100;

/** Bytes of one message's payload: what Signal takes from a client. */
export const MAX_PAYLOAD_BYTES = 96 * 1024;

/** A message on its way into the mailboxes. `payload` is XML: elements of namespaces other than ours. */
export interface Submission {
  readonly id: MessageId;
  readonly to: Jid;
  readonly payload: string;
  /** Set when the payload is a displayed marker: the id of the message that was read. Source: XEP-0333 §4.3 */
  readonly displayed: MessageId | undefined;
  /** The payload as a frame brought it, when it can be passed on as it is. */
  readonly compact?: Uint8Array | undefined;
}

/** What a device says about the entries that it was sent. */
export interface Acknowledgement {
  /** Every entry up to here is durable on the device. */
  readonly seq: Seq;
  /** Those of them that it could not decrypt. */
  readonly undecryptable: readonly Seq[];
}

/** The content of `<submit/>`. */
export interface Submit {
  readonly acknowledgement: Acknowledgement | undefined;
  readonly messages: readonly Submission[];
  /** Messages that are not what they should be; they do not hold up the others. */
  readonly refused: readonly { readonly id: MessageId; readonly error: StanzaError }[];
  /** How often the device had encrypted something by then; missing when it does not say. */
  readonly sent: number | undefined;
}

/** What became of one submitted message. */
export type SubmitOutcome =
  | { readonly id: MessageId; readonly acceptedAt: EpochMs; readonly isDuplicate: boolean }
  | { readonly id: MessageId; readonly error: StanzaError };

/** Reads `<submit/>`. @throws {StanzaError} `bad-request` for a message without an id, `policy-violation` for too many */
export function readSubmit(submit: Element): Submit {
  const children = childElements(submit);
  const messages = children.filter((child) => child.name === "message");
  requireFew(messages.length);
  const ack = children.find((child) => child.name === "ack");
  return asSubmit(messages.map(readSubmission), ack && readAcknowledgement(ack), readSent(submit));
}

/** Refuses too many messages. @throws {StanzaError} `policy-violation` */
export function requireFew(messages: number): void {
  if (messages <= MAX_MESSAGES_PER_SUBMIT) return;
  throw new StanzaError("policy-violation", `at most ${MAX_MESSAGES_PER_SUBMIT} messages go into one submit`);
}

/** Puts together what was read of a submit, in whichever form it came. */
export function asSubmit(
  read: readonly (Submission | Submit["refused"][number])[],
  acknowledgement: Acknowledgement | undefined,
  sent: number | undefined,
): Submit {
  return {
    acknowledgement,
    messages: read.filter((one): one is Submission => !("error" in one)),
    refused: read.filter((one): one is Submit["refused"][number] => "error" in one),
    sent,
  };
}

function readSubmission(message: Element): Submission | Submit["refused"][number] {
  // Without an id there is nothing that a refusal could be told of
  const id = reading(() => messageId(attribute(message, "id")));
  try {
    return readContent(id, message);
  } catch (error) {
    if (error instanceof StanzaError) return { id, error };
    throw error;
  }
}

function readContent(id: MessageId, message: Element): Submission {
  const elements = childElements(message);
  const payload = elements.map((element) => writeNormal(element)).join("");
  return checkContent(id, attribute(message, "to"), { payload, elements, count: elements.length });
}

/**
 * Holds the content of a message to the rules, in whichever form it came.
 *
 * @param content its XML in normal form, those of its elements that could break a rule, and how many there are in all
 * @throws {StanzaError} naming the rule
 */
export function checkContent(
  id: MessageId,
  to: string | undefined,
  {
    payload,
    elements,
    count,
  }: { readonly payload: string; readonly elements: readonly Element[]; readonly count: number },
): Submission {
  const address = Jid.tryParse(to);
  if (!address) throw new StanzaError("jid-malformed", `the message ${id} has no valid address`);
  if (count === 0) throw new StanzaError("bad-request", `the message ${id} is empty`);
  // An element of our own namespace inside a payload could be taken for the protocol around it
  if (elements.some((child) => child.attrs.xmlns === undefined || namespaceOf(child) === NS.mailbox)) {
    throw new StanzaError("bad-request", `the elements of the message ${id} need a namespace of their own`);
  }
  if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
    throw new StanzaError("policy-violation", `the message ${id} is larger than ${MAX_PAYLOAD_BYTES} bytes`);
  }
  const marker = elements.find((child) => child.is("displayed", NS.chatMarkers));
  // A marker becomes a receipt and goes no further: what came with it would be lost without a word
  if (marker && count > 1)
    throw new StanzaError("bad-request", `the displayed marker in the message ${id} has to stand alone`);
  const displayed = marker && reading(() => messageId(attribute(marker, "id")));
  return { id, to: address, payload, displayed };
}

/** Writes `<submit/>`. */
export function writeSubmit({
  acknowledgement,
  messages,
  sent,
}: {
  acknowledgement?: Acknowledgement;
  sent?: number;
  messages: readonly Pick<Submission, "id" | "to" | "payload">[];
}): string {
  const ack = acknowledgement ? writeAcknowledgement(acknowledgement, "") : "";
  const parts = messages.map(
    ({ id, to, payload }) =>
      `<message id='${escapeXML(id)}' to='${escapeXML(to.toString())}'>${payload}</message>`,
  );
  const count = sent === undefined ? "" : ` sent='${sent}'`;
  return `<submit xmlns='${NS.mailbox}'${count}>${ack}${parts.join("")}</submit>`;
}

/** Reads `<ack/>`. @throws {StanzaError} `bad-request` */
export function readAcknowledgement(ack: Element): Acknowledgement {
  return reading(() => ({
    seq: seq(requireAttribute(ack, "seq")),
    undecryptable: ack.getChildren("undecryptable").map((child) => seq(requireAttribute(child, "seq"))),
  }));
}

/** Writes `<ack/>`, with its namespace unless it stands inside `<submit/>`. */
export function writeAcknowledgement(
  { seq, undecryptable }: Acknowledgement,
  namespace: string = NS.mailbox,
): string {
  const xmlns = namespace === "" ? "" : ` xmlns='${namespace}'`;
  if (undecryptable.length === 0) return `<ack${xmlns} seq='${seq}'/>`;
  return `<ack${xmlns} seq='${seq}'>${undecryptable.map((failed) => `<undecryptable seq='${failed}'/>`).join("")}</ack>`;
}

/** Writes `<submitted/>`, the answer to `<submit/>`. */
export function writeSubmitted(outcomes: readonly SubmitOutcome[]): string {
  const parts = outcomes.map((outcome) => {
    const id = escapeXML(outcome.id);
    if ("error" in outcome)
      return `<refused id='${id}'>${stanzaErrorElement(outcome.error).toString()}</refused>`;
    const duplicate = outcome.isDuplicate ? " duplicate='true'" : "";
    return `<accepted id='${id}' at='${formatStamp(outcome.acceptedAt)}'${duplicate}/>`;
  });
  return `<submitted xmlns='${NS.mailbox}'>${parts.join("")}</submitted>`;
}

/** Reads `<submitted/>`. @throws {StanzaError} `bad-request` */
export function readSubmitted(submitted: Element): SubmitOutcome[] {
  return childElements(submitted).map((child) =>
    reading(() => {
      const id = messageId(attribute(child, "id"));
      if (child.name === "refused") return { id, error: parseStanzaError(child.getChild("error")) };
      const acceptedAt = parseStamp(attribute(child, "at"));
      return { id, acceptedAt, isDuplicate: attribute(child, "duplicate") === "true" };
    }),
  );
}
