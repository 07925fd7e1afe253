import { sign } from "node:crypto";
import { hashDeviceKey } from "../../component/mailbox/service.js";
import { decodeDelivery } from "../../src/frame-deliver.js";
import { encodePayload } from "../../src/frame-payload.js";
import { encodeSubmit, type FramedAnswer } from "../../src/frame-submit.js";
import { FRAME_VERSION, readFrame, writeFrame } from "../../src/frame.js";
import type { DeviceId, MessageId, Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { attachStatement, readAttached, writeAttach, type AttachProof } from "../../src/mailbox-attach.js";
import { readDeliver } from "../../src/mailbox-deliver.js";
import {
  readSubmitted,
  writeAcknowledgement,
  writeSubmit,
  type Acknowledgement,
  type SubmitOutcome,
} from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { phoneNumber } from "../../src/phone-number.js";
import { attribute, parseXml, requireAttribute, xml, type Element } from "../../src/xml.js";
import { body } from "../support/raw-device.js";
import { Component, DOMAIN, HOST, type Build } from "./component.js";
import type { Durable, Fate } from "./database.js";
import { JumpClock } from "./jump-clock.js";
import { newRealDevice, type RealDevice } from "./real-device.js";

const MOMENT_MS = 25;

interface Message {
  readonly id: string;
  readonly to: string;
  readonly payload: string;
}

/** The product, its database and the devices around it. */
export class Real {
  readonly clock = new JumpClock();
  readonly #build: Build;
  readonly #devices = new Map<string, RealDevice>();
  durable: Durable;
  component: Component;
  #asked: readonly MessageId[] = [];
  #resources = 0;
  #accounts = 0;

  constructor(build: Build, durable: Durable) {
    this.#build = build;
    this.durable = durable;
    this.component = this.#newComponent();
  }

  #newComponent(): Component {
    return new Component(this.#build, this.durable, this.clock, (stanza) => this.#receive(stanza));
  }

  /** Lets everything happen that does so at once, or in a moment: entries gather before they go. */
  async calm(): Promise<void> {
    await this.component.settle();
    this.clock.jump(MOMENT_MS);
    await this.component.settle();
  }

  /** The process is gone, and a new one begins with what was committed. */
  async crash(): Promise<void> {
    this.component.store.isDead = true;
    this.clock.clear();
    this.durable = this.durable.reopen();
    this.component = this.#newComponent();
    await this.component.start();
    await this.component.settle();
  }

  /** Runs something in which the process may die, and is there again. Answers whether it did. */
  async survive(
    fate: { operation: string; when: Fate } | undefined,
    work: () => Promise<void>,
  ): Promise<boolean> {
    this.component.store.fate = fate;
    const working = work();
    // What a dead process was asked never ends
    if (fate) await Promise.race([working, this.component.settle()]);
    if (fate && this.component.store.isDead) {
      working.catch(() => undefined);
      await this.crash();
      return true;
    }
    await working;
    this.component.store.fate = undefined;
    return false;
  }

  async register(number: string, deviceId: number): Promise<void> {
    const { vault, accounts, events } = this.component;
    const jid = `account-${++this.#accounts}@${HOST}`;
    const e164 = phoneNumber(number);
    const device = this.#newDevice(jid, deviceId);
    const { retired } = await accounts.create({
      jid,
      numberHash: vault.hashNumber(e164),
      numberSealed: vault.sealNumber(e164),
      isMadeHere: true,
      pinHash: null,
      device: bound(device),
      now: this.clock.now(),
    });
    if (retired) events.accountGone(retired.jid);
    await this.component.settle();
  }

  async block(number: string, other: string, isBlocked: boolean): Promise<void> {
    const { vault, contacts } = this.component;
    const e164 = phoneNumber(other);
    await contacts.block({
      jid: await this.#jidOf(number),
      numberHash: vault.hashNumber(e164),
      numberSealed: vault.sealNumber(e164),
      place: "here",
      isBlocked,
      now: this.clock.now(),
    });
  }

  /** As the admin has it done, one step after the other. */
  async erase(number: string, isAtOnce: boolean): Promise<void> {
    const { vault, admin, events } = this.component;
    const numberHash = vault.hashNumber(phoneNumber(number));
    const begun = await admin.beginErasure({ numberHash, limitKeys: [], isAtOnce, now: this.clock.now() });
    if (begun?.retired) events.accountGone(begun.retired.jid);
    await this.component.settle();
    await this.component.goOnErasing();
  }

  async leave(device: RealDevice): Promise<void> {
    device.isOpen = false;
    await this.component.leave(device.fullJid);
  }

  async unlink(number: string): Promise<void> {
    const jid = await this.#jidOf(number);
    await this.component.accounts.unlink(jid);
    this.component.events.accountGone(jid);
    await this.component.settle();
  }

  async addDevice(number: string, deviceId: number): Promise<void> {
    const jid = await this.#jidOf(number);
    await this.component.accounts.addDevice(jid, bound(this.#newDevice(jid, deviceId)), this.clock.now());
  }

  async removeDevice(number: string, deviceId: number): Promise<void> {
    const jid = await this.#jidOf(number);
    await this.component.accounts.removeDevice(jid, deviceId as DeviceId, this.clock.now());
    this.component.events.devicesGone(jid);
    await this.component.settle();
  }

  device(deviceId: number): RealDevice {
    return this.#devices.get(String(deviceId)) as RealDevice;
  }

  /** Opens the mailbox, on the stream that it had or on a new one, by token where there is one that is good still. */
  async attach(device: RealDevice, { isSameStream = false, isFramed = false } = {}): Promise<void> {
    if (!isSameStream) device.fullJid = `${device.jid}/${++this.#resources}`;
    device.received = [];
    device.isOpen = true;
    device.isFramed = isFramed;
    const frame = isFramed ? { frame: FRAME_VERSION } : {};
    const ask = async (proof: AttachProof): Promise<Element | undefined> =>
      this.component.ask(
        device.fullJid,
        "set",
        parseXml(
          writeAttach({
            device: device.deviceId as DeviceId,
            last: device.last as Seq,
            proof,
            ...frame,
          }).toString(),
        ),
      );
    const byToken = device.token && (await ask({ token: device.token }).catch(() => undefined));
    const attached = byToken || (await ask(await this.#prove(device)));
    device.token = readAttached(attached as Element).token;
  }

  async #prove({ fullJid, deviceId, key }: RealDevice): Promise<AttachProof> {
    const challenge = await this.component.ask(fullJid, "get", xml("challenge", { xmlns: NS.mailbox }));
    const nonce = requireAttribute(challenge as Element, "nonce");
    const statement = attachStatement(DOMAIN, fullJid, deviceId as DeviceId, nonce);
    return { nonce, publicKey: key.publicKey, signature: sign(null, statement, key.privateKey) };
  }

  /** Submits, and answers what became of each; `undefined` when the answer never came. */
  async submit(
    device: RealDevice,
    messages: readonly Message[],
    acknowledgement?: Acknowledgement,
  ): Promise<string[] | undefined> {
    const outcomes = device.isFramed
      ? await this.#submitFrame(device, messages, acknowledgement)
      : await this.#submitXml(device, messages, acknowledgement);
    return outcomes?.map((outcome) => {
      if ("error" in outcome) return outcome.error.applicationCondition ?? outcome.error.condition;
      return outcome.isDuplicate ? "duplicate" : "accepted";
    });
  }

  async #submitFrame(
    device: RealDevice,
    messages: readonly Message[],
    acknowledgement?: Acknowledgement,
  ): Promise<readonly SubmitOutcome[] | undefined> {
    const content = encodeSubmit(
      {
        ...(acknowledgement && { acknowledgement }),
        messages: messages.map(({ id, to, payload }) => {
          return { id, to: `${to}@${DOMAIN}`, payload: encodePayload(payload, DOMAIN) };
        }),
      },
      DOMAIN,
    );
    device.submits += 1;
    device.answer = undefined;
    this.#asked = messages.map(({ id }) => id as MessageId);
    await this.component.say(device.fullJid, parseXml(writeFrame(content, device.submits)));
    const { answer } = device as { answer: FramedAnswer | undefined };
    if (answer && "error" in answer) throw answer.error;
    if (!answer && !this.component.store.isDead) throw new Error("no answer to a frame");
    return answer?.outcomes;
  }

  async #submitXml(
    { fullJid }: RealDevice,
    messages: readonly Message[],
    acknowledgement?: Acknowledgement,
  ): Promise<SubmitOutcome[] | undefined> {
    const submit = writeSubmit({
      ...(acknowledgement && { acknowledgement }),
      messages: messages.map(({ id, to, payload }) => ({
        id: id as MessageId,
        to: Jid.parse(`${to}@${DOMAIN}`),
        payload,
      })),
    });
    const answer = await this.component.ask(fullJid, "set", parseXml(submit));
    return answer && readSubmitted(answer);
  }

  async acknowledge({ fullJid }: RealDevice, seq: number, undecryptable: readonly number[]): Promise<void> {
    const ack = writeAcknowledgement({ seq: seq as Seq, undecryptable: undecryptable as Seq[] });
    await this.component.say(fullJid, parseXml(ack));
  }

  async #jidOf(number: string): Promise<string> {
    const { accounts, vault } = this.component;
    return (await accounts.findByNumber(vault.hashNumber(phoneNumber(number))))?.jid ?? "";
  }

  #newDevice(jid: string, deviceId: number): RealDevice {
    const device = newRealDevice(jid, deviceId);
    this.#devices.set(String(deviceId), device);
    return device;
  }

  #receive(stanza: Element): void {
    const to = attribute(stanza, "to");
    const device = [...this.#devices.values()].find(({ fullJid }) => fullJid === to);
    if (!device) return;
    if (stanza.getChild("detached", NS.mailbox)) device.isOpen = false;
    const deliver = stanza.getChild("deliver", NS.mailbox);
    if (deliver) device.received.push(...readDeliver(deliver));
    const frame = stanza.getChild("frame", NS.mailbox);
    if (!frame) return;
    const { entries, answers } = decodeDelivery(readFrame(frame), DOMAIN, () => this.#asked);
    device.received.push(...entries);
    device.answer = answers.find((answer) => answer.number === device.submits) ?? device.answer;
  }
}

function bound({ deviceId, key }: RealDevice) {
  return { deviceId: deviceId as DeviceId, keyHash: hashDeviceKey(key.publicKey) };
}

/** What a text is as a payload. */
export const payloadOf = body;
