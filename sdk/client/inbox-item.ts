import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Quote } from "../../src/message-content.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { OpenFailure, TrustLevel } from "../omemo/mod.js";
import type { InboxRecord } from "./inbox-records.js";

interface Arrived {
  /** Its place in the inbox: what {@link ClientUnit.acknowledge} takes. */
  readonly order: number;
  readonly id: MessageId;
  /** The number that it came from. */
  readonly from: PhoneNumber;
  /** The number that it was sent to. */
  readonly to: PhoneNumber;
  /** When the service accepted it. */
  readonly at: EpochMs;
  /** The device that it came from, as far as that is known. */
  readonly device: DeviceId | undefined;
}

interface Said extends Arrived {
  /** Whether it came end-to-end encrypted; otherwise the service could read and change it. */
  readonly isEncrypted: boolean;
  /** What the identity that it came with counted as when it arrived; missing when it was not encrypted. */
  readonly trust: TrustLevel | undefined;
}

interface Text extends Said {
  readonly text: string;
  /** What it answers. */
  readonly quote: Quote | undefined;
  /** The earlier message of the same sender that it stands in place of. */
  readonly replaces: MessageId | undefined;
}

interface Reaction extends Said {
  readonly of: MessageId;
  readonly emojis: readonly string[];
}

interface Retraction extends Said {
  readonly of: MessageId;
}

/** Something that lies in the inbox until it is acknowledged: plain data, which may be kept as JSON. */
export type InboxItem =
  | (Text & { readonly kind: "message" })
  /** All that the sender now says to a message with emojis; those of before no longer count. */
  | (Reaction & { readonly kind: "reaction" })
  /** The sender takes a message back. */
  | (Retraction & { readonly kind: "retraction" })
  /** Another device of the same account sent it. */
  | (Text & { readonly kind: "sent-elsewhere" })
  /** Another device of the same account said it with emojis to a message of the chat with `to`. */
  | (Reaction & { readonly kind: "reacted-elsewhere" })
  /** Another device of the same account took a message back. */
  | (Retraction & { readonly kind: "retracted-elsewhere" })
  | (Arrived & { readonly kind: "undecryptable"; readonly reason: OpenFailure });

/** An item by its kind. */
export type InboxItemOf<Kind extends InboxItem["kind"]> = Extract<InboxItem, { kind: Kind }>;

/** A record of the inbox as it is told. */
export function inboxItem(record: InboxRecord): InboxItem {
  const { order, id, at, device, kind, text = "", of = id } = record;
  const from = Jid.parse(record.from).local as PhoneNumber;
  const to = Jid.parse(record.to).local as PhoneNumber;
  const arrived = { order, id, from, to, at, device };
  if (kind === "undecryptable") return { kind, ...arrived, reason: record.reason ?? "malformed" };
  const said = { isEncrypted: record.isEncrypted ?? false, trust: record.trust, ...arrived };
  if (kind === "reaction" || kind === "reacted-elsewhere")
    return { kind, of, emojis: record.emojis ?? [], ...said };
  if (kind === "retraction" || kind === "retracted-elsewhere") return { kind, of, ...said };
  return { kind, text, quote: record.quote, replaces: record.replaces, ...said };
}
