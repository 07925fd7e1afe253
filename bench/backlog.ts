import type { Socket } from "node:net";
import SQLite from "better-sqlite3";
import { encodePayload } from "../src/frame-payload.js";
import { newId, newMessageId } from "../src/ids.js";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";
import { RawDevice } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import { Connection } from "../sdk/connection/connection.js";
import { builtFolder } from "./built.js";
import { Ejabberd } from "./ejabberd.js";
import { addComponent, hostOf, spoolingProsody, type Host, type Login } from "./hosts.js";
import type { BenchOptions } from "./options.js";
import { plainClient, RESOURCE, writeMessage } from "./plain-client.js";
import { rawComponent } from "./raw-component.js";
import { bodyPayload } from "./road.js";
import { rowOfRuns, type Row, type Run } from "./rows.js";
import { submitBatch } from "./submitting.js";

const MESSAGES = 10_000;
const SMOKE_MESSAGES = 200;
/** The long form has so many times as many. */
const TIMES = 10;
/** Before each is measured it keeps this share of as many. */
const WARM_UP_SHARE = 2;
const BODY_BYTES = 100;
/** Messages of a submit, and submits under way. */
const BATCH = 50;
const UNDER_WAY = 8;
const DEADLINE_MS = 300_000;
const POUR_SECRET = "pour";

/** Seconds to store messages for somebody who is away, and to bring them all when that one is back. */
interface Times {
  readonly stored: number;
  readonly drained: number;
}

/** What keeps messages for somebody who is away. */
type Keeper = (messages: number) => Promise<Times>;

/**
 * Measures a backlog: 10,000 messages to somebody who is away, stored and then drained at login.
 *
 * Beside ours stand `mod_offline` of a Prosody, with its own files and with SQLite, and ejabberd with Mnesia. The time
 * to drain begins with the connection, and ends with the last message; ours acknowledges as it goes, theirs does not.
 */
export async function backlogRows({ rounds, isLong, isSmoke }: BenchOptions): Promise<Row[]> {
  const messages = isSmoke ? SMOKE_MESSAGES : MESSAGES;
  const limits = { maxEntries: messages * TIMES, maxBytes: 2 ** 31 };
  const world = await World.start({ isProcess: true, build: builtFolder(), config: { mailbox: limits } });
  const pour = await Pour.start(world);
  const hosts = {
    internal: await spoolingProsody("internal"),
    SQLite: await spoolingProsody("SQLite"),
    ejabberd: await Ejabberd.start(true),
  };
  const keepers: Record<string, Keeper> = {
    device: (count) => toDevice(world, count),
    app: (count) => toApp(world, count),
    poured: (count) => pour.drain(count),
    internal: (count) => toHost(hosts.internal, count, false),
    receipted: (count) => toHost(hosts.internal, count, true),
    SQLite: (count) => toHost(hosts.SQLite, count, false),
    ejabberd: (count) => toHost(hosts.ejabberd, count, false),
  };
  try {
    return [
      ...(await compare(keepers, messages, rounds)),
      ...(isLong ? [await proportion(world, messages, rounds)] : []),
    ];
  } finally {
    pour.stop();
    await Promise.all([world.stop(), ...Object.values(hosts).map((host) => host.stop())]);
  }
}

