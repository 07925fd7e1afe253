import { expect } from "chai";
import fc from "fast-check";
import type { DeviceId } from "../../../src/ids.js";
import { joinReceipts, type ReceiptState } from "../../../src/receipt-state.js";
import { MailboxStoreDriver, type StoredPerson } from "../../contract/mailbox-store.js";
import { openSqliteMailbox } from "./sqlite-mailbox.js";

const NAMES = ["romeo", "juliet"] as const;

/** A message as it ought to be: what it says, when it was accepted, how far it has come on each device. */
interface ModelMessage {
  readonly text: string;
  readonly at: number;
  readonly states: Map<ModelDevice, ReceiptState>;
}

interface ModelDevice {
  readonly deviceId: number;
  waiting: { seq: number; at: number; message: ModelMessage | undefined; isCopy: boolean }[];
  nextSeq: number;
  isGone: boolean;
}

interface ModelPerson {
  stored: StoredPerson;
  devices: ModelDevice[];
  sent: Map<string, ModelMessage>;
}

/** Everything that the store is taken to hold, as simply as it can be told. */
class World {
  readonly driver: MailboxStoreDriver;
  readonly people = new Map<string, ModelPerson>();
  owners = 0;
  lastDeviceId = 0;
  /** Every person there ever was: messages of those who are gone still wait elsewhere. */
  readonly senders: ModelPerson[] = [];

  constructor(driver: MailboxStoreDriver) {
    this.driver = driver;
  }

  /** Gives a number to a new account: for the first time, or again. */
  async register(name: string): Promise<void> {
    const former = this.people.get(name);
    for (const device of former?.devices ?? []) this.remove(device);
    const deviceId = ++this.lastDeviceId;
    const stored = await this.driver.person(name, deviceId, `account-${++this.owners}@example.org`);
    const person = { stored, devices: [newDevice(deviceId)], sent: new Map() };
    this.people.set(name, person);
    this.senders.push(person);
    await this.driver.store.mailbox.endOrphans(this.driver.now);
  }

  remove(device: ModelDevice): void {
    device.isGone = true;
    for (const { message, isCopy } of device.waiting) if (!isCopy) this.raise(message, device, "expired");
    device.waiting = [];
  }

  /** Raises a state and, if that was news, puts the receipt into the sender's mailboxes (as one entry for each). */
  raise(message: ModelMessage | undefined, device: ModelDevice, state: ReceiptState): boolean {
    const before = message?.states.get(device);
    if (!message || before === undefined || joinReceipts(before, state) === before) return false;
    message.states.set(device, state);
    return true;
  }

  person(index: number): ModelPerson {
    return this.people.get(NAMES[index % NAMES.length] ?? "") as ModelPerson;
  }
}

function newDevice(deviceId: number): ModelDevice {
  return { deviceId, waiting: [], nextSeq: 1, isGone: false };
}

/** What may happen, with the numbers that choose whom it happens to. */
type Happening = { readonly kind: string; readonly a: number; readonly b: number };

