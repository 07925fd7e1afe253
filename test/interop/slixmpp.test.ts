import { expect } from "chai";
import { systemClock } from "../../src/clock.js";
import { RawDevice, type DeviceCredentials } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { requireSlixmpp, SlixmppApp, type SlixmppOptions } from "./slixmpp/app.js";
import type { HeardMessage } from "./slixmpp/heard.js";

const AN_HOUR_MS = 3_600_000;

const isReceiptOf =
  (id: string) =>
  ({ receipt }: HeardMessage): boolean =>
    receipt === id;
const isMarkerOf =
  (id: string) =>
  ({ displayed }: HeardMessage): boolean =>
    displayed === id;
const bareOf = ({ from }: HeardMessage): string | undefined => from.split("/")[0];
const jidOf = ({ number, numberDomain }: DeviceCredentials): string => `${number}@${numberDomain}`;

describe("slixmpp, as an ordinary app that writes to numbers", function () {
  this.timeout(60_000);
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const world = useWorld({ clock });
  const open: SlixmppApp[] = [];
  const app = async (credentials: DeviceCredentials, options?: SlixmppOptions): Promise<SlixmppApp> => {
    const one = await SlixmppApp.online(credentials, options);
    open.push(one);
    return one;
  };
  const handled = (one: SlixmppApp): Promise<unknown> =>
    one.ask("ping", { to: world().prosody.componentDomain });
  /** Sends one more message, and waits until it counts as delivered: who leaves before that gets it again. */
  const delivers = async (text: string, to: SlixmppApp, jid: string): Promise<void> => {
    const id = await romeo.say(jid, text);
    await to.hears(text);
    await romeo.message(`the receipt of "${text}"`, isReceiptOf(id));
  };
  let romeo: SlixmppApp;
  let juliet: SlixmppApp;
  let nurse: DeviceCredentials;
  const jids = { romeo: "", juliet: "", nurse: "" };
  before(async () => {
    requireSlixmpp();
    const people = [
      await world().appPerson("+15551237001"),
      await world().appPerson("+15551237002"),
      await world().appPerson("+15551237003"),
    ] as const;
    [jids.romeo, jids.juliet, jids.nurse] = people.map(jidOf) as [string, string, string];
    nurse = people[2];
    [romeo, juliet] = await Promise.all([app(people[0]), app(people[1])]);
  });
  after(() => Promise.all(open.map((one) => one.kill())));

  it("is heard by another app under the same id, and both see the ticks (XEP-0184, XEP-0333)", async () => {
    for (const [from, to, fromJid, toJid] of [
      [romeo, juliet, jids.romeo, jids.juliet],
      [juliet, romeo, jids.juliet, jids.romeo],
    ] as const) {
      const text = `from ${fromJid}`;
      const id = await from.say(toJid, text);
      const heard = await to.hears(text);
      expect(heard).to.include({ type: "chat", id });
      expect(heard.originId, "the id of the stanza says it").to.equal(undefined);
      expect(bareOf(heard)).to.equal(fromJid);
      expect(heard).to.include({ asksForReceipt: true, isMarkable: true });
      expect(heard).not.to.have.property("sentAt");
      expect((await from.message("the receipt", isReceiptOf(id))).from).to.equal(toJid);
      expect(from.messages.some(isMarkerOf(id)), "not read yet").to.equal(false);
      await to.ask("mark", { to: fromJid, id });
      expect((await from.message("the marker", isMarkerOf(id))).from).to.equal(toJid);
    }
  });

  it("sees the ticks of a device of the mailbox protocol, and gives it its own", async () => {
    const paris = await RawDevice.online(await world().person("+15551237004"));
    try {
      const id = await romeo.say(paris.numberJid, "to a device");
      expect(await paris.texts(1)).to.deep.equal(["to a device"]);
      expect(paris.messages[0]).to.include({ from: jids.romeo, id });
      await romeo.message("the receipt", isReceiptOf(id));
      await paris.markRead(jids.romeo, paris.messages[0]!.id);
      await romeo.message("the marker", isMarkerOf(id));
      const answer = await paris.say(jids.romeo, "from a device");
      const heard = await romeo.hears("from a device");
      expect([bareOf(heard), heard.id]).to.deep.equal([paris.numberJid, answer]);
      await paris.receipt(answer, "delivered");
      await romeo.ask("mark", { to: paris.numberJid, id: answer });
      await paris.receipt(answer, "read");
    } finally {
      await paris.stop();
    }
  });

  it("comes back to what it missed, in order and with the time it was sent (XEP-0203)", async () => {
    await (await app(nurse)).close();
    const sentAt = clock.now();
    const ids = [await romeo.say(jids.nurse, "first"), await romeo.say(jids.nurse, "second")];
    await handled(romeo);
    // Of a step of the clock the component takes notice when it starts
    await world().stopComponent();
    aheadMs += AN_HOUR_MS;
    await world().startComponent();
    const back = await app(nurse);
    await back.hears("second");
    expect(back.texts).to.deep.equal(["first", "second"]);
    expect(back.messages.flatMap(({ body, id }) => (body ? [id] : []))).to.deep.equal(ids);
    const { sentAt: stamp = "" } = await back.hears("first");
    expect(Math.abs(Date.parse(stamp) - sentAt)).to.be.below(20_000);
    for (const id of ids) await romeo.message("the receipt", isReceiptOf(id));
    await back.close();
  });

  it("is sent again under the same id what it gave no receipt for, until it does, and then no more", async () => {
    const silent = await app(nurse, { receipts: "announced" });
    const id = await romeo.say(jids.nurse, "again");
    expect((await silent.hears("again")).id).to.equal(id);
    await silent.kill();
    const back = await app(nurse);
    expect((await back.hears("again")).id).to.equal(id);
    await romeo.message("the receipt", isReceiptOf(id));
    await back.close();
    const third = await app(nurse);
    await delivers("the next", third, jids.nurse);
    expect(third.texts).to.deep.equal(["the next"]);
    await third.close();
  });

  it("is counted as having what it answered behind, if it knows no receipts, and is not sent it again", async () => {
    const plain = await app(nurse, { receipts: "none" });
    const id = await romeo.say(jids.nurse, "no receipts");
    await romeo.message("the receipt", isReceiptOf(id));
    expect(plain.texts).to.deep.equal(["no receipts"]);
    await plain.close();
    const back = await app(nurse, { receipts: "none" });
    await delivers("no more receipts", back, jids.nurse);
    expect(back.texts).to.deep.equal(["no more receipts"]);
    await back.close();
  });

  it("is sent once more what it went before, if it knows no receipts, and no third time", async () => {
    let id = "";
    for (const visit of ["first", "second"]) {
      const plain = await app(nurse, { receipts: "none", diesOfMessages: true });
      id ||= await romeo.say(jids.nurse, "twice at most");
      expect((await plain.hears("twice at most")).id, visit).to.equal(id);
      await plain.died();
    }
    const third = await app(nurse, { receipts: "none" });
    await romeo.message("the receipt", isReceiptOf(id));
    await delivers("the third time", third, jids.nurse);
    expect(third.texts).to.deep.equal(["the third time"]);
    await third.close();
  });

  it("is sent once more what it gave no receipt for, if it announces receipts and gives none", async () => {
    const numberOfPings = (one: SlixmppApp): number =>
      one.requests.filter(({ payload }) => payload === "{urn:xmpp:ping}ping").length;
    const first = await app(nurse, { receipts: "announced" });
    const id = await romeo.say(jids.nurse, "announced");
    await first.hears("announced");
    await first.kill();
    const second = await app(nurse, { receipts: "announced" });
    expect((await second.hears("announced")).id).to.equal(id);
    // Once before the message, once behind it
    await until("it has answered", () => numberOfPings(second) === 2, 20_000);
    await second.close();
    const third = await app(nurse);
    await romeo.message("the receipt", isReceiptOf(id));
    await delivers("after it", third, jids.nurse);
    expect(third.texts).to.deep.equal(["after it"]);
    await third.close();
  });

  it("is heard once when it sends again under the same id", async () => {
    const id = await romeo.say(jids.juliet, "twice", { id: "sent-twice" });
    await romeo.say(jids.juliet, "twice", { id });
    await romeo.say(jids.juliet, "after twice");
    await juliet.hears("after twice");
    expect(juliet.texts.filter((text) => text === "twice")).to.have.lengthOf(1);
    expect(romeo.messages.filter(({ type }) => type === "error")).to.deep.equal([]);
  });

  it("corrects, reacts and replies by ids that are those of the other side (XEP-0308, XEP-0444, XEP-0461)", async () => {
    const id = await romeo.say(jids.juliet, "Juleit");
    await juliet.hears("Juleit");
    await romeo.say(jids.juliet, "Juliet", { replaces: id });
    expect((await juliet.hears("Juliet")).replaces).to.equal(id);
    await juliet.ask("react", { to: jids.romeo, to_id: id, values: ["👍"] });
    const reacted = await romeo.message("the reaction", ({ reactions }) => reactions !== undefined);
    expect(reacted.reactions).to.deep.equal({ to: id, values: ["👍"] });
    await juliet.say(jids.romeo, "Ay me", { replies_to: id });
    expect((await romeo.hears("Ay me")).repliesTo).to.equal(id);
  });

  it("retracts by the id of the other side, in both forms that apps speak (XEP-0424)", async () => {
    for (const form of ["plain", "fastened"]) {
      const id = await romeo.say(jids.juliet, `retracted, ${form}`);
      await juliet.hears(`retracted, ${form}`);
      await romeo.ask("retract", { to: jids.juliet, id, form });
      const retracted = await juliet.message(form, ({ retraction }) => retraction?.form === form);
      expect(retracted.retraction).to.deep.equal({ form, of: id });
      expect(bareOf(retracted)).to.equal(jids.romeo);
    }
  });

  it("sends links to files, which arrive as they are, with the key of one that is encrypted (XEP-0066, XEP-0454)", async () => {
    const plain = "https://upload.example.org/a%20b.jpg?x=1&y=2";
    const sealed = `aesgcm://upload.example.org/c.ogg#${"0f".repeat(44)}`;
    await romeo.say(jids.juliet, plain, { media: plain });
    await romeo.say(jids.juliet, sealed);
    expect((await juliet.hears(sealed)).media).to.equal(undefined);
    expect((await juliet.hears(plain)).media).to.equal(plain);
  });

  it("shows that it is typing to who is there, and to nobody later (XEP-0085)", async () => {
    await romeo.ask("state", { to: jids.juliet, state: "composing" });
    const typing = await juliet.message("the state", ({ state }) => state === "composing");
    expect([bareOf(typing), typing.type]).to.deep.equal([jids.romeo, "chat"]);
    await romeo.ask("state", { to: jids.nurse, state: "composing" });
    await romeo.say(jids.nurse, "typed");
    await handled(romeo);
    const back = await app(nurse);
    await back.hears("typed");
    expect(back.messages.filter(({ state }) => state !== undefined)).to.deep.equal([]);
    await back.close();
  });

  it("hears what another app of its own account sent, once, and so does the other side", async () => {
    const credentials = await world().appPerson("+15551237005");
    const [phone, tablet] = [
      await app(credentials, { resource: "phone" }),
      await app(credentials, { resource: "tablet" }),
    ];
    await phone.say(jids.juliet, "from the phone");
    await juliet.hears("from the phone");
    await tablet.message("the copy", ({ carbon }) => carbon?.body === "from the phone");
    await juliet.say(jidOf(credentials), "to both");
    await Promise.all([phone.hears("to both"), tablet.hears("to both")]);
    await juliet.say(jidOf(credentials), "the end");
    for (const one of [phone, tablet]) {
      await one.hears("the end");
      expect(one.texts).to.deep.equal(["to both", "the end"]);
    }
    expect(juliet.texts.filter((text) => text === "from the phone")).to.have.lengthOf(1);
    const copied = (one: SlixmppApp): string[] => one.messages.flatMap(({ carbon }) => carbon?.body || []);
    expect(copied(tablet), "copies of what came are no messages").to.deep.equal(["from the phone"]);
    expect(copied(phone)).to.deep.equal([]);
    await Promise.all([phone.close(), tablet.close()]);
  });
});