async function compare(
  keepers: Readonly<Record<string, Keeper>>,
  messages: number,
  rounds: number,
): Promise<Row[]> {
  const all: Record<string, Times>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const times: Record<string, Times> = {};
    for (const [name, keep] of Object.entries(keepers)) {
      process.stderr.write(`backlog, round ${round + 1} of ${rounds}: ${name}\n`);
      // Until all sides have compiled what they run
      await keep(Math.ceil(messages / WARM_UP_SHARE));
      times[name] = await keep(messages);
    }
    all.push(times);
  }
  const stored = (ours: string, theirs: string): Run[] =>
    all.map((times) => [messages / (times[ours]?.stored ?? 0), messages / (times[theirs]?.stored ?? 0)]);
  const drained = (ours: string, theirs: string): Run[] =>
    all.map((times) => [times[ours]?.drained ?? 0, times[theirs]?.drained ?? 0]);
  const [device, app] = [
    `${messages} messages of a device to one that is away`,
    `${messages} messages to an app that is away`,
  ];
  return [
    rowOfRuns(`${device}: stored, against mod_offline`, "messages/s", stored("device", "internal"), ">= 3"),
    rowOfRuns(
      `${device}: stored, against mod_offline with SQLite`,
      "messages/s",
      stored("device", "SQLite"),
      ">= 10",
    ),
    rowOfRuns(`${device}: stored, against ejabberd`, "messages/s", stored("device", "ejabberd"), ">= 10"),
    rowOfRuns(`${device}: drained, against mod_offline`, "s", drained("device", "internal"), "<= 0.8"),
    rowOfRuns(`${device}: drained, against ejabberd`, "s", drained("device", "ejabberd"), ""),
    rowOfRuns(`${app}: stored, against mod_offline`, "messages/s", stored("app", "internal"), ""),
    rowOfRuns(
      `${app}: drained with receipts, against mod_offline`,
      "s",
      drained("app", "internal"),
      "<= 1.5",
    ),
    rowOfRuns(
      `${app}: drained with receipts, against mod_offline with receipts too`,
      "s",
      drained("app", "receipted"),
      "",
    ),
    rowOfRuns(
      `${messages} messages that a component writes at once and keeps nowhere, with receipts: drained, against mod_offline`,
      "s",
      drained("poured", "internal"),
      "",
    ),
  ];
}

/** So many times as many take so many times as long, and no longer. */
async function proportion(world: World, messages: number, rounds: number): Promise<Row> {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`backlog, ${TIMES} times as many: round ${round + 1} of ${rounds}\n`);
    const [few, many] = [await toDevice(world, messages), await toDevice(world, messages * TIMES)];
    runs.push([many.stored + many.drained, (few.stored + few.drained) * TIMES]);
  }
  const name = `${messages * TIMES} messages stored and drained, against ${TIMES} times ${messages}`;
  return rowOfRuns(name, "s", runs, "<= 1.1");
}

let people = 0;

function nextNumber(): string {
  return `+1777${1_000_000 + ++people}`;
}

function nextName(): string {
  return `spooled${++people}`;
}

/** From a device to a device, in frames; stored means that all were accepted. */
async function toDevice(world: World, messages: number): Promise<Times> {
  const sender = await RawDevice.online(await world.person(nextNumber()), "frame");
  const reader = new RawDevice(await world.person(nextNumber()), undefined, "frame");
  const stored = await secondsOf(() => submitAll(sender, reader.numberJid, messages));
  const drained = await secondsOf(async () => {
    await reader.connection.start();
    await reader.attach();
    await until("all is there", () => reader.entries.length >= messages, DEADLINE_MS);
  });
  if (reader.entries.length !== messages) throw new Error("messages came twice");
  await Promise.all([sender.stop(), reader.stop()]);
  return { stored, drained };
}

async function submitAll(device: RawDevice, to: string, messages: number): Promise<void> {
  const { numberDomain } = device.credentials;
  const payload = encodePayload(bodyPayload(BODY_BYTES), numberDomain);
  let left = messages;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      const ids = Array.from({ length: Math.min(BATCH, left) }, () => newMessageId(device));
      left -= ids.length;
      await submitBatch(
        device,
        ids.map((id) => ({ id, to, payload })),
      );
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, lane));
}

