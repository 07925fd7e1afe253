import { InvalidInput, isStanzaCondition, StanzaError } from "./errors.js";
import { asArray, asBytes, asNumber, asText, decodeItem, encodeItem, type Item } from "./frame-cbor.js";
import { decodePayload } from "./frame-payload.js";
import { decodeAddress, decodeId, encodeAddress, encodeId } from "./frame-values.js";
import { MAX_FRAME_BYTES } from "./frame.js";
import { seq, type MessageId } from "./ids.js";
import {
  asSubmit,
  checkContent,
  requireFew,
  type Acknowledgement,
  type Submission,
  type Submit,
  type SubmitOutcome,
} from "./mailbox-submit.js";
import { reading } from "./xml.js";

/** A message for a frame; its payload is encoded already. */
export interface FramedMessage {
  readonly id: string;
  readonly to: string;
  readonly payload: Uint8Array;
}

/** Encodes the content of a submit. @param domain of the number JIDs that are written as numbers */
export function encodeSubmit(
  {
    acknowledgement,
    sent,
    messages,
  }: { acknowledgement?: Acknowledgement; sent?: number; messages: readonly FramedMessage[] },
  domain: string,
): Uint8Array {
  const ack = acknowledgement && [acknowledgement.seq, ...acknowledgement.undecryptable];
  const items = messages.map(({ id, to, payload }) => [encodeId(id), encodeAddress(to, domain), payload]);
  return encodeItem([ack ?? null, sent ?? null, items]);
}

/**
 * Decodes the content of a submit. A message that is not what it should be does not hold up the others.
 *
 * @throws {StanzaError} `bad-request` for a frame that is none, or a message without an id; `policy-violation` for too many
 */
export function decodeSubmit(bytes: Uint8Array, domain: string): Submit {
  return reading(() => {
    const [ack, sent, list] = asArray(decodeItem(bytes), "a frame");
    const messages = asArray(list, "the messages");
    requireFew(messages.length);
    return asSubmit(
      messages.map((message) => decodeSubmission(asArray(message, "a message"), domain)),
      ack === null ? undefined : decodeAcknowledgement(ack),
      sent === null ? undefined : asNumber(sent, "the count of what was sent"),
    );
  });
}

function decodeAcknowledgement(item: Item | undefined): Acknowledgement {
  const [last, ...undecryptable] = asArray(item, "an acknowledgement").map((one) =>
    seq(asNumber(one, "a sequence number")),
  );
  if (last === undefined) throw new InvalidInput("an acknowledgement has a sequence number");
  return { seq: last, undecryptable };
}

function decodeSubmission(message: readonly Item[], domain: string): Submission | Submit["refused"][number] {
  const id = decodeId(message[0]);
  try {
    return reading(() => decodeContent(id, message, domain));
  } catch (error) {
    if (error instanceof StanzaError) return { id, error };
    throw error;
  }
}

function decodeContent(id: MessageId, [, to, bytes]: readonly Item[], domain: string): Submission {
  const encoded = asBytes(bytes, "a payload", { min: 1, max: MAX_FRAME_BYTES });
  const { payload, elements, count, isNormal } = decodePayload(encoded, domain);
  const content = checkContent(id, decodeAddress(to, domain), { payload, elements, count });
  return isNormal ? { compact: encoded, ...content } : content;
}

/** The answer to the submit of one frame: what became of each message, or why it was refused as a whole. */
export type FramedAnswer =
  | { readonly number: number; readonly outcomes: readonly SubmitOutcome[] }
  | { readonly number: number; readonly error: StanzaError };

/** Encodes an answer; when all of the messages were accepted at one time, for the first time, that is all it says. */
export function encodeAnswer(answer: FramedAnswer): Uint8Array {
  if ("error" in answer) return encodeItem([answer.number, null, errorItem(answer.error)]);
  const { number, outcomes } = answer;
  const first = outcomes[0];
  const isPlain = outcomes.every(
    (one) =>
      !("error" in one) &&
      !one.isDuplicate &&
      first &&
      "acceptedAt" in first &&
      one.acceptedAt === first.acceptedAt,
  );
  if (isPlain && first && "acceptedAt" in first) return encodeItem([number, first.acceptedAt]);
  return encodeItem([number, outcomes.map(outcomeItem)]);
}

function outcomeItem(outcome: SubmitOutcome): Item {
  const id = encodeId(outcome.id);
  return "error" in outcome ? [id, errorItem(outcome.error)] : [id, outcome.acceptedAt, outcome.isDuplicate];
}

function errorItem(error: StanzaError): Item {
  const { type, condition, message, applicationCondition, applicationNamespace } = error;
  return [type, condition, message, applicationCondition ?? null, applicationNamespace ?? null];
}

/** Decodes an answer. @param idsOf the ids that went with a number, in order; an answer to another is left out @throws {InvalidInput} */
export function decodeAnswer(
  item: Item,
  idsOf: (number: number) => readonly MessageId[] | undefined,
): FramedAnswer | undefined {
  const [first, accepted, error] = asArray(item, "an answer");
  const number = asNumber(first, "the number of a submit");
  const ids = idsOf(number);
  if (!ids) return undefined;
  if (accepted === null) return { number, error: decodeError(error) };
  if (typeof accepted === "number")
    return { number, outcomes: ids.map((id) => ({ id, acceptedAt: accepted, isDuplicate: false })) };
  return { number, outcomes: asArray(accepted, "the outcomes").map(decodeOutcome) };
}

function decodeOutcome(item: Item): SubmitOutcome {
  const [first, accepted, isDuplicate] = asArray(item, "an outcome");
  const id = decodeId(first);
  if (typeof accepted !== "number") return { id, error: decodeError(accepted) };
  return { id, acceptedAt: accepted, isDuplicate: isDuplicate === true };
}

function decodeError(item: Item | undefined): StanzaError {
  const [type, condition, text, application, namespace] = asArray(item, "an error");
  const known =
    typeof condition === "string" && isStanzaCondition(condition) ? condition : "undefined-condition";
  return new StanzaError(known, asText(text, "the text of an error"), {
    ...(isErrorType(type) && { type }),
    ...(typeof application === "string" && { applicationCondition: application }),
    ...(typeof namespace === "string" && { applicationNamespace: namespace }),
  });
}

function isErrorType(type: Item | undefined): type is StanzaError["type"] {
  return typeof type === "string" && ["auth", "cancel", "continue", "modify", "wait"].includes(type);
}
