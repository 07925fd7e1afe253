import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client, openSqliteStorage } from "../sdk/mod.js";
import { enrol } from "../test/sdk/client/people.js";
import { encodePayload } from "../src/frame-payload.js";
import { encodeSubmit } from "../src/frame-submit.js";
import { writeFrame } from "../src/frame.js";
import { newDeviceId, newMessageId, type Seq } from "../src/ids.js";
import { Jid } from "../src/jid.js";
import { writeSubmit } from "../src/mailbox-submit.js";
import { NS } from "../src/namespaces.js";
import { OMEMO_COMPANIONS, writeEncrypted } from "../src/omemo.js";
import { xml, type Element } from "../src/xml.js";
import { RawDevice, type Form } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import type { Host, Login } from "./hosts.js";
import { plainClient, writeMessage, type Manner } from "./plain-client.js";
import { cpuSeconds } from "./rows.js";

/** What one run of a road gave. */
export interface RoadResult {
  /** Messages that were delivered, with the receipt back at their sender. */
  readonly perSecond: number;
  /** CPU of Prosody for one of them, in microseconds. */
  readonly prosodyMicros: number;
  /** CPU of the component for one of them, in microseconds. */
  readonly componentMicros: number;
  /** Bytes for one of them between clients and Prosody, and between Prosody and the component, both ways together. */
  readonly clientBytes: number;
  readonly componentBytes: number;
}

/** What is measured while messages go: a server, and what stands beside it. */
export interface Subjects {
  readonly pids: readonly [server: number | undefined, component: number | undefined];
  readonly ports: readonly [client: number, component: number | undefined];
}

/** The Prosody and the component of a world. */
export function subjectsOf({ prosody, componentPid }: World): Subjects {
  return { pids: [prosody.pid, componentPid], ports: [prosody.clientPort, prosody.componentPort] };
}

/** A way for messages to go from people to people. */
export interface Road {
  /** Sends one batch from a pair's sender; `onReceipt` is called for each message that came to its receipt. */
  send(pair: number, batch: number): void;
  onReceipt: (pair: number, count: number) => void;
  stop(): Promise<void>;
}

/** Pairs of people who write to each other. */
export const PAIRS = 10;

/** Keeps `window` messages under way in every pair for `seconds`, sent `batch` at a time, and counts. */
export async function drive(
  road: Road,
  { pids, ports }: Subjects,
  window: number,
  batch: number,
  seconds: number,
): Promise<RoadResult> {
  let [sent, done, isOpen] = [0, 0, true];
  const send = (pair: number): void => {
    sent += batch;
    road.send(pair, batch);
  };
  const waiting = Array.from({ length: PAIRS }, () => 0);
  road.onReceipt = (pair, count) => {
    done += count;
    waiting[pair] = (waiting[pair] ?? 0) + count;
    if (!isOpen) return;
    for (let left = waiting[pair] ?? 0; left >= batch; left -= batch) {
      waiting[pair] = left - batch;
      send(pair);
    }
  };
  for (let pair = 0; pair < PAIRS; pair += 1)
    for (let underWay = 0; underWay < window; underWay += batch) send(pair);
  await until("the first receipts", () => done > window, 20_000);
  const before = pids.map(cpuSeconds);
  const bytesBefore = ports.map(bytesThrough);
  const [doneBefore, startedAt] = [done, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const counted = done - doneBefore;
  const elapsed = (performance.now() - startedAt) / 1000;
  const [prosody, component] = pids.map(
    (pid, index) => ((cpuSeconds(pid) - (before[index] ?? 0)) / counted) * 1e6,
  );
  const [clientBytes, componentBytes] = ports.map(
    (port, index) => (bytesThrough(port) - (bytesBefore[index] ?? 0)) / counted,
  );
  isOpen = false;
  // What is under way arrives, so that the next run starts on an empty road
  await until("all has come to its receipt", () => done >= sent, 60_000);
  return {
    perSecond: counted / elapsed,
    prosodyMicros: prosody ?? 0,
    componentMicros: component ?? 0,
    clientBytes: clientBytes ?? 0,
    componentBytes: componentBytes ?? 0,
  };
}

/** People for a road on a server that has no numbers. */
export function logins(host: Host): Promise<Login[]> {
  return Promise.all(
    Array.from({ length: PAIRS * 2 }, (_, index) => host.account(`p${nextNumber(index).slice(1)}`)),
  );
}

/**
 * Client to client, plain messages with XEP-0184 receipts.
 *
 * @param addressOf where somebody is written to; the full JID unless given
 */
export async function plainRoad(
  people: readonly Login[],
  payload: string,
  addressOf?: (index: number) => string,
  manner: Manner = "bare",
): Promise<Road> {
  const connections = await Promise.all(people.map((one) => plainClient(one, undefined, manner)));
  const addresses = connections.map(({ jid }, index) => addressOf?.(index) ?? String(jid));
  const road: Road = {
    onReceipt: () => {},
    send(pair, batch) {
      for (let index = 0; index < batch; index += 1)
        void connections[pair]?.send(writeMessage(manner, addresses[pair + PAIRS] ?? "", payload));
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.stop()));
    },
  };
  connections.forEach((connection, index) => {
    connection.on("stanza", (stanza) => {
      if (stanza.getChild("received", NS.receipts)) road.onReceipt(index, 1);
    });
  });
  return road;
}