/** From an app to an app that was there before and gives receipts; stored means in the file. */
async function toApp(world: World, messages: number): Promise<Times> {
  const [from, to] = [await world.appPerson(nextNumber()), await world.appPerson(nextNumber())];
  const sender = await plainClient(from);
  const waiting = openWaiting(world);
  const seen = await plainClient(to);
  await until("the app was seen", () => waiting(to.username) === 0);
  await seen.stop();
  const address = `${to.number}@${to.numberDomain}`;
  const stored = await secondsOf(async () => {
    sendAll(sender, address, messages, true);
    await until("all is stored", () => waiting(to.username) === messages, DEADLINE_MS);
  });
  const drained = await drainPlainly(to, messages);
  await until("all is acknowledged", () => waiting(to.username) === 0, DEADLINE_MS);
  await sender.stop();
  return { stored, drained };
}

/** Answers how many messages wait for the app of an account; `undefined` before the app was seen. */
function openWaiting({ config, prosody }: World): (username: string) => number | undefined {
  const database = new SQLite(config.store.path, { readonly: true });
  const count = database.prepare<[string], { waiting: number }>(
    `SELECT pending_count AS waiting FROM devices JOIN accounts ON accounts.id = account
       WHERE jid = ? AND resource IS NOT NULL`,
  );
  return (username) => count.get(`${username}@${prosody.host}`)?.waiting;
}

/** A component that writes everything at once, keeps nothing and waits for nobody: what is left is what the server takes. */
class Pour {
  readonly #host: Host;
  readonly #domain: string;
  readonly #socket: Socket;

  private constructor(host: Host, domain: string, socket: Socket) {
    this.#host = host;
    this.#domain = domain;
    // Receipts are let go
    this.#socket = socket.resume();
  }

  static async start({ prosody }: World): Promise<Pour> {
    const domain = await addComponent(prosody, "pour", POUR_SECRET);
    return new Pour(hostOf(prosody), domain, await rawComponent(prosody.componentPort, domain, POUR_SECRET));
  }

  async drain(messages: number): Promise<Times> {
    const to = await this.#host.account(nextName());
    const payload = bodyPayload(BODY_BYTES);
    const address = `${to.username}@${to.domain}/${RESOURCE}`;
    const texts = Array.from({ length: messages }, () =>
      writeMessage("bare", address, payload).replace("<message ", `<message from='${this.#domain}' `),
    );
    return { stored: 0, drained: await drainPlainly(to, messages, () => this.#socket.write(texts.join(""))) };
  }

  stop(): void {
    this.#socket.destroy();
  }
}

/** From an account to an account of the same server, which keeps what is for people who are away. */
async function toHost(host: Host, messages: number, asksReceipts: boolean): Promise<Times> {
  const [from, to] = await Promise.all([host.account(nextName()), host.account(nextName())]);
  const sender = await plainClient(from);
  const stored = await secondsOf(async () => {
    sendAll(sender, `${to.username}@${to.domain}`, messages, asksReceipts);
    // A server handles what one client sends in its order
    await ping(sender, to.domain);
  });
  const drained = await drainPlainly(to, messages);
  await sender.stop();
  return { stored, drained };
}

function sendAll(sender: Connection, to: string, messages: number, asksReceipts: boolean): void {
  const payload = bodyPayload(BODY_BYTES) + (asksReceipts ? `<request xmlns='${NS.receipts}'/>` : "");
  for (let sent = 0; sent < messages; sent += 1)
    void sender.send(`<message type='chat' to='${to}' id='${newMessageId()}'>${payload}</message>`);
}

async function ping(client: Connection, to: string): Promise<void> {
  const iq = xml("iq", { type: "get", id: newId(), to }, xml("ping", { xmlns: NS.ping }));
  await client.request(iq, { timeoutMs: DEADLINE_MS });
}

/** Seconds from the connection to the last message. @param onOnline called once the client is there */
async function drainPlainly(
  login: Login,
  messages: number,
  onOnline: () => void = () => {},
): Promise<number> {
  let arrived = 0;
  let client: Connection | undefined;
  const seconds = await secondsOf(async () => {
    client = await plainClient(login, (stanza) => {
      if (stanza.getChild("body")) arrived += 1;
    });
    onOnline();
    await until("all is there", () => arrived >= messages, DEADLINE_MS);
  });
  await client?.stop();
  return seconds;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}
