import { createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { Connection } from "../../sdk/connection/connection.js";
import { newId, newMessageId, type DeviceId, type MessageId, type Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { attachStatement, readAttached, writeAttach, type Attached } from "../../src/mailbox-attach.js";
import { readDeliver, type Entry, type MessageEntry, type ReceiptEntry } from "../../src/mailbox-deliver.js";
import { decodeDelivery } from "../../src/frame-deliver.js";
import { encodePayload } from "../../src/frame-payload.js";
import { encodeSubmit, type FramedAnswer } from "../../src/frame-submit.js";
import { FRAME_VERSION, readFrame, writeFrame } from "../../src/frame.js";
import { readStatus, type MessageStatus } from "../../src/mailbox-status.js";
import {
  readSubmitted,
  writeAcknowledgement,
  writeSubmit,
  type Acknowledgement,
  type Submission,
  type SubmitOutcome,
} from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import type { GenerationClaim } from "../../src/store-generation.js";
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

/** The form of what a device and the service say to each other. Source: docs/protocol.md §4.7 */
export type Form = "xml" | "frame";

let usual: Form = "xml";

/** In which form devices speak that are not told another; a suite that is to hold for both runs once with each. */
export function speak(form: Form): void {
  usual = form;
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
  /** In which form it asks to speak when it attaches. */
  form: Form;
  /** Whether frames were agreed on. */
  isFramed = false;
  token: string | undefined;
  last = 0;
  readonly #submits = new Map<number, FramedSubmit>();
  #lastSubmit = 0;

  constructor(credentials: DeviceCredentials, resource = `r${newId()}`, form = usual) {
    this.form = form;
    this.credentials = credentials;
    const { service, domain, username, password } = credentials;
    this.connection = new Connection({ service, domain, username, password, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => this.#receive(stanza));
  }

  /** Logs in, attaches and tells the component that it is there. */
  static async online(credentials: DeviceCredentials, form?: Form): Promise<RawDevice> {
    const device = new RawDevice(credentials, undefined, form);
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
  async attach(
    proof?: Parameters<typeof writeAttach>[0]["proof"],
    last = this.last,
    generation?: GenerationClaim,
  ): Promise<Attached> {
    const { deviceId, numberDomain } = this.credentials;
    const about = {
      device: deviceId,
      last: last as Seq,
      ...(generation && { generation }),
      ...(this.form === "frame" && { frame: FRAME_VERSION }),
    };
    const attach = writeAttach({ ...about, proof: proof ?? (await this.prove()) });
    const attached = readAttached(await this.ask("set", attach));
    this.token = attached.token;
    this.isFramed = attached.frame === FRAME_VERSION;
    // To a contact, which the component is where mod_groups says so, the server tells only the end of what it broadcast
    await this.connection.send(`<presence><priority>-1</priority></presence>`);
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
    const ready = messages.map(({ to, payload, id }) => ({
      to: Jid.parse(to),
      payload,
      id: id ?? newMessageId(),
    }));
    if (!this.isFramed)
      return readSubmitted(await this.ask("set", parseXml(writeSubmit({ messages: ready }))));
    return this.submitFrame({ messages: ready });
  }

  /** Submits in a frame and waits for the answer. */
  submitFrame({ acknowledgement, messages }: ReadySubmit): Promise<SubmitOutcome[]> {
    const { numberDomain } = this.credentials;
    const encoded = messages.map(({ id, to, payload }) => ({
      id,
      to: to.toString(),
      payload: encodePayload(payload, numberDomain),
    }));
    const content = encodeSubmit(
      { ...(acknowledgement && { acknowledgement }), messages: encoded },
      numberDomain,
    );
    return this.sendFrame(
      content,
      messages.map(({ id }) => id),
    );
  }

  /** Sends the content of a frame, whatever it is, and waits for the answer. @param ids of the messages in it */
  sendFrame(content: Uint8Array, ids: readonly MessageId[] = []): Promise<SubmitOutcome[]> {
    const number = ++this.#lastSubmit;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer to a frame")), 10_000);
      const settle = (answer: FramedAnswer): void => {
        clearTimeout(timer);
        if ("error" in answer) reject(answer.error);
        else resolve([...answer.outcomes]);
      };
      this.#submits.set(number, { ids, settle });
      void this.connection
        .send(
          `<message type='headline' to='${this.credentials.numberDomain}'>${writeFrame(content, number)}</message>`,
        )
        .catch(reject);
    });
  }

  /** Submits one text and answers its id. */
  async say(to: string, text: string, id = newMessageId(), payload = body(text)): Promise<MessageId> {
    const [outcome] = await this.submit([{ to, payload, id }]);
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
    const frame = stanza.getChild("frame", NS.mailbox);
    const entries = deliver ? readDeliver(deliver) : frame ? this.#readFrame(frame) : undefined;
    if (!entries) return void this.others.push(stanza);
    this.entries.push(...entries);
    if (entries.length > 0 && this.isAcknowledging)
      void this.acknowledge(entries.at(-1)?.seq ?? 0).catch(() => {});
  }

  #readFrame(frame: Element): readonly Entry[] {
    const idsOf = (number: number) => this.#submits.get(number)?.ids;
    const { answers, entries } = decodeDelivery(readFrame(frame), this.credentials.numberDomain, idsOf);
    for (const answer of answers) {
      this.#submits.get(answer.number)?.settle(answer);
      this.#submits.delete(answer.number);
    }
    return entries;
  }
}

interface ReadySubmit {
  readonly acknowledgement?: Acknowledgement;
  readonly messages: readonly Pick<Submission, "id" | "to" | "payload">[];
}

interface FramedSubmit {
  readonly ids: readonly MessageId[];
  settle(answer: FramedAnswer): void;
}

/** A plain body as a payload. */
export function body(text: string): string {
  return xml("body", { xmlns: NS.client }, text).toString();
}
