import { expect } from "chai";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageEntry } from "../../src/mailbox-deliver.js";
import { body, RawDevice, type DeviceCredentials } from "../support/raw-device.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import { crowd } from "./crowd.js";
import { SettingClock } from "./setting-clock.js";

// The long form: TWOTICK_BACKLOG=100000 TWOTICK_CROWD=1000 npx mocha test/faults/slow-readers.test.ts
const BACKLOG = Number(process.env.TWOTICK_BACKLOG ?? 5_000);
const CROWD = Number(process.env.TWOTICK_CROWD ?? 200);
const IS_LONG = BACKLOG > 10_000;
/** For how long somebody reads one message a second. */
const READ_SECONDS = IS_LONG ? 60 : 6;
const PING_PONGS = 100;
const SUBMIT_MESSAGES = 50;
const ATTACH_EVERY_MS = 100;
/** As the component is unless configured: record 0016. */
const WINDOW = 1_024;
/** How much more memory may be in use with the backlog than after the same messages without one. */
const MEMORY_RATIO = 1.5;
const MEMORY_MIB = 300;
/** How much longer others may wait; medians of a shared machine. */
const DELAY_RATIO = 2;
const DELAY_MS = 3;

/** The most memory a process has had, in MiB. */
function peakMib(pid: number | undefined): number {
  const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

function seqsOf({ messages }: RawDevice): number[] {
  return messages.map(({ seq }) => seq);
}

/** From asking to arrival, the median over some messages, in milliseconds. */
async function medianDelayMs(from: RawDevice, to: RawDevice): Promise<number> {
  const delays: number[] = [];
  for (let count = 0; count < PING_PONGS; count += 1) {
    const startedAt = performance.now();
    const seen = to.messages.length;
    const arrived = until("the message", () => to.messages.length > seen, 10_000);
    await from.say(to.numberJid, "ping");
    await arrived;
    delays.push(performance.now() - startedAt);
  }
  return delays.sort((a, b) => a - b)[PING_PONGS / 2] as number;
}

async function sendMany(from: RawDevice, to: DeviceCredentials, count: number): Promise<void> {
  const target = `${to.number}@${to.numberDomain}`;
  for (let sent = 0; sent < count; sent += SUBMIT_MESSAGES) {
    const messages = Array.from({ length: SUBMIT_MESSAGES }, (_, index) => ({
      to: target,
      payload: body(`message ${sent + index}`.padEnd(200, ".")),
    }));
    const outcomes = await from.submit(messages);
    expect(outcomes.filter((outcome) => "error" in outcome)).to.deep.equal([]);
  }
}

describe("a reader that takes one message a second", () => {
  let world: World;
  const devices: RawDevice[] = [];
  const online = async (credentials: DeviceCredentials): Promise<RawDevice> => {
    const device = await RawDevice.online(credentials);
    devices.push(device);
    return device;
  };

  before(async () => {
    world = await World.start({
      isProcess: true,
      config: {
        mailbox: { maxEntries: 200_000, maxBytes: 1024 ** 3 },
        link: { maxRetrySeconds: 0.3 },
      },
    });
  });

  after(async () => {
    await Promise.all(devices.map((device) => device.stop()));
    await world?.stop();
  });

  it(`costs the component no memory and others no time with ${BACKLOG} messages waiting`, async function () {
    this.timeout(120_000 + BACKLOG * 20);
    const [one, two, sender, reader] = (await crowd(world, 4)) as [
      DeviceCredentials,
      DeviceCredentials,
      DeviceCredentials,
      DeviceCredentials,
    ];
    // Without a backlog: the same messages to somebody who reads them
    const [romeo, juliet, nurse] = [await online(one), await online(two), await online(sender)];
    const attentive = await online(reader);
    await sendMany(nurse, reader, BACKLOG);
    await until("all was read", () => attentive.messages.length === BACKLOG, 60_000 + BACKLOG);
    const quietDelayMs = await medianDelayMs(romeo, juliet);
    const quietMib = peakMib(world.componentPid);
    await attentive.stop();
    await world.killComponent();
    await world.startComponent();
    for (const device of [romeo, juliet, nurse]) await device.attach();
    // A fresh process is slow at first
    await medianDelayMs(romeo, juliet);

    await sendMany(nurse, reader, BACKLOG);
    const slow = new RawDevice(reader);
    devices.push(slow);
    slow.isAcknowledging = false;
    await slow.connection.start();
    await slow.attach(undefined, attentive.last);
    const first = attentive.last + 1;
    await until("the window is full", () => seqsOf(slow).length === WINDOW);
    const delays: number[] = [];
    for (let second = 0; second < READ_SECONDS; second += 1) {
      const nextAt = performance.now() + 1_000;
      await slow.acknowledge(first + second);
      if (second % 3 === 0) delays.push(await medianDelayMs(romeo, juliet));
      await sleep(Math.max(0, nextAt - performance.now()));
    }
    expect(seqsOf(slow), "what is on the way").to.deep.equal(numbersFrom(first, WINDOW + READ_SECONDS));
    const busyMib = peakMib(world.componentPid);
    const busyDelayMs = delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)] as number;
    console.log(
      `    ${BACKLOG} waiting: ${busyMib.toFixed(0)} MiB at most against ${quietMib.toFixed(0)}, ` +
        `others wait ${busyDelayMs.toFixed(1)} ms against ${quietDelayMs.toFixed(1)}`,
    );
    expect(busyMib)
      .to.be.lessThan(quietMib * MEMORY_RATIO)
      .and.lessThan(MEMORY_MIB);
    expect(busyDelayMs).to.be.lessThan(quietDelayMs * DELAY_RATIO + DELAY_MS);
    slow.isAcknowledging = true;
    await slow.acknowledge(first + READ_SECONDS);
    await until("all is there", () => slow.last >= first + BACKLOG - 1, 60_000 + BACKLOG);
    expect(seqsOf(slow)).to.deep.equal(numbersFrom(first, BACKLOG));
  });
});

