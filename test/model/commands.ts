import fc from "fast-check";
import { expect } from "chai";
import { parseXml } from "../../src/xml.js";
import { ACCOUNT_COMMANDS } from "./account-commands.js";
import { after, command, fate, one, pick, type Command } from "./command.js";
import type { Fate } from "./database.js";
import type { Device } from "./things.js";
import { DAY_MS, NUMBERS, type Asked, type Plot } from "./plot.js";
import type { RealDevice } from "./real-device.js";
import { payloadOf, type Real } from "./real.js";

const UNKNOWN = "+15551230009";
const RESEND_MS = 61_000;

function outside(real: Real, { deviceId }: Device): RealDevice {
  return real.device(deviceId as number);
}

async function submit(
  plot: Plot,
  real: Real,
  device: Device,
  messages: readonly Asked[],
  { ack, fate: when }: { ack?: number | undefined; fate?: Fate | undefined },
): Promise<void> {
  const ready = messages.map(({ id, to, text }) => ({ id, to, payload: payloadOf(text) }));
  const isCommitted = when !== "before the commit";
  let expected: string[] | undefined;
  if (ack !== undefined) plot.acknowledge(device, ack);
  if (isCommitted) expected = plot.submit(device, messages);
  messages.forEach(({ text }, index) => expected?.[index] === "accepted" && plot.accepted.push(text));
  let told: string[] | undefined;
  const acknowledgement = ack === undefined ? undefined : { seq: ack as never, undecryptable: [] };
  const died = await real.survive(when && { operation: "mailbox accept", when }, async () => {
    told = await real.submit(outside(real, device), ready, acknowledgement);
  });
  if (died) plot.crash();
  else expect(told, "what the sender is told").to.deep.equal(expected);
}

const send = command(
  fc.record({ by: pick, to: pick, count: fc.integer({ min: 1, max: 3 }), withAck: fc.boolean(), fate }),
  {
    tell: ({ by, to, count, withAck, fate: when }) =>
      `attached device ${by} sends ${count} to ${one([...NUMBERS, UNKNOWN], to)}${withAck ? " with an acknowledgement" : ""}${after(when)}`,
    can: (plot) => plot.attached.length > 0,
    async happen(plot, real, { by, to, count, withAck, fate: when }) {
      const device = one(plot.attached, by);
      const messages = Array.from({ length: count }, () => plot.ask(device, one([...NUMBERS, UNKNOWN], to)));
      const ack = withAck ? take(plot, device, outside(real, device), 5) : undefined;
      await submit(plot, real, device, messages, { ack, fate: when });
    },
  },
);

const repeat = command(fc.record({ by: pick, which: fc.nat(20), isChanged: fc.boolean(), fate }), {
  tell: ({ by, which, isChanged, fate: when }) =>
    `attached device ${by} submits ${which} again${isChanged ? " with another text" : ""}${after(when)}`,
  can: (plot, { by }) => plot.attached.length > 0 && askedBy(plot, one(plot.attached, by)).length > 0,
  async happen(plot, real, { by, which, isChanged, fate: when }) {
    const device = one(plot.attached, by);
    const asked = one(askedBy(plot, device), which);
    const message = isChanged ? { ...asked, text: `${asked.text} otherwise` } : asked;
    const isNew = !plot.messages.some(({ sender, id }) => sender === asked.account && id === asked.id);
    // Under an id that is free another text would be a message of its own
    await submit(plot, real, device, [isNew ? asked : message], { fate: when });
  },
});

// One that was accepted and then forgotten would be a new message: nobody repeats it for a month
function askedBy(plot: Plot, device: Device): Asked[] {
  return plot.asked.filter(
    ({ account, id, text }) =>
      account === device.account.row &&
      (!plot.accepted.includes(text) || plot.messages.some((one) => one.sender === account && one.id === id)),
  );
}

/** A device makes durable, and shows, some of what it has received. Answers how far it has come. */
function take(plot: Plot, device: Device, from: RealDevice, count: number): number {
  const fresh = from.received.filter(
    ({ seq }, index, all) => seq > from.last && all.findIndex((e) => e.seq === seq) === index,
  );
  const taken = fresh.slice(0, count);
  const texts = taken.flatMap((entry) => (entry.kind === "message" ? parseXml(entry.payload).getText() : []));
  plot.show(device, texts);
  from.last = taken.at(-1)?.seq ?? from.last;
  return from.last;
}