/**
 * Over the mailbox: durable, delivered, receipted. The clients carry ready-made payloads, ready for the form too.
 *
 * They acknowledge as the SDK does: a message at once, because a tick waits for it; a receipt with the next submit.
 */
export async function mailboxRoad(world: World, payload: string, form: Form = "xml"): Promise<Road> {
  const people = await Promise.all(
    Array.from({ length: PAIRS * 2 }, (_, index) => world.person(nextNumber(index))),
  );
  const devices = await Promise.all(people.map((person) => RawDevice.online(person, form)));
  const recipients = devices.map((device) => Jid.parse(device.numberJid));
  const domain = world.prosody.componentDomain;
  const compact = encodePayload(payload, domain);
  let number = 0;
  const told = devices.map(() => 0);
  const road: Road = {
    onReceipt: () => {},
    send(pair, batch) {
      const device = devices[pair] as RawDevice;
      const to = recipients[pair + PAIRS] as Jid;
      const isNews = device.last > (told[pair] ?? 0);
      told[pair] = device.last;
      const ack = isNews ? { acknowledgement: { seq: device.last as Seq, undecryptable: [] } } : {};
      const ids = Array.from({ length: batch }, () => newMessageId(device));
      void device.connection.send(form === "frame" ? framed() : plain());

      function framed(): string {
        const messages = ids.map((id) => ({ id, to: to.toString(), payload: compact }));
        const frame = writeFrame(encodeSubmit({ ...ack, messages }, domain), ++number);
        return `<message type='headline' to='${domain}'>${frame}</message>`;
      }

      function plain(): string {
        const messages = ids.map((id) => ({ id, to, payload }));
        return `<iq type='set' to='${domain}' id='${newMessageId()}'>${writeSubmit({ ...ack, messages })}</iq>`;
      }
    },
    async stop() {
      await Promise.all(devices.map((device) => device.stop()));
    },
  };
  devices.forEach((device, index) => {
    device.isAcknowledging = false;
    device.connection.on("stanza", () => {
      const entries = device.entries.splice(0);
      const seq = entries.at(-1)?.seq ?? device.last;
      if (entries.some((entry) => entry.kind === "message")) void device.acknowledge(seq);
      else device.last = seq;
      const ids = entries.flatMap((entry) => (entry.kind === "receipt" ? entry.ids : []));
      if (ids.length > 0) road.onReceipt(index, ids.length);
    });
  });
  return road;
}

/** Over the mailbox by whole SDK clients: real encryption, every message durable in a store of its own device. */
export async function sdkRoad(world: World, bodyBytes: number): Promise<Road> {
  const text = randomText(bodyBytes);
  const clients = await Promise.all(
    Array.from({ length: PAIRS * 2 }, async (_, index) => {
      const storage = openSqliteStorage({ path: join(world.folder, `device-${index}.db`) });
      const account = await enrol(world, `+1999${1_000_000 + index}`, storage);
      const client = await Client.open({ storage, service: world.prosody.service, account });
      await client.start();
      return { client, storage };
    }),
  );
  const road: Road = {
    onReceipt: () => {},
    send(pair, batch) {
      const to = clients[pair + PAIRS]?.client.number ?? "";
      for (let index = 0; index < batch; index += 1) void clients[pair]?.client.send(to, text);
    },
    async stop() {
      await Promise.all(clients.map(({ client }) => client.stop()));
      for (const { storage } of clients) storage.close();
    },
  };
  clients.forEach(({ client }, index) => {
    client.on("receipt", ({ state }) => state === "delivered" && road.onReceipt(index, 1));
    client.on("message", (message) => void message.acknowledge());
  });
  return road;
}

let numbers = 0;

function nextNumber(index: number): string {
  // A block of numbers for each road
  if (index === 0) numbers += 1;
  return `+1888${1_000_000 + numbers * 1000 + index}`;
}

/** Bytes that went through a port so far, both ways, on the sockets that are open. Linux only. */
export function bytesThrough(port: number | undefined): number {
  if (port === undefined) return Number.NaN;
  const sockets = execFileSync("ss", ["-tinH", `sport = :${port}`], { encoding: "utf8" });
  const counts = [...sockets.matchAll(/bytes_(?:sent|received):(\d+)/g)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

function randomText(bytes: number): string {
  return randomBytes(bytes).toString("hex").slice(0, bytes);
}

/** An OMEMO message as a payload, as the SDK writes it: a text of so many bytes for three devices in running sessions. */
export function omemoPayload(bodyBytes: number): string {
  const keys = Array.from({ length: 3 }, () => {
    return { rid: newDeviceId(), isPreKey: false, data: randomBytes(104) };
  });
  const [iv, payload] = [randomBytes(12), randomBytes(bodyBytes)];
  return writeEncrypted({ sid: newDeviceId(), keys, iv, payload }) + OMEMO_COMPANIONS;
}

/** A body of so many bytes as a payload. */
export function bodyPayload(bodyBytes: number): string {
  const element: Element = xml("body", { xmlns: NS.client }, randomText(bodyBytes));
  return element.toString();
}