describe("a device that never acknowledges", () => {
  const WAITING = 24 * SUBMIT_MESSAGES;

  it("is sent its window so many times and no more, and gets everything when it is well again", async function () {
    this.timeout(180_000);
    const clock = new SettingClock();
    const world = await World.start({ clock });
    try {
      const [nurse, silent] = [
        await RawDevice.online(await world.person("+15551230001")),
        await RawDevice.online(await world.person("+15551230002")),
      ];
      silent.isAcknowledging = false;
      await sendMany(nurse, silent.credentials, WAITING);
      const isDetached = (): boolean => silent.others.some((stanza) => stanza.getChild("detached"));
      for (let times = 1; times < 10 && !isDetached(); times += 1) {
        await until(
          "it goes, or ends",
          () => silent.entries.length === times * WINDOW || isDetached(),
          30_000,
        );
        clock.pass(60_000);
      }
      expect(isDetached()).to.equal(true);
      // Once, and five times again
      expect(silent.entries.length).to.be.at.most(WINDOW * 6);
      expect(Math.max(...silent.entries.map(({ seq }) => seq))).to.equal(WINDOW);
      silent.entries.length = 0;
      silent.isAcknowledging = true;
      await silent.attach();
      await until("all is there", () => silent.last === WAITING, 60_000);
      expect(seqsOf(silent)).to.deep.equal(numbersFrom(1, WAITING));
      await Promise.all([nurse.stop(), silent.stop()]);
    } finally {
      await world.stop();
    }
  });
});

