import { formatStamp, parseStamp, type EpochMs } from "./clock.js";
import { StanzaError } from "./errors.js";
import { deviceId, messageId, seq, type DeviceId, type MessageId, type Seq } from "./ids.js";
import { NS } from "./namespaces.js";
import { isReceiptState, type ReceiptState } from "./receipt-state.js";
import { attribute, childElements, type Element, escapeXML, reading, requireAttribute } from "./xml.js";

/** A message in a mailbox; one's own, sent by another device, when `from` is one's own number. */
export interface MessageEntry {
  readonly kind: "message";
  readonly seq: Seq;
  readonly isRedelivery: boolean;
  readonly from: string;
  readonly to: string;
  readonly id: MessageId;
  readonly at: EpochMs;
  /** XML of the elements that were submitted. */
  readonly payload: string;
}

/** News of messages that one sent: how far they have come on one device of the recipient. */
export interface ReceiptEntry {
  readonly kind: "receipt";
  readonly seq: Seq;
  readonly isRedelivery: boolean;
  readonly state: ReceiptState;
  /** The recipient's number JID. */
  readonly from: string;
  /** The recipient's device; missing when no device ever took it. */
  readonly device: DeviceId | undefined;
  readonly at: EpochMs;
  readonly ids: readonly MessageId[];
}

/** One place in a mailbox. */
export type Entry = MessageEntry | ReceiptEntry;

/** Writes one `<entry/>` of a `<deliver/>`. */
export function writeEntry(entry: Entry): string {
  const again = entry.isRedelivery ? " again='true'" : "";
  return `<entry seq='${entry.seq}'${again}>${entry.kind === "message" ? writeMessage(entry) : writeReceipt(entry)}</entry>`;
}

function writeMessage({ from, to, id, at, payload }: MessageEntry): string {
  return `<message from='${escapeXML(from)}' to='${escapeXML(to)}' id='${escapeXML(id)}' at='${formatStamp(at)}'>${payload}</message>`;
}

function writeReceipt({ state, from, device, at, ids }: ReceiptEntry): string {
  const by = device === undefined ? "" : ` device='${device}'`;
  const list = ids.map((id) => `<id>${escapeXML(id)}</id>`).join("");
  return `<receipt state='${state}' from='${escapeXML(from)}'${by} at='${formatStamp(at)}'>${list}</receipt>`;
}

/** Wraps written entries as `<deliver/>`. */
export function writeDeliver(entries: readonly string[]): string {
  return `<deliver xmlns='${NS.mailbox}'>${entries.join("")}</deliver>`;
}

/** Reads the entries of a `<deliver/>`. @throws {StanzaError} `bad-request` */
export function readDeliver(deliver: Element): Entry[] {
  return deliver.getChildren("entry").map((entry) => reading(() => readEntry(entry)));
}

function readEntry(entry: Element): Entry {
  const place = {
    seq: seq(requireAttribute(entry, "seq")),
    isRedelivery: attribute(entry, "again") === "true",
  };
  const receipt = entry.getChild("receipt");
  if (receipt) return readReceipt(place, receipt);
  const message = entry.getChild("message");
  if (!message) throw new StanzaError("bad-request", "an entry holds a message or a receipt");
  return {
    kind: "message",
    seq: place.seq,
    isRedelivery: place.isRedelivery,
    from: requireAttribute(message, "from"),
    to: requireAttribute(message, "to"),
    id: messageId(attribute(message, "id")),
    at: parseStamp(attribute(message, "at")),
    payload: childElements(message).map(String).join(""),
  };
}

function readReceipt(
  { seq, isRedelivery }: Pick<Entry, "seq" | "isRedelivery">,
  receipt: Element,
): ReceiptEntry {
  const state = attribute(receipt, "state");
  const device = attribute(receipt, "device");
  if (!isReceiptState(state)) throw new StanzaError("bad-request", "a receipt of an unknown state");
  return {
    kind: "receipt",
    seq,
    isRedelivery,
    state,
    from: requireAttribute(receipt, "from"),
    device: device === undefined ? undefined : deviceId(device),
    at: parseStamp(attribute(receipt, "at")),
    ids: receipt.getChildren("id").map((id) => messageId(id.getText())),
  };
}
