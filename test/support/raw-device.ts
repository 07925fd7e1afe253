import { createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { Connection } from "../../sdk/connection/connection.js";
import { newId, newMessageId, type DeviceId, type MessageId, type Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { attachStatement, readAttached, writeAttach, type Attached } from "../../src/mailbox-attach.js";
import { readDeliver, type Entry, type MessageEntry, type ReceiptEntry } from "../../src/mailbox-deliver.js";
import { readStatus, type MessageStatus } from "../../src/mailbox-status.js";
import {
  readSubmitted,
  writeAcknowledgement,
  writeSubmit,
  type SubmitOutcome,
} from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { parseXml, requireAttribute, xml, type Element } from "../../src/xml.js";
import { until } from "./until.js";

/** A device key pair. */
export interface DeviceKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** What a device needs to log in and to attach. */
export interface DeviceCredentials {
  readonly service: string;
  readonly domain: string;
  readonly numberDomain: string;
  readonly number: string;
  readonly username: string;
  readonly password: string;
  readonly deviceId: DeviceId;
  readonly key: DeviceKey;
}

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Makes an Ed25519 key. */
export function newDeviceKey(): DeviceKey {
  const der = Buffer.concat([PKCS8_ED25519, randomBytes(32)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  return { privateKey, publicKey };
}

/** A device that speaks the mailbox protocol with nothing of the SDK above the connection, so that a test can do it wrong. */
export class RawDevice {
  readonly credentials: DeviceCredentials;
  readonly connection: Connection;
  /** Every entry delivered, in order of arrival, repeated ones too. */
  readonly entries: Entry[] = [];
  /** Every other message that arrived. */
  readonly others: Element[] = [];
  /** Acknowledges what arrives when set. */
  isAcknowledging = true;
  token: string | undefined;
  last = 0;

  constructor(credentials: DeviceCredentials, resource = `r${newId()}`) {
    this.credentials = credentials;
    const { service, domain, username, password } = credentials;
    this.connection = new Connection({ service, domain, username, password, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => this.#receive(stanza));
  }

  /** Logs in, attaches and tells the component that it is there. */
  static async online(credentials: DeviceCredentials): Promise<RawDevice> {
    const device = new RawDevice(credentials);
    await device.connection.start();
    await device.attach();
    return device;
  }

  /** The number JID. */
  get numberJid(): string {
    return `${this.credentials.number}@${this.credentials.numberDomain}`;
  }

  get messages(): MessageEntry[] {
    return this.entries.filter((entry) => entry.kind === "message");
  }

  get receipts(): ReceiptEntry[] {
    return this.entries.filter((entry) => entry.kind === "receipt");
  }

  /** Opens the mailbox with the device key, or with whatever proof is given. */
  async attach(proof?: Parameters<typeof writeAttach>[0]["proof"], last = this.last): Promise<Attached> {
    const { deviceId, numberDomain } = this.credentials;
    const attach = writeAttach({ device: deviceId, last: last as Seq, proof: proof ?? (await this.prove()) });
    const attached = readAttached(await this.ask("set", attach));
    this.token = attached.token;
    await this.connection.send(`<presence to='${numberDomain}'/>`);
    return attached;
  }

  /** Signs a fresh nonce. */
  async prove(key: DeviceKey = this.credentials.key) {
    const challenge = await this.ask("get", xml("challenge", { xmlns: NS.mailbox }));
    const nonce = requireAttribute(challenge, "nonce");
    const { numberDomain, deviceId } = this.credentials;
    const statement = attachStatement(numberDomain, String(this.connection.jid), deviceId, nonce);
    return { nonce, publicKey: key.publicKey, signature: sign(null, statement, key.privateKey) };
  }

  /** Asks the component, or whom else, and answers the result's payload. */
  async ask(type: "get" | "set", payload: Element, to = this.credentials.numberDomain): Promise<Element> {
    const result = await this.connection.request(xml("iq", { type, to, id: newId() }, payload), {
      timeoutMs: 10_000,
    });
    return result.getChildElements()[0] ?? result;
  }

  /** Submits messages. */
  async submit(
    messages: readonly { to: string; payload: string; id?: MessageId }[],
  ): Promise<SubmitOutcome[]> {
    const submit = writeSubmit({
      messages: messages.map(({ to, payload, id }) => ({
        to: Jid.parse(to),
        payload,
        id: id ?? newMessageId(),
      })),
    });
    return readSubmitted(await this.ask("set", parseXml(submit)));
  }

  /** Submits one text and answers its id. */
  async say(to: string, text: string, id = newMessageId()): Promise<MessageId> {
    const [outcome] = await this.submit([{ to, payload: body(text), id }]);
    if (!outcome || "error" in outcome) throw outcome?.error ?? new Error("no answer");
    return id;
  }

  /** Says that a message was displayed. Source: XEP-0333 */
  async markRead(to: string, id: MessageId): Promise<SubmitOutcome[]> {
    return this.submit([{ to, payload: `<displayed xmlns='${NS.chatMarkers}' id='${id}'/>` }]);
  }

  /** Acknowledges up to a sequence number. */
  async acknowledge(seq: number, undecryptable: readonly number[] = []): Promise<void> {
    this.last = Math.max(this.last, seq);
    const ack = writeAcknowledgement({ seq: seq as Seq, undecryptable: undecryptable as Seq[] });
    await this.connection.send(
      `<message type='headline' to='${this.credentials.numberDomain}'>${ack}</message>`,
    );
  }

  /** How far a message of this device has come. */
  async status(id: MessageId): Promise<MessageStatus> {
    return readStatus(await this.ask("get", xml("status", { xmlns: NS.mailbox, id })));
  }

  /** Waits for so many messages and answers their texts. */
  async texts(count: number): Promise<string[]> {
    await until(`${count} messages`, () => this.messages.length >= count, 10_000);
    return this.messages.map(({ payload }) => parseXml(payload).getText());
  }

  /** Waits for a receipt. */
  async receipt(id: MessageId, state: ReceiptEntry["state"]): Promise<ReceiptEntry> {
    const find = () => this.receipts.find((receipt) => receipt.state === state && receipt.ids.includes(id));
    await until(`the receipt ${state}`, () => find() !== undefined, 10_000);
    return find() as ReceiptEntry;
  }

  async stop(): Promise<void> {
    await this.connection.stop();
  }

  #receive(stanza: Element): void {
    const deliver = stanza.getChild("deliver", NS.mailbox);
    if (!deliver) return void this.others.push(stanza);
    const entries = readDeliver(deliver);
    this.entries.push(...entries);
    if (this.isAcknowledging) void this.acknowledge(entries.at(-1)?.seq ?? 0).catch(() => {});
  }
}

/** A plain body as a payload. */
export function body(text: string): string {
  return xml("body", { xmlns: NS.client }, text).toString();
}
