import { formatStamp, parseStamp, type EpochMs } from "./clock.js";
import { StanzaError } from "./errors.js";
import { deviceId, messageId, type DeviceId, type MessageId } from "./ids.js";
import { NS } from "./namespaces.js";
import { isReceiptState, type ReceiptState } from "./receipt-state.js";
import { attribute, type Element, reading, requireAttribute, xml } from "./xml.js";

/** How far one device of the recipient has come with a message. */
export interface DeviceStatus {
  readonly device: DeviceId | undefined;
  readonly state: ReceiptState;
  readonly at: EpochMs;
}

/** The answer to a status query. */
export interface MessageStatus {
  readonly id: MessageId;
  readonly to: string;
  readonly acceptedAt: EpochMs;
  readonly recipients: readonly DeviceStatus[];
}

/** Writes the `<status/>` of an answer. */
export function writeStatus({ id, to, acceptedAt, recipients }: MessageStatus): Element {
  const children = recipients.map(({ device, state, at }) =>
    xml("recipient", { device, state, at: formatStamp(at) }),
  );
  return xml("status", { xmlns: NS.mailbox, id, to, at: formatStamp(acceptedAt) }, ...children);
}

/** Reads the `<status/>` of an answer. @throws {StanzaError} `bad-request` */
export function readStatus(status: Element): MessageStatus {
  return reading(() => ({
    id: messageId(attribute(status, "id")),
    to: requireAttribute(status, "to"),
    acceptedAt: parseStamp(attribute(status, "at")),
    recipients: status.getChildren("recipient").map((recipient) => {
      const state = attribute(recipient, "state");
      const device = attribute(recipient, "device");
      if (!isReceiptState(state)) throw new StanzaError("bad-request", "a receipt of an unknown state");
      return {
        device: device === undefined ? undefined : deviceId(device),
        state,
        at: parseStamp(attribute(recipient, "at")),
      };
    }),
  }));
}