describe("a message that crashes its reader", () => {
  const POISON = "poison";

  /** One life of a program that acknowledges message by message and dies of one; answers what it took. */
  async function live(world: World, credentials: DeviceCredentials, last: number, goal: number) {
    const proxy = await TcpProxy.start(Number(new URL(credentials.service).port));
    const device = new RawDevice({ ...credentials, service: proxy.service });
    const taken: MessageEntry[] = [];
    let isDead = false;
    device.isAcknowledging = false;
    device.last = last;
    const work = (): void => {
      for (const message of device.messages.slice(taken.length)) {
        if (message.payload.includes(POISON)) {
          isDead = true;
          return;
        }
        taken.push(message);
        void device.acknowledge(message.seq).catch(() => undefined);
      }
    };
    device.connection.on("stanza", work);
    await device.connection.start();
    await device.attach();
    await until("it has crashed or done its work", () => isDead || taken.length === goal, 10_000);
    if (isDead) proxy.cut();
    await device.stop();
    await proxy.close();
    return { taken, isDead, last: taken.at(-1)?.seq ?? last };
  }

  it("is set aside after five deliveries in vain, its sender is told, and the others arrive once", async function () {
    this.timeout(60_000);
    const world = await World.start();
    try {
      const romeo = await RawDevice.online(await world.person("+15551230001"));
      const credentials = await world.person("+15551230002");
      const to = `${credentials.number}@${credentials.numberDomain}`;
      const texts = Array.from({ length: 10 }, (_, index) => (index === 3 ? POISON : `line ${index}`));
      const ids = [];
      for (const text of texts) ids.push(await romeo.say(to, text));
      const taken: MessageEntry[] = [];
      let [last, crashes] = [0, 0];
      while (taken.length < texts.length - 1) {
        const life = await live(world, credentials, last, texts.length - 1 - taken.length);
        taken.push(...life.taken);
        last = life.last;
        crashes += life.isDead ? 1 : 0;
        expect(crashes).to.be.lessThan(10);
      }
      // Once more when the acknowledgement of what came before it was lost with the connection
      expect(crashes).to.be.within(5, 6);
      for (const [index, id] of ids.entries()) await romeo.receipt(id, index === 3 ? "expired" : "delivered");
      const expected = texts.filter((text) => text !== POISON);
      expect(taken.map(({ payload }) => /line \d/.exec(payload)?.[0])).to.deep.equal(expected);
      await romeo.stop();
    } finally {
      await world.stop();
    }
  });
});

describe(`${CROWD} devices that come back at once`, () => {
  it("are all attached again and get what waited, once", async function () {
    this.timeout(60_000 + CROWD * 300);
    const world = await World.start({ isProcess: true, config: { link: { maxRetrySeconds: 0.3 } } });
    const devices: RawDevice[] = [];
    try {
      const people = await crowd(world, CROWD);
      for (const one of people) devices.push(await RawDevice.online(one));
      await Promise.all(devices.map((device, index) => device.say(neighbour(devices, index), "before")));
      await until(
        "the first have arrived",
        () => devices.every((device) => device.messages.length === 1),
        30_000,
      );
      const attached = new Set<RawDevice>();
      for (const device of devices) {
        device.connection.on("online", () => void attachAgain(device).then(() => attached.add(device)));
      }
      await world.prosody.kill();
      await world.prosody.start();
      const startedAt = performance.now();
      await until("all are attached", () => attached.size === CROWD, 60_000 + CROWD * 100);
      const backMs = performance.now() - startedAt;
      await Promise.all(devices.map((device, index) => device.say(neighbour(devices, index), "after")));
      await until("all have arrived", () => devices.every((device) => device.messages.length >= 2), 60_000);
      for (const device of devices) {
        expect(new Set(seqsOf(device)).size).to.equal(device.messages.length);
        expect(await device.texts(2)).to.deep.equal(["before", "after"]);
      }
      console.log(
        `    ${CROWD} devices were back after ${(backMs / 1000).toFixed(1)} s, ` +
          `with ${peakMib(world.componentPid).toFixed(0)} MiB at most in the component`,
      );
    } finally {
      await Promise.all(devices.map((device) => device.stop()));
      await world.stop();
    }
  });
});

/** Attaches as soon as the component is there too. */
async function attachAgain(device: RawDevice): Promise<void> {
  for (;;) {
    const isAttached = await device.attach().then(
      () => true,
      () => false,
    );
    if (isAttached) return;
    await sleep(ATTACH_EVERY_MS);
  }
}

function neighbour(devices: readonly RawDevice[], index: number): string {
  return (devices[(index + 1) % devices.length] as RawDevice).numberJid;
}

function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
