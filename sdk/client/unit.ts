import { createHash } from "node:crypto";
import type { Clock } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";
import { messageId, newMessageId, type MessageId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { type MessageContent, writeContent } from "../../src/message-content.js";
import { NS } from "../../src/namespaces.js";
import { phoneNumber } from "../../src/phone-number.js";
import { ILLEGAL_CHARACTER } from "../../src/stream-chars.js";
import { escapeXML } from "../../src/xml.js";
import type { Transaction, View } from "../storage/port.js";
import type { Handles, SendHandle } from "./handles.js";
import { removeFromInbox } from "./inbox-records.js";
import type { SendOptions } from "./options.js";
import { appendOutbox, type OutboxRecord } from "./outbox-records.js";
import type { SentRecords } from "./sent-records.js";

/** Bytes of a text; encrypted for some devices it still fits into what the service takes. */
const MAX_TEXT_BYTES = 64 * 1024;

/** Where a program that uses a client keeps records of its own. */
const OWN_RECORDS = "app/";

/**
 * What becomes durable together, or not at all: acknowledgements, messages, and records of the program's own, whose
 * keys share nothing with those of the client.
 *
 * It may be used as long as the `work` runs that it was given to, which may run a second time and therefore changes
 * nothing else.
 */
export interface ClientUnit extends Transaction {
  /** Takes an item out of the inbox; one that is not there any more is no error. */
  acknowledge(item: { readonly order: number }): void;
  /** Writes a message; it goes when all is durable. @throws {InvalidInput} as `Client.send` */
  send(to: string, content: string | MessageContent, options?: SendOptions): SendHandle;
  /** Tells the sender of a message that the person has seen it. */
  markRead(message: { readonly id: MessageId; readonly from: string }): void;
}

/** What a unit works with. */
export interface UnitPorts {
  readonly clock: Clock;
  readonly sent: SentRecords;
  readonly handles: Handles;
  readonly jidOf: (number: string) => Jid;
}

/** A unit within a transaction of the store. */
export class TransactionUnit implements ClientUnit {
  /** What was added to the outbox: to be passed on when it is durable. */
  readonly added: OutboxRecord[] = [];
  /** Items that were taken out of the inbox. */
  acknowledged = 0;
  readonly #transaction: Transaction;
  readonly #ports: UnitPorts;

  constructor(transaction: Transaction, ports: UnitPorts) {
    this.#transaction = transaction;
    this.#ports = ports;
  }

  /** The value of one of the program's own keys. */
  get(key: string): Uint8Array | undefined {
    return this.#transaction.get(OWN_RECORDS + key);
  }

  /** Pairs of the program's own keys, as `View.scan`. */
  scan(prefix: string, options?: Parameters<View["scan"]>[1]): ReturnType<View["scan"]> {
    return scanOwn(this.#transaction, prefix, options);
  }

  /** Stores a copy of the bytes under one of the program's own keys. */
  set(key: string, value: Uint8Array): void {
    this.#transaction.set(OWN_RECORDS + key, value);
  }

  /** Removes one of the program's own keys. */
  delete(key: string): void {
    this.#transaction.delete(OWN_RECORDS + key);
  }

  /** Takes an item out of the inbox. */
  acknowledge({ order }: { readonly order: number }): void {
    if (removeFromInbox(this.#transaction, order)) this.acknowledged++;
  }

  /** Writes a message. */
  send(to: string, content: string | MessageContent, options: SendOptions = {}): SendHandle {
    const { clock, sent, handles, jidOf } = this.#ports;
    const address = jidOf(phoneNumber(to)).bare;
    const id = options.id === undefined ? newMessageId(sent) : messageId(options.id);
    const { text, elements } = written(content);
    const digest = digestOf(address, text, elements);
    const earlier = sent.get(this.#transaction, id);
    if (earlier && earlier.digest !== digest && !options.isFirstKept)
      throw new InvalidInput("another message was sent under this id");
    if (earlier) return handles.of(earlier);
    const beside = elements.length > 0 ? { elements } : {};
    const record = appendOutbox(this.#transaction, { kind: "message", id, to: address, text, ...beside });
    const { order } = record;
    sent.put(this.#transaction, { id, to: address, order, digest, sentAt: clock.now(), devices: [] });
    this.added.push(record);
    return handles.of({ id, to: address });
  }

  /** Writes that a message was seen. */
  markRead({ id, from }: { readonly id: MessageId; readonly from: string }): void {
    const { sent, jidOf } = this.#ports;
    const to = jidOf(from).bare;
    // XEP-0333 §4.3
    const payload = `<displayed xmlns='${NS.chatMarkers}' id='${escapeXML(id)}'/>`;
    const own = newMessageId(sent);
    this.added.push(appendOutbox(this.#transaction, { kind: "displayed", id: own, to, payload }));
  }
}

/** What the program may read of its own records. */
export function ownView(view: View): View {
  return {
    get: (key) => view.get(OWN_RECORDS + key),
    scan: (prefix, options) => scanOwn(view, prefix, options),
  };
}

function scanOwn(
  view: View,
  prefix: string,
  { after, limit }: NonNullable<Parameters<View["scan"]>[1]> = {},
): ReturnType<View["scan"]> {
  const options = {
    ...(after === undefined ? {} : { after: OWN_RECORDS + after }),
    ...(limit === undefined ? {} : { limit }),
  };
  return view
    .scan(OWN_RECORDS + prefix, options)
    .map(([key, value]) => [key.slice(OWN_RECORDS.length), value] as const);
}

/** What is wrong with a content in itself. @throws {InvalidInput} as `ClientUnit.send` */
export function checkContent(content: MessageContent): void {
  written(content);
}

function written(content: string | MessageContent): { text: string | undefined; elements: string[] } {
  const { text, elements } = writeContent(
    typeof content === "string" ? { kind: "text", text: content } : content,
  );
  if (text === "") throw new InvalidInput("the text is empty");
  if (text !== undefined && Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw new InvalidInput(`a text has at most ${MAX_TEXT_BYTES} bytes`);
  const beside = elements.map(String);
  if (beside.join("").length > MAX_TEXT_BYTES) throw new InvalidInput("there are too many reactions");
  if ([text ?? "", ...beside].some((part) => ILLEGAL_CHARACTER.test(part)))
    throw new InvalidInput("a text has no control characters but line breaks and tabs");
  return { text, elements: beside };
}

/** What is the same for the same message alone. */
function digestOf(address: string, text: string | undefined, elements: readonly string[]): string {
  const beside = elements.length > 0 ? `\0${elements.join("")}` : "";
  return createHash("sha256")
    .update(`${address}\0${text ?? ""}${beside}`)
    .digest("base64url");
}