const HAPPENINGS: Record<string, (world: World, a: number, b: number) => Promise<void>> = {
  async send(world, a, b) {
    const [from, to] = [world.person(a), world.person(b)];
    const device = from.devices[a % from.devices.length] as ModelDevice;
    const id = `m${from.sent.size}`;
    const message: ModelMessage = {
      text: `${from.stored.jid} ${id}`,
      at: world.driver.now,
      states: new Map(),
    };
    const row = await world.driver.device(from.stored, device.deviceId);
    const [outcome] = await world.driver.submit(from.stored, row, to.stored, [[id, message.text]]);
    const others = from.devices.filter((one) => one !== device);
    if (to === from && others.length === 0) {
      expect(outcome).to.deep.equal({ refusal: "no-other-device" });
      return;
    }
    expect(outcome).to.include({ isDuplicate: false });
    from.sent.set(id, message);
    const targets = to === from ? others : to.devices;
    for (const one of targets) message.states.set(one, "accepted");
    for (const one of targets) put(one, world.driver.now, message, false);
    if (to !== from) for (const one of others) put(one, world.driver.now, message, true);
  },
  async sendAgain(world, a, b) {
    const from = world.person(a);
    const to = world.person(b);
    if (from.sent.size === 0) return;
    const id = `m${b % from.sent.size}`;
    const row = await world.driver.device(from.stored, from.devices[0]?.deviceId);
    const text = from.sent.get(id)?.text ?? "";
    const [outcome] = await world.driver.submit(from.stored, row, to.stored, [[id, text]]);
    // The same text to the same number is the same message; to another one it is a fault of the sender
    if (outcome && "refusal" in outcome) expect(outcome.refusal).to.equal("id-reused");
    else expect(outcome).to.include({ isDuplicate: true, acceptedAt: from.sent.get(id)?.at });
  },
  async acknowledge(world, a, b) {
    const person = world.person(a);
    const device = person.devices[b % person.devices.length] as ModelDevice;
    const seq = device.waiting[b % Math.max(1, device.waiting.length)]?.seq ?? 0;
    const row = await world.driver.device(person.stored, device.deviceId);
    await world.driver.acknowledge(row, seq);
    end(world, device, seq, "delivered");
  },
  async addDevice(world, a) {
    const person = world.person(a);
    if (person.devices.length >= 3) return;
    const deviceId = ++world.lastDeviceId;
    await world.driver.addDevice(person.stored, deviceId);
    person.devices.push(newDevice(deviceId));
  },
  async removeDevice(world, a, b) {
    const person = world.person(a);
    if (person.devices.length < 2) return;
    const [device] = person.devices.splice(b % person.devices.length, 1);
    if (!device) return;
    await world.driver.store.accounts.removeDevice(
      person.stored.jid,
      device.deviceId as DeviceId,
      world.driver.now,
    );
    world.remove(device);
    await world.driver.store.mailbox.endOrphans(world.driver.now);
  },
  async expire(world, a) {
    const before = world.driver.now - (a % 50);
    while ((await world.driver.store.mailbox.expire(before, world.driver.now)).hasMore);
    for (const person of world.people.values()) {
      for (const device of person.devices) {
        const last = device.waiting.findLast(({ at }) => at < before);
        if (last) end(world, device, last.seq, "expired");
      }
    }
  },
  register: (world, a) => world.register(NAMES[a % NAMES.length] ?? ""),
};

function put(device: ModelDevice, at: number, message: ModelMessage | undefined, isCopy: boolean): void {
  device.waiting.push({ seq: device.nextSeq++, at, message, isCopy });
}

function end(world: World, device: ModelDevice, seq: number, state: ReceiptState): void {
  const ended = device.waiting.filter((entry) => entry.seq <= seq);
  device.waiting = device.waiting.filter((entry) => entry.seq > seq);
  for (const { message } of ended) world.raise(message, device, state);
}

/** The store holds the same messages in the same order, and says the same of every one. */
async function compare(world: World): Promise<void> {
  for (const { stored, devices } of world.people.values()) {
    for (const device of devices) {
      const row = await world.driver.device(stored, device.deviceId);
      const entries = await world.driver.read(row);
      const texts = entries.flatMap(({ message }) => message?.payload ?? []);
      expect(texts).to.deep.equal(device.waiting.flatMap(({ message }) => message?.text ?? []));
      const seqs = entries.map(({ seq }) => seq);
      expect(seqs).to.deep.equal([...new Set(seqs)].sort((a, b) => a - b));
      // Receipts take numbers too: the model takes the store's for what it only orders
      const inStore = entries.filter(({ message }) => message !== undefined);
      for (const [index, entry] of device.waiting.entries()) entry.seq = inStore[index]?.seq ?? entry.seq;
      device.nextSeq = Math.max(device.nextSeq, (seqs.at(-1) ?? 0) + 1);
    }
  }
  for (const { stored, sent } of world.senders) {
    for (const [id, message] of sent) {
      const states = await world.driver.states(stored, id);
      const expected = [...message.states].map(([device, state]) => `${device.deviceId} ${state}`);
      expect(states, `${stored.jid} ${id}`).to.have.members(expected);
    }
  }
}

describe("the mailbox store against its model", () => {
  it("holds what it should, whatever happens in whatever order", async function () {
    this.timeout(120_000);
    const happening: fc.Arbitrary<Happening> = fc.record({
      kind: fc.constantFrom(
        "send",
        "send",
        "send",
        "send",
        "acknowledge",
        "acknowledge",
        ...Object.keys(HAPPENINGS),
      ),
      a: fc.nat(1000),
      b: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 25 }), async (happenings) => {
        const store = await openSqliteMailbox();
        try {
          const world = new World(new MailboxStoreDriver(store));
          for (const name of NAMES) await world.register(name);
          for (const { kind, a, b } of happenings) {
            world.driver.now += 10;
            await HAPPENINGS[kind]?.(world, a, b);
            await compare(world);
          }
        } finally {
          await store.close();
        }
      }),
      { seed: 7, numRuns: 25 },
    );
  });
});
