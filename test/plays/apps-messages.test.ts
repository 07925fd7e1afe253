import { expect } from "chai";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, parseStanzaError, xml, type Element } from "../../src/xml.js";
import { addAccount } from "../support/prosody.js";
import { body, RawDevice, type DeviceCredentials } from "../support/raw-device.js";
import { StockApp, type StockAppOptions } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { PASSWORD, useWorld } from "../support/world.js";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";

describe("messages of ordinary apps", () => {
  const world = useWorld();
  let next = 15551230000;
  const open: { stop(): Promise<void> }[] = [];
  const person = (): Promise<DeviceCredentials> => world().appPerson(`+${++next}`);
  const app = async (credentials: DeviceCredentials, options?: StockAppOptions): Promise<StockApp> => {
    const one = await StockApp.online(credentials, options);
    open.push(one);
    return one;
  };
  const device = async (credentials: DeviceCredentials): Promise<RawDevice> => {
    const one = await RawDevice.online(credentials);
    open.push(one);
    return one;
  };
  const pair = async (): Promise<[StockApp, StockApp]> => [
    await app(await person()),
    await app(await person()),
  ];
  /** An app that goes without having answered what was sent behind a message. */
  const visit = async (credentials: DeviceCredentials, options: StockAppOptions): Promise<StockApp> => {
    const one = await app(credentials, options);
    one.connection.on("stanza", ({ name }) => {
      if (name === "message") one.answersPings = false;
    });
    return one;
  };
  const errorOf = (id: string) => (one: Element) =>
    attribute(one, "type") === "error" && attribute(one, "id") === id;
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("reach another app from the sender's number, under the same id, and the tick comes back", async () => {
    const [romeo, juliet] = await pair();
    const id = await romeo.say(juliet.numberJid, "But soft");
    expect(await juliet.heard(1)).to.deep.equal(["But soft"]);
    const [message] = juliet.messages;
    expect(message?.attrs).to.include({ type: "chat", id });
    expect(attribute(message as Element, "from")).to.match(new RegExp(`^\\${romeo.numberJid}/[\\w-]{16}$`));
    const tick = await romeo.tick("received", id);
    expect(attribute(tick, "from")).to.equal(juliet.numberJid);
    await juliet.markRead(romeo.numberJid, id);
    await romeo.tick("displayed", id);
  });

  it("reach a device of the mailbox protocol, and come from one", async () => {
    const [romeo, juliet] = [await app(await person()), await device(await world().person(`+${++next}`))];
    const id = await romeo.say(juliet.numberJid, "By a name");
    expect(await juliet.texts(1)).to.deep.equal(["By a name"]);
    expect(juliet.messages[0]).to.include({ from: romeo.numberJid, id });
    await romeo.tick("received", id);
    const answer = await juliet.say(romeo.numberJid, "My ears");
    expect(await romeo.heard(1)).to.deep.equal(["My ears"]);
    await juliet.receipt(answer, "delivered");
    await romeo.markRead(juliet.numberJid, answer);
    await juliet.receipt(answer, "read");
  });

  it("wait for an app that is away, and come in order", async () => {
    const [romeo, away] = [await app(await person()), await person()];
    for (const text of ["one", "two", "three"]) await romeo.say(`${away.number}@${away.numberDomain}`, text);
    await romeo.handled();
    const juliet = await app(away);
    expect(await juliet.heard(3)).to.deep.equal(["one", "two", "three"]);
  });

  it("come in order and once each when many wait, to an app with receipts and to one without", async function () {
    this.timeout(120_000);
    const count = 300;
    const [sdk, credentials] = [await device(await world().person(`+${++next}`)), await person()];
    const to = `${credentials.number}@${credentials.numberDomain}`;
    const texts = Array.from({ length: count }, (_, index) => `line ${index}`);
    for (let start = 0; start < count; start += 100)
      await sdk.submit(texts.slice(start, start + 100).map((text) => ({ to, payload: body(text) })));
    const phone = await app(credentials);
    expect(await phone.heard(count)).to.deep.equal(texts);
    const delivered = (): number =>
      sdk.receipts.reduce((sum, { state, ids }) => sum + (state === "delivered" ? ids.length : 0), 0);
    await until("every receipt", () => delivered() === count, 30_000);
    await phone.stop();
    for (let start = 0; start < count; start += 100)
      await sdk.submit(texts.slice(start, start + 100).map((text) => ({ to, payload: body(text) })));
    const plain = await app(credentials, { hasReceipts: false });
    expect(await plain.heard(count)).to.deep.equal(texts);
    await until("every receipt", () => delivered() === 2 * count, 30_000);
  });

  it("come once to each of two apps with carbons, and a device of the mailbox protocol gets them too", async () => {
    const [romeo, credentials] = [await app(await person()), await world().person(`+${++next}`)];
    const sdk = await device(credentials);
    const phone = await app(credentials, { hasCarbons: true });
    const desk = await app(credentials, { hasCarbons: true });
    // An app has a mailbox from when it was seen: its own message shows that it was
    for (const one of [phone, desk]) await one.say(romeo.numberJid, "here");
    await romeo.heard(2);
    await romeo.say(sdk.numberJid, "one");
    await romeo.say(sdk.numberJid, "two");
    for (const one of [phone, desk]) await one.heard(2);
    await sdk.texts(4);
    expect(phone.texts).to.deep.equal(["one", "two"]);
    expect(desk.texts).to.deep.equal(["one", "two"]);
    const carbons = phone.arrived.flatMap((one) => one.getChild("received", NS.carbons) ?? []);
    const copied = carbons.filter((one) => one.toString().includes("<body>"));
    expect(copied).to.deep.equal([]);
  });

  it("are there for an app that was never seen before, if no device has taken them", async () => {
    const [romeo, credentials] = [await app(await person()), await world().person(`+${++next}`)];
    const id = await romeo.say(`${credentials.number}@${credentials.numberDomain}`, "waiting");
    await romeo.handled();
    const juliet = await app(credentials);
    expect(await juliet.heard(1)).to.deep.equal(["waiting"]);
    await romeo.tick("received", id);
    const later = await app(credentials);
    await romeo.say(juliet.numberJid, "both");
    expect(await later.heard(1)).to.deep.equal(["both"]);
  });

  it("count as delivered to an app without receipts when it answers what was sent behind them", async () => {
    const romeo = await app(await person());
    const juliet = await app(await person(), { hasReceipts: false });
    const id = await romeo.say(juliet.numberJid, "no receipt");
    await romeo.tick("received", id);
    expect(juliet.texts).to.deep.equal(["no receipt"]);
  });

  it("are sent again under the same id to an app that went without saying that it had them", async () => {
    const [romeo, credentials] = [await app(await person()), await person()];
    const juliet = await app(credentials, { resource: "phone", isSilent: true, answersPings: false });
    const id = await romeo.say(juliet.numberJid, "again");
    await juliet.heard(1);
    await juliet.stop();
    const back = await app(credentials, { resource: "phone" });
    expect(await back.heard(1)).to.deep.equal(["again"]);
    expect(back.messages[0]?.attrs["id"]).to.equal(id);
    await romeo.tick("received", id);
  });

  it("come at most once more to an app that can acknowledge nothing, and count as delivered then", async () => {
    const [romeo, credentials] = [await app(await person()), await person()];
    const plain = { resource: "phone", hasReceipts: false };
    const first = await visit(credentials, plain);
    const id = await romeo.say(first.numberJid, "twice at most");
    await first.heard(1);
    await first.stop();
    const second = await visit(credentials, plain);
    await second.heard(1);
    expect(second.messages[0]?.attrs["id"]).to.equal(id);
    await second.stop();
    const third = await app(credentials, plain);
    await romeo.tick("received", id);
    await romeo.say(third.numberJid, "next");
    expect(await third.heard(1)).to.deep.equal(["next"]);
  });

  it("come once more to an app that announces receipts and gives none, and count as delivered then", async () => {
    const [romeo, credentials] = [await app(await person()), await person()];
    const silent = { resource: "phone", isSilent: true };
    const first = await app(credentials, silent);
    const id = await romeo.say(first.numberJid, "shown");
    await first.heard(1);
    await first.stop();
    const second = await app(credentials, silent);
    await second.heard(1);
    // Once before the message, once behind it
    await until("it has answered", () => second.pings === 2, 10_000);
    await second.stop();
    const third = await app(credentials, silent);
    await romeo.tick("received", id);
    await romeo.say(third.numberJid, "next");
    expect(await third.heard(1)).to.deep.equal(["next"]);
    expect(romeo.arrived.filter((one) => attribute(one, "type") === "error")).to.deep.equal([]);
  });

  it("are set aside when an app went five times without outliving them", async () => {
    const [romeo, credentials] = [await app(await person()), await person()];
    for (let time = 0; time < 5; time += 1) {
      const juliet = await visit(credentials, { resource: "phone", isSilent: true });
      if (time === 0) await romeo.say(juliet.numberJid, "poison", "poison");
      expect(await juliet.heard(1)).to.deep.equal(["poison"]);
      await juliet.stop();
    }
    const back = await app(credentials, { resource: "phone" });
    await romeo.got("that nobody took it", errorOf("poison"));
    await romeo.say(back.numberJid, "next");
    expect(await back.heard(1)).to.deep.equal(["next"]);
  });

  it("are taken once when the app sends them again", async () => {
    const [romeo, juliet] = await pair();
    const id = await romeo.say(juliet.numberJid, "once");
    await romeo.say(juliet.numberJid, "once", id);
    await romeo.say(juliet.numberJid, "end");
    expect(await juliet.heard(2)).to.deep.equal(["once", "end"]);
    await romeo.say(juliet.numberJid, "another", id);
    const refused = await romeo.got("the refusal", errorOf(id));
    expect(parseStanzaError(refused.getChild("error")).condition).to.equal("conflict");
  });

  it("keep what they refer to: corrections, reactions, replies, retractions", async () => {
    const [romeo, juliet] = await pair();
    const id = await romeo.say(juliet.numberJid, "teh rose");
    await juliet.heard(1);
    const replace = `<replace xmlns='${NS.correction}' id='${id}'/>`;
    await romeo.say(juliet.numberJid, "the rose", newId(), replace);
    await juliet.send(
      romeo.numberJid,
      `<reactions xmlns='${NS.reactions}' id='${id}'><reaction>+</reaction></reactions>`,
    );
    const corrected = await juliet.got("the correction", (one) => one.getChild("replace") !== undefined);
    expect(attribute(corrected.getChild("replace") as Element, "id")).to.equal(id);
    const reacted = await romeo.got("the reaction", (one) => one.getChild("reactions") !== undefined);
    expect(attribute(reacted.getChild("reactions") as Element, "id")).to.equal(id);
    await juliet.say(romeo.numberJid, "sweet", newId(), `<reply xmlns='${NS.replies}' to='x' id='${id}'/>`);
    const replied = await romeo.got("the reply", (one) => one.getChild("reply") !== undefined);
    expect(attribute(replied.getChild("reply", NS.replies) as Element, "id")).to.equal(id);
    // XEP-0424 §3.1
    const retract = `<retract xmlns='${NS.retraction}' id='${id}'/>`;
    const retraction = await romeo.say(juliet.numberJid, "retracted", newId(), retract);
    const retracted = await juliet.got("the retraction", (one) => one.getChild("retract") !== undefined);
    expect(attribute(retracted.getChild("retract", NS.retraction) as Element, "id")).to.equal(id);
    expect(attribute(retracted, "id")).to.equal(retraction);
  });

  it("bring chat states, and what is not to be kept, to who is there and to nobody later", async () => {
    const [romeo, credentials] = [await app(await person()), await person()];
    const juliet = await app(credentials, { resource: "phone" });
    await romeo.say(juliet.numberJid, "seen");
    await juliet.heard(1);
    await romeo.send(juliet.numberJid, `<composing xmlns='${CHAT_STATES}'/>`);
    const state = await juliet.got("the chat state", (one) => one.getChild("composing") !== undefined);
    expect(attribute(state, "from")).to.equal(attribute(juliet.messages[0] as Element, "from"));
    await juliet.stop();
    await romeo.send(juliet.numberJid, `<body>gone</body><no-store xmlns='${NS.hints}'/>`);
    await romeo.say(juliet.numberJid, "kept");
    await romeo.handled();
    const back = await app(credentials, { resource: "phone" });
    expect(await back.heard(1)).to.deep.equal(["kept"]);
  });

  it("bring nothing to who has blocked the sender, not even what is not to be kept", async () => {
    const [romeo, juliet] = await pair();
    const nurse = await app(await person());
    const item = xml("item", { jid: romeo.numberJid });
    const block = xml("block", { xmlns: NS.blocking }, item);
    await juliet.connection.request(
      xml("iq", { type: "set", id: newId(), to: juliet.credentials.numberDomain }, block),
      { timeoutMs: 10_000 },
    );
    await romeo.send(juliet.numberJid, `<body>whisper</body><no-store xmlns='${NS.hints}'/>`);
    await romeo.send(juliet.numberJid, `<composing xmlns='${CHAT_STATES}'/>`);
    await romeo.handled();
    await nurse.say(juliet.numberJid, "madam");
    expect(await juliet.heard(1)).to.deep.equal(["madam"]);
    expect(juliet.arrived.filter((one) => attribute(one, "from")?.startsWith(romeo.numberJid))).to.deep.equal(
      [],
    );
    expect(romeo.arrived.filter((one) => attribute(one, "type") === "error")).to.deep.equal([]);
  });

  it("carry nothing that only a server may say, from whichever kind of device", async () => {
    const [romeo, juliet] = await pair();
    const sdk = await device(await world().person(`+${++next}`));
    const forged =
      `<delay xmlns='${NS.delay}' stamp='2001-01-01T00:00:00Z'/>` +
      `<stanza-id xmlns='${NS.stanzaIds}' by='${juliet.numberJid}' id='forged'/>` +
      `<event xmlns='${NS.pubsubEvent}'/><result xmlns='${NS.archive}' id='1'/>` +
      `<received xmlns='${NS.carbons}'><forwarded xmlns='urn:xmpp:forward:0'/></received>`;
    await romeo.say(juliet.numberJid, "plain", newId(), forged);
    await sdk.say(juliet.numberJid, "plain", undefined, body("plain") + forged);
    await juliet.heard(2);
    for (const message of juliet.messages) {
      for (const name of ["delay", "event", "result", "received"])
        expect(message.getChild(name), name).to.equal(undefined);
      const ids = message.getChildren("stanza-id", NS.stanzaIds);
      expect(ids.map((one) => attribute(one, "by"))).to.deep.equal([juliet.credentials.numberDomain]);
    }
    const id = await romeo.send(juliet.numberJid, `<received xmlns='${NS.carbons}'/>`);
    await romeo.got("the refusal", errorOf(id));
  });

  it("raise no receipt for somebody whom the message did not go to", async () => {
    const [romeo, away] = [await app(await person()), await person()];
    const tybalt = await app(await person());
    const id = await romeo.say(`${away.number}@${away.numberDomain}`, "for one");
    await romeo.handled();
    await tybalt.send(romeo.numberJid, `<received xmlns='${NS.receipts}' id='${id}'/>`);
    await tybalt.markRead(romeo.numberJid, id);
    await tybalt.handled();
    await romeo.handled();
    expect(romeo.arrived.filter((one) => attribute(one, "type") !== "error")).to.deep.equal([]);
  });

  it("are refused with what the app can tell its person", async () => {
    const romeo = await app(await person());
    const nobody = await romeo.say(`+15559999999@${romeo.credentials.numberDomain}`, "anyone?");
    const refused = await romeo.got("the refusal", errorOf(nobody));
    expect(parseStanzaError(refused.getChild("error")).condition).to.equal("item-not-found");
    await addAccount(world().prosody, "stranger", PASSWORD);
    const stranger = await app({ ...romeo.credentials, username: "stranger" });
    const id = await stranger.say(romeo.numberJid, "who am I?");
    const told = await stranger.got("the refusal", errorOf(id));
    expect(parseStanzaError(told.getChild("error")).condition).to.equal("registration-required");
    expect(romeo.texts).to.deep.equal([]);
  });

  it("go out to nobody behind an address that stands for somebody elsewhere, or on the host", async () => {
    const [romeo, juliet] = await pair();
    const { domain, numberDomain, username } = juliet.credentials;
    for (const somebody of ["tybalt\\40example.net", `${username}\\40${domain}`]) {
      const id = await romeo.say(`${somebody}@${numberDomain}`, "come out");
      const refused = await romeo.got(`the refusal of ${somebody}`, errorOf(id));
      expect(attribute(refused, "from")).to.equal(`${somebody}@${numberDomain}`);
      expect(parseStanzaError(refused.getChild("error")).condition).to.equal("item-not-found");
    }
    await romeo.say(juliet.numberJid, "to a number");
    expect(await juliet.heard(1)).to.deep.equal(["to a number"]);
    expect(juliet.arrived).to.have.lengthOf(1);
  });
});

describe("messages to ordinary apps and a component that is killed", () => {
  const world = useWorld({ isProcess: true });
  const open: { stop(): Promise<void> }[] = [];
  after(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("come again under the same id, once, when no receipt had come yet", async () => {
    const romeo = await StockApp.online(await world().appPerson("+15551230001"));
    const quiet = { isSilent: true, answersPings: false };
    const juliet = await StockApp.online(await world().appPerson("+15551230002"), quiet);
    open.push(romeo, juliet);
    const id = await romeo.say(juliet.numberJid, "still there?");
    await juliet.heard(1);
    await world().killComponent();
    juliet.answersPings = true;
    juliet.givesReceipts = true;
    await world().startComponent();
    await romeo.tick("received", id);
    for (const name of ["id", "from"])
      expect(new Set(juliet.messages.map((one) => attribute(one, name))).size, name).to.equal(1);
    expect(attribute(juliet.messages[0] as Element, "id")).to.equal(id);
    expect(juliet.texts.length).to.be.within(1, 2);
    await romeo.say(juliet.numberJid, "next");
    await until("the next", () => juliet.texts.includes("next"));
    expect(juliet.texts.filter((text) => text === "still there?").length).to.be.at.most(2);
  });
});