const acknowledge = command(
  fc.record({
    by: pick,
    count: fc.integer({ min: 1, max: 4 }),
    fails: fc.boolean(),
    way: fc.constantFrom("arrives", "arrives", "is lost"),
    fate,
  }),
  {
    tell: ({ by, count, fails, way, fate: when }) =>
      `attached device ${by} takes ${count}${fails ? ", cannot decrypt the last," : ""} and its acknowledgement ${way}${after(when)}`,
    can: (plot) => plot.attached.length > 0,
    async happen(plot, real, { by, count, fails, way, fate: when }) {
      const device = one(plot.attached, by);
      const from = outside(real, device);
      const seq = take(plot, device, from, count);
      if (way === "is lost") return;
      if (when !== "before the commit") plot.acknowledge(device, seq, fails ? seq : undefined);
      const died = await real.survive(when && { operation: "mailbox acknowledge", when }, () =>
        real.acknowledge(from, seq, fails ? [seq] : []),
      );
      if (died) plot.crash();
    },
  },
);

const read = command(fc.record({ by: pick, which: fc.nat(20) }), {
  tell: ({ by, which }) => `attached device ${by} says that it has read ${which}`,
  can: (plot) => plot.attached.length > 0 && plot.messages.length > 0,
  async happen(plot, real, { by, which }) {
    const device = one(plot.attached, by);
    // Any message there is: most of them went to others, who alone can have read them
    const { id, sender } = one(plot.messages, which);
    const number = [...plot.accounts.values()].find(({ row }) => row === sender)?.number ?? UNKNOWN;
    const expected = plot.read(device, number, id) ? ["accepted", "duplicate"] : ["item-not-found"];
    const payload = `<displayed xmlns='urn:xmpp:chat-markers:0' id='${id}'/>`;
    const told = await real.submit(outside(real, device), [{ id: "marker", to: number, payload }]);
    expect(expected, "what the reader is told").to.include(told?.[0]);
  },
});

const attach = command(fc.record({ who: pick, isSameStream: fc.boolean(), isFramed: fc.boolean() }), {
  tell: ({ who, isSameStream, isFramed }) =>
    `device ${who} attaches${isFramed ? " with frames" : ""}${isSameStream ? ", on the stream that it had" : ""}`,
  can: (plot) => plot.bound.length > 0,
  async happen(plot, real, { who, isSameStream, isFramed }) {
    const device = one(plot.bound, who);
    plot.attach(device, outside(real, device).last);
    await real.attach(outside(real, device), { isSameStream, isFramed });
  },
});

const leave = command(fc.record({ who: pick }), {
  tell: ({ who }) => `attached device ${who} goes offline`,
  can: (plot) => plot.attached.length > 0,
  async happen(plot, real, { who }) {
    const device = one(plot.attached, who);
    plot.leave(device);
    await real.leave(outside(real, device));
  },
});

const wait = command(fc.constant(undefined), {
  tell: () => "a minute passes",
  async happen(plot, real) {
    real.clock.jump(RESEND_MS);
    plot.now = real.clock.now();
    plot.timeOut();
    await real.component.settle();
  },
});

const days = command(fc.record({ count: fc.constantFrom(10, 20, 31, 40) }), {
  tell: ({ count }) => `${count} days pass`,
  async happen(plot, real, { count }) {
    real.clock.jump(count * DAY_MS);
    plot.now = real.clock.now();
    plot.timeOut();
    await real.component.settle();
    plot.runJobs();
    await real.component.runJobs();
  },
});

const crash = command(fc.constant(undefined), {
  tell: () => "the process dies",
  async happen(plot, real) {
    plot.crash();
    await real.crash();
  },
});

const relink = command(fc.constant(undefined), {
  tell: () => "the link goes down and up",
  async happen(plot, real) {
    plot.restart();
    real.component.relink();
  },
});

/** Everything that may happen; what happens often stands here often. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 4 }, () => send),
  ...Array.from({ length: 3 }, () => [attach, acknowledge]).flat(),
  ...Array.from({ length: 2 }, () => leave),
  repeat,
  read,
  wait,
  days,
  crash,
  relink,
  ...ACCOUNT_COMMANDS,
];

/** What happens where devices come again and again without acknowledging what they were sent. */
export const FORGETFUL: fc.Arbitrary<Command>[] = [
  send,
  ...Array.from({ length: 6 }, () => attach),
  acknowledge,
  leave,
];
