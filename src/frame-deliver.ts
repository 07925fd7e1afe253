import { InvalidInput } from "./errors.js";
import { asArray, asBytes, asNumber, decodeItem, encodeArray, encodeItem, type Item } from "./frame-cbor.js";
import { decodePayload, encodePayload } from "./frame-payload.js";
import { decodeAnswer, type FramedAnswer } from "./frame-submit.js";
import { decodeAddress, decodeId, encodeAddress, encodeId } from "./frame-values.js";
import { MAX_FRAME_BYTES } from "./frame.js";
import { deviceId, seq, type MessageId, type Seq } from "./ids.js";
import type { Entry, MessageEntry, ReceiptEntry } from "./mailbox-deliver.js";
import type { ReceiptState } from "./receipt-state.js";
import { reading } from "./xml.js";

const MESSAGE = 0;
const RECEIPT = 1;

/** Receipt states by their place in this list, from 0; new ones are added at the end only. */
const STATES: readonly ReceiptState[] = ["accepted", "expired", "undecryptable", "delivered", "read"];

/**
 * Encodes one entry.
 *
 * @param domain of the number JIDs that are written as numbers
 * @param payload the encoded payload of a message, when it is at hand
 */
export function encodeEntry(entry: Entry, domain: string, payload?: Uint8Array): Uint8Array {
  const { seq, isRedelivery, at } = entry;
  const from = encodeAddress(entry.from, domain);
  if (entry.kind === "receipt") {
    const { state, device, ids } = entry;
    const rest = [STATES.indexOf(state), from, device ?? null, at, ids.map(encodeId)];
    return encodeItem([RECEIPT, seq, isRedelivery, ...rest]);
  }
  const to = encodeAddress(entry.to, domain);
  const content = payload ?? encodePayload(entry.payload, domain);
  return encodeItem([MESSAGE, seq, isRedelivery, from, to, encodeId(entry.id), at, content]);
}

/** Encodes what the service has for a device: answers to its submits, and entries, both encoded already. */
export function encodeDelivery(answers: readonly Uint8Array[], entries: readonly Uint8Array[]): Buffer {
  return encodeArray([encodeArray(answers), encodeArray(entries)]);
}

/** What the service has for a device. */
export interface FramedDelivery {
  readonly answers: readonly FramedAnswer[];
  readonly entries: readonly Entry[];
  /** The numbers of entries that could not be read; they do not hold up the others. */
  readonly unread: readonly Seq[];
}

/** Decodes it. @param idsOf the ids that went with the number of a submit, in order @throws {StanzaError} `bad-request` */
export function decodeDelivery(
  bytes: Uint8Array,
  domain: string,
  idsOf: (number: number) => readonly MessageId[] | undefined,
): FramedDelivery {
  return reading(() => {
    const [answers, list] = asArray(decodeItem(bytes), "a frame");
    const entries: Entry[] = [];
    const unread: Seq[] = [];
    for (const item of asArray(list, "the entries")) {
      const entry = decodeEntry(asArray(item, "an entry"), domain);
      if (typeof entry === "number") unread.push(entry);
      else entries.push(entry);
    }
    return {
      answers: asArray(answers, "the answers")
        .map((item) => decodeAnswer(item, idsOf))
        .filter((answer) => answer !== undefined),
      entries,
      unread,
    };
  });
}

/** An entry; its number alone when it cannot be read. */
function decodeEntry([kind, number, again, ...rest]: readonly Item[], domain: string): Entry | Seq {
  const place = { seq: seq(asNumber(number, "a sequence number")), isRedelivery: again === true };
  try {
    if (kind === MESSAGE) return decodeMessage(place, rest, domain);
    if (kind === RECEIPT) return decodeReceipt(place, rest, domain);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
  }
  return place.seq;
}

type Place = Pick<Entry, "seq" | "isRedelivery">;

function decodeMessage(
  { seq, isRedelivery }: Place,
  [from, to, id, at, payload]: readonly Item[],
  domain: string,
): MessageEntry {
  return {
    kind: "message",
    seq,
    isRedelivery,
    from: decodeAddress(from, domain),
    to: decodeAddress(to, domain),
    id: decodeId(id),
    at: asNumber(at, "a time"),
    payload: decodePayload(asBytes(payload, "a payload", { min: 1, max: MAX_FRAME_BYTES }), domain).payload,
  };
}

function decodeReceipt(
  { seq, isRedelivery }: Place,
  [state, from, device, at, ids]: readonly Item[],
  domain: string,
): ReceiptEntry {
  const known = STATES[asNumber(state, "a state")];
  if (known === undefined) throw new InvalidInput("a receipt of an unknown state");
  return {
    kind: "receipt",
    seq,
    isRedelivery,
    state: known,
    from: decodeAddress(from, domain),
    device: device === null ? undefined : deviceId(asNumber(device, "a device id")),
    at: asNumber(at, "a time"),
    ids: asArray(ids, "the ids").map(decodeId),
  };
}
