import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { newMessageId, type Seq } from "../../src/ids.js";
import { writeSubmit } from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { parseXml, xml } from "../../src/xml.js";
import { body, newDeviceKey, RawDevice, speak } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

/** Runs something that has to be refused and answers the refusal. */
async function refusal(work: Promise<unknown>): Promise<StanzaError> {
  const error = await work.then(
    () => new Error("it was not refused"),
    (error: unknown) => error,
  );
  if (!(error instanceof StanzaError)) throw error;
  return error;
}

// Both forms pass the same plays. Source: docs/protocol.md §4.7
for (const form of ["xml", "frame"] as const)
  describe(`submit, attach, deliver, as ${form}`, () => {
    before(() => speak(form));
    after(() => speak("xml"));
    const world = useWorld();
    let next = 15551230000;
    const number = (): string => `+${++next}`;
    const devices: RawDevice[] = [];
    const online = async (...args: Parameters<typeof RawDevice.online>): Promise<RawDevice> => {
      const device = await RawDevice.online(...args);
      devices.push(device);
      return device;
    };
    const pair = async (): Promise<[RawDevice, RawDevice]> => [
      await online(await world().person(number())),
      await online(await world().person(number())),
    ];
    afterEach(async () => {
      await Promise.all(devices.splice(0).map((device) => device.stop()));
    });

    it("delivers a message and tells the sender delivered, then read", async () => {
      const [romeo, juliet] = await pair();
      const id = await romeo.say(juliet.numberJid, "But soft");
      expect(await juliet.texts(1)).to.deep.equal(["But soft"]);
      expect(juliet.messages[0]).to.include({ from: romeo.numberJid, to: juliet.numberJid, id });
      const delivered = await romeo.receipt(id, "delivered");
      expect(delivered).to.include({ from: juliet.numberJid, device: juliet.credentials.deviceId });
      await juliet.markRead(romeo.numberJid, id);
      await romeo.receipt(id, "read");
      const status = await romeo.status(id);
      expect(status.recipients.map(({ device, state }) => ({ device, state }))).to.deep.equal([
        { device: juliet.credentials.deviceId, state: "read" },
      ]);
    });

    it("keeps what was accepted for somebody away, and delivers it once, in order", async () => {
      const [romeo, juliet] = await pair();
      await juliet.stop();
      for (let index = 0; index < 20; index += 1) await romeo.say(juliet.numberJid, `line ${index}`);
      const back = await online(juliet.credentials);
      expect(await back.texts(20)).to.deep.equal(Array.from({ length: 20 }, (_, index) => `line ${index}`));
    });

    it("takes the same message again for the same one, and another under its id for a fault", async () => {
      const [romeo, juliet] = await pair();
      const id = newMessageId();
      await romeo.say(juliet.numberJid, "once", id);
      const [again] = await romeo.submit([{ to: juliet.numberJid, payload: body("once"), id }]);
      expect(again).to.include({ isDuplicate: true });
      const [other] = await romeo.submit([{ to: juliet.numberJid, payload: body("other"), id }]);
      expect(other)
        .to.have.property("error")
        .that.includes({ condition: "conflict", applicationCondition: "id-reused" });
      await romeo.say(juliet.numberJid, "end");
      expect(await juliet.texts(2)).to.deep.equal(["once", "end"]);
    });

    it("answers per message: one that cannot be accepted does not hold up the others", async () => {
      const [romeo, juliet] = await pair();
      const outcomes = await romeo.submit([
        { to: juliet.numberJid, payload: body("one") },
        { to: `+15559999999@${juliet.credentials.numberDomain}`, payload: body("nobody") },
        { to: "juliet@example.org", payload: body("not a number") },
        { to: juliet.numberJid, payload: body("two") },
      ]);
      expect(
        outcomes.map((outcome) => ("error" in outcome ? outcome.error.condition : "accepted")),
      ).to.deep.equal(["accepted", "item-not-found", "item-not-found", "accepted"]);
      expect(await juliet.texts(2)).to.deep.equal(["one", "two"]);
    });

    it("delivers to every device of the recipient, and copies to the sender's others", async () => {
      const [romeo, juliet] = await pair();
      const second = await online(await world().furtherDevice(juliet.credentials));
      const desk = await online(await world().furtherDevice(romeo.credentials));
      const id = await romeo.say(juliet.numberJid, "all of you");
      for (const device of [juliet, second, desk])
        expect(await device.texts(1)).to.deep.equal(["all of you"]);
      expect(desk.messages[0]).to.include({ from: romeo.numberJid, to: juliet.numberJid, id });
      expect(romeo.messages).to.deep.equal([]);
      await until("both receipts", () => romeo.receipts.length === 2);
      expect(new Set(romeo.receipts.map((receipt) => receipt.device))).to.deep.equal(
        new Set([juliet.credentials.deviceId, second.credentials.deviceId]),
      );
    });

    it("tells the sender of a message that the device could not decrypt", async () => {
      const [romeo, juliet] = await pair();
      juliet.isAcknowledging = false;
      const id = await romeo.say(juliet.numberJid, "garbled");
      await juliet.texts(1);
      const seq = juliet.entries[0]?.seq ?? 0;
      await juliet.acknowledge(seq, [seq]);
      await romeo.receipt(id, "undecryptable");
    });

    it("takes the acknowledgement that a submit carries", async () => {
      const [romeo, juliet] = await pair();
      juliet.isAcknowledging = false;
      const id = await romeo.say(juliet.numberJid, "hello");
      await juliet.texts(1);
      const acknowledgement = { seq: juliet.entries[0]?.seq ?? (0 as Seq), undecryptable: [] };
      if (juliet.isFramed) await juliet.submitFrame({ acknowledgement, messages: [] });
      else await juliet.ask("set", parseXml(writeSubmit({ acknowledgement, messages: [] })));
      await romeo.receipt(id, "delivered");
    });

    it("sends again what was not acknowledged after the device attaches anew", async () => {
      const [romeo, juliet] = await pair();
      juliet.isAcknowledging = false;
      await romeo.say(juliet.numberJid, "first");
      await romeo.say(juliet.numberJid, "second");
      await juliet.texts(2);
      await juliet.attach(undefined, juliet.entries[0]?.seq);
      await until("the second again", () => juliet.messages.length === 3);
      expect((await juliet.texts(3)).at(-1)).to.equal("second");
    });

    it("sets an entry aside that five deliveries did not get past, and delivers what follows", async () => {
      const [romeo, juliet] = await pair();
      juliet.isAcknowledging = false;
      const poison = await romeo.say(juliet.numberJid, "poison");
      const fine = await romeo.say(juliet.numberJid, "fine");
      await until("both deliveries", () => juliet.entries.length === 2);
      for (let attach = 0; attach < 5; attach += 1) {
        const seen = juliet.entries.length;
        await juliet.attach();
        await until("a delivery", () => juliet.entries.length > seen);
      }
      juliet.isAcknowledging = true;
      await juliet.attach();
      await romeo.receipt(poison, "expired");
      await romeo.receipt(fine, "delivered");
    });

    it("opens the mailbox by token, and refuses a token of another account", async () => {
      const [romeo, juliet] = await pair();
      await juliet.attach({ token: juliet.token ?? "" });
      expect(await refusal(juliet.attach({ token: romeo.token ?? "" }))).to.include({
        condition: "not-authorized",
        applicationCondition: "token-expired",
      });
      expect(await refusal(juliet.attach({ token: "" }))).to.include({ condition: "not-authorized" });
    });

    it("refuses a device that does not prove itself", async () => {
      const [romeo] = await pair();
      const stranger = await refusal(romeo.attach(await romeo.prove(newDeviceKey())));
      expect(stranger).to.include({ condition: "not-authorized", applicationCondition: "unknown-device" });
      const proof = await romeo.prove();
      const forged = await refusal(romeo.attach({ ...proof, signature: Buffer.alloc(64) }));
      expect(forged).to.include({ condition: "not-authorized", applicationCondition: "bad-proof" });
      const stale = await refusal(romeo.attach({ ...proof, nonce: "AAAA" }));
      expect(stale).to.include({ applicationCondition: "bad-proof" });
    });

    it("does not accept from a device that has not attached", async () => {
      const device = new RawDevice(await world().person(number()));
      devices.push(device);
      await device.connection.start();
      expect(await refusal(device.say(device.numberJid, "hello"))).to.include({
        condition: "not-authorized",
        applicationCondition: "not-attached",
      });
      await device.acknowledge(3);
      await until("the word that it is not attached", () =>
        device.others.some((stanza) => stanza.getChild("detached", NS.mailbox)),
      );
    });

    it("asks every attached device to attach anew after it was away", async () => {
      const [romeo, juliet] = await pair();
      juliet.isAcknowledging = false;
      await romeo.say(juliet.numberJid, "before");
      await juliet.texts(1);
      await world().stopComponent();
      juliet.isAcknowledging = true;
      await world().startComponent();
      for (const device of [romeo, juliet]) {
        const isAsked = () => device.others.some((stanza) => stanza.getChild("detached", NS.mailbox));
        await until("the word to attach anew", isAsked);
        await device.attach();
      }
      await romeo.say(juliet.numberJid, "after");
      await until("both", () => juliet.messages.length >= 3);
      expect((await juliet.texts(3)).slice(1)).to.deep.equal(["before", "after"]);
    });

    it("numbers what waits behind what the device has when the store is older than the device", async () => {
      const [romeo, juliet] = await pair();
      await juliet.stop();
      await romeo.say(juliet.numberJid, "one");
      await romeo.say(juliet.numberJid, "two");
      const back = new RawDevice(juliet.credentials);
      devices.push(back);
      await back.connection.start();
      await back.attach(undefined, 1000);
      expect(await back.texts(2)).to.deep.equal(["one", "two"]);
      expect(back.entries.map(({ seq }) => Number(seq))).to.deep.equal([1001, 1002]);
      await romeo.say(juliet.numberJid, "three");
      expect(await back.texts(3)).to.deep.equal(["one", "two", "three"]);
    });

    it("takes receipts only from somebody the message went to, and never steps back", async () => {
      const [romeo, juliet] = await pair();
      const mercutio = await online(await world().person(number()));
      const id = await romeo.say(juliet.numberJid, "for you");
      await romeo.receipt(id, "delivered");
      const [forged] = await mercutio.markRead(romeo.numberJid, id);
      expect(forged).to.have.property("error").that.includes({ condition: "item-not-found" });
      await juliet.markRead(romeo.numberJid, id);
      await romeo.receipt(id, "read");
      await juliet.attach();
      expect((await romeo.status(id)).recipients[0]).to.include({ state: "read" });
      expect(await refusal(mercutio.status(id))).to.include({ condition: "item-not-found" });
    });

    it("refuses what is too much, and goes on", async () => {
      const [romeo, juliet] = await pair();
      const many = Array.from({ length: 101 }, () => ({ to: juliet.numberJid, payload: body("x") }));
      expect(await refusal(romeo.submit(many))).to.include({ condition: "policy-violation" });
      const outcomes = await romeo.submit([
        { to: juliet.numberJid, payload: body("x".repeat(100_000)) },
        { to: juliet.numberJid, payload: `<entry xmlns='${NS.mailbox}'/>` },
        { to: juliet.numberJid, payload: body("beside them") },
      ]);
      const conditions = outcomes.map((outcome) =>
        "error" in outcome ? outcome.error.condition : "accepted",
      );
      expect(conditions).to.have.members(["accepted", "policy-violation", "bad-request"]);
      const deep = "<a xmlns='urn:example'>".repeat(1000) + "</a>".repeat(1000);
      expect(await refusal(romeo.say(juliet.numberJid, "", undefined, deep))).to.be.instanceOf(StanzaError);
      await romeo.say(juliet.numberJid, "still here");
      expect(await juliet.texts(2)).to.deep.equal(["beside them", "still here"]);
    });

    it("answers what it does not understand", async () => {
      const [romeo] = await pair();
      const unknown = xml("nonsense", { xmlns: "urn:example" });
      expect(await refusal(romeo.ask("get", unknown))).to.include({ condition: "service-unavailable" });
      expect(await refusal(romeo.ask("get", unknown, `juliet@${romeo.credentials.numberDomain}`))).to.include(
        {
          condition: "item-not-found",
        },
      );
      const ping = xml("ping", { xmlns: NS.ping });
      expect((await romeo.ask("get", ping)).name).to.equal("iq");
    });
  });
