import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { newMessageId, type Seq } from "../src/ids.js";
import { Jid } from "../src/jid.js";
import { writeSubmit } from "../src/mailbox-submit.js";
import { encodePayload } from "../src/frame-payload.js";
import { encodeSubmit } from "../src/frame-submit.js";
import { writeFrame } from "../src/frame.js";
import { RawDevice, type DeviceCredentials } from "../test/support/raw-device.js";
import type { LoadCommand, LoadCounts, LoadThreadOptions } from "./load.js";

/** How often it is looked how many messages are due. */
const TICK_MS = 1;

const { people, payload, form } = workerData as LoadThreadOptions;
const port = parentPort as MessagePort;
const devices = await Promise.all(people.map((person) => RawDevice.online(usable(person), form)));
const recipients = devices.map((device) => Jid.parse(device.numberJid));
const pairs = devices.length / 2;
const counts: LoadCounts = { sent: 0, receipted: 0 };
for (const device of devices) answer(device);

let isStopping = false;
let frames = 0;
const compact = encodePayload(payload, recipients[0]?.domain ?? "");
let perSecond = 0;
let due = 0;
let lookedAt = performance.now();
const ticking = setInterval(() => {
  const now = performance.now();
  // Open loop: what is due is sent, however long the answers take
  due += ((now - lookedAt) / 1000) * perSecond;
  lookedAt = now;
  for (; due >= 1; due -= 1) send(counts.sent++ % pairs);
}, TICK_MS);

port.on("message", (command: LoadCommand) => {
  if (command === "count") port.postMessage({ ...counts });
  else if (command === "stop") void stop();
  else perSecond = command;
});
port.postMessage("ready");

/** Sends one message of a pair; acknowledgements of receipts ride along, as with the SDK. */
function send(pair: number): void {
  const device = devices[pair] as RawDevice;
  const to = recipients[pair + pairs] as Jid;
  const acknowledgement = { seq: device.last as Seq, undecryptable: [] };
  const id = newMessageId(device);
  device.connection.send(device.isFramed ? framed() : plain()).catch(ended);

  function framed(): string {
    const messages = [{ id, to: to.toString(), payload: compact }];
    const frame = writeFrame(encodeSubmit({ acknowledgement, messages }, to.domain), ++frames);
    return `<message type='headline' to='${to.domain}'>${frame}</message>`;
  }

  function plain(): string {
    const submit = writeSubmit({ acknowledgement, messages: [{ id, to, payload }] });
    return `<iq type='set' to='${to.domain}' id='${newMessageId()}'>${submit}</iq>`;
  }
}

/** What is on its way when everybody goes offline is not missed. */
function ended(error: unknown): void {
  if (!isStopping) throw error;
}

/** Has a device acknowledge messages at once, and count receipts. */
function answer(device: RawDevice): void {
  device.isAcknowledging = false;
  device.connection.on("stanza", () => {
    const entries = device.entries.splice(0);
    const seq = entries.at(-1)?.seq ?? device.last;
    if (entries.some(({ kind }) => kind === "message")) device.acknowledge(seq).catch(ended);
    else device.last = seq;
    for (const entry of entries) if (entry.kind === "receipt") counts.receipted += entry.ids.length;
  });
}

async function stop(): Promise<void> {
  isStopping = true;
  clearInterval(ticking);
  await Promise.all(devices.map((device) => device.stop()));
  port.close();
}

// A Buffer arrives in a thread as bare bytes
function usable({ key, ...others }: DeviceCredentials): DeviceCredentials {
  return { ...others, key: { ...key, publicKey: Buffer.from(key.publicKey) } };
}
