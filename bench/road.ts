import { randomBytes } from "node:crypto";
import { Connection } from "../sdk/connection/connection.js";
import { newMessageId } from "../src/ids.js";
import { Jid } from "../src/jid.js";
import { writeSubmit } from "../src/mailbox-submit.js";
import { NS } from "../src/namespaces.js";
import { xml, type Element } from "../src/xml.js";
import { RawDevice } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import { cpuSeconds } from "./rows.js";

/** What one run of a road gave. */
export interface RoadResult {
  /** Messages that were delivered, with the receipt back at their sender. */
  readonly perSecond: number;
  /** CPU of Prosody for one of them, in microseconds. */
  readonly prosodyMicros: number;
  /** CPU of the component for one of them, in microseconds. */
  readonly componentMicros: number;
}

/** A way for messages to go from people to people. */
export interface Road {
  /** Sends one batch from a pair's sender; `onReceipt` is called for each message that came to its receipt. */
  send(pair: number, batch: number): void;
  onReceipt: (pair: number, count: number) => void;
  stop(): Promise<void>;
}

const RECEIPTS = "urn:xmpp:receipts";

/** Pairs of people who write to each other. */
export const PAIRS = 10;

/** Keeps `window` messages under way in every pair for `seconds`, sent `batch` at a time, and counts. */
export async function drive(
  road: Road,
  world: World,
  window: number,
  batch: number,
  seconds: number,
): Promise<RoadResult> {
  let done = 0;
  let isOpen = true;
  const waiting = Array.from({ length: PAIRS }, () => 0);
  road.onReceipt = (pair, count) => {
    done += count;
    waiting[pair] = (waiting[pair] ?? 0) + count;
    while (isOpen && (waiting[pair] ?? 0) >= batch) {
      waiting[pair] = (waiting[pair] ?? 0) - batch;
      road.send(pair, batch);
    }
  };
  for (let pair = 0; pair < PAIRS; pair += 1)
    for (let sent = 0; sent < window; sent += batch) road.send(pair, batch);
  await until("the first receipts", () => done > window, 20_000);
  const pids = [world.prosody.pid, world.componentPid];
  const before = pids.map(cpuSeconds);
  const [doneBefore, startedAt] = [done, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const counted = done - doneBefore;
  const elapsed = (performance.now() - startedAt) / 1000;
  const [prosody, component] = pids.map(
    (pid, index) => ((cpuSeconds(pid) - (before[index] ?? 0)) / counted) * 1e6,
  );
  isOpen = false;
  // What is under way arrives, so that the next run starts on an empty road
  let last = -1;
  while (done !== last) {
    last = done;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { perSecond: counted / elapsed, prosodyMicros: prosody ?? 0, componentMicros: component ?? 0 };
}

/** Client to client over Prosody, with XEP-0184 receipts and stream management; nothing is durable. */
export async function directRoad(world: World, bodyBytes: number): Promise<Road> {
  const text = randomBytes(bodyBytes).toString("hex").slice(0, bodyBytes);
  const people = await Promise.all(
    Array.from({ length: PAIRS * 2 }, (_, index) => world.person(`+1777${1_000_000 + index}`)),
  );
  const connections = await Promise.all(
    people.map(async ({ service, domain, username, password }) => {
      const connection = new Connection({ service, domain, username, password, resource: "direct" });
      await connection.start();
      await connection.send("<presence/>");
      return connection;
    }),
  );
  const road: Road = {
    onReceipt: () => {},
    send(pair, batch) {
      const to = String(connections[pair + PAIRS]?.jid);
      for (let index = 0; index < batch; index += 1) {
        const message = `<message type='chat' to='${to}' id='${newMessageId()}'><body>${text}</body><request xmlns='${RECEIPTS}'/></message>`;
        void connections[pair]?.send(message);
      }
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.stop()));
    },
  };
  connections.forEach((connection, index) => {
    connection.on("stanza", (stanza) => {
      const from = stanza.attrs.from as string;
      if (stanza.getChild("request", RECEIPTS)) {
        const receipt = `<message to='${from}' id='${newMessageId()}'><received xmlns='${RECEIPTS}' id='${stanza.attrs.id as string}'/></message>`;
        void connection.send(receipt);
      } else if (stanza.getChild("received", RECEIPTS)) road.onReceipt(index, 1);
    });
  });
  return road;
}

/** Over the mailbox: durable, delivered, receipted. The clients carry ready-made payloads. */
export async function mailboxRoad(world: World, payload: string): Promise<Road> {
  const people = await Promise.all(
    Array.from({ length: PAIRS * 2 }, (_, index) => world.person(`+1888${1_000_000 + index}`)),
  );
  const devices = await Promise.all(people.map((person) => RawDevice.online(person)));
  const recipients = devices.map((device) => Jid.parse(device.numberJid));
  const road: Road = {
    onReceipt: () => {},
    send(pair, batch) {
      const to = recipients[pair + PAIRS] as Jid;
      const messages = Array.from({ length: batch }, () => ({ id: newMessageId(), to, payload }));
      const iq = `<iq type='set' to='${to.domain}' id='${newMessageId()}'>${writeSubmit({ messages })}</iq>`;
      void devices[pair]?.connection.send(iq);
    },
    async stop() {
      await Promise.all(devices.map((device) => device.stop()));
    },
  };
  devices.forEach((device, index) => {
    device.connection.on("stanza", () => {
      const receipts = device.entries
        .splice(0)
        .flatMap((entry) => (entry.kind === "receipt" ? entry.ids : []));
      if (receipts.length > 0) road.onReceipt(index, receipts.length);
    });
  });
  return road;
}

/** A body of so many bytes as a payload. */
export function bodyPayload(bodyBytes: number): string {
  const element: Element = xml(
    "body",
    { xmlns: NS.client },
    randomBytes(bodyBytes).toString("hex").slice(0, bodyBytes),
  );
  return element.toString();
}
