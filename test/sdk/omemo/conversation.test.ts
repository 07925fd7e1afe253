import { expect } from "chai";
import { parseXml } from "../../../src/xml.js";
import {
  contentOf,
  incoming,
  JULIET,
  messageOf,
  open,
  ROMEO,
  seal,
  send,
  settle,
  SPOKEN,
  textOf,
  World,
} from "./world.js";

for (const [what, spoken] of Object.entries(SPOKEN))
  describe(`Omemo, ${what}`, () => {
    it("lets two people write to each other", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      for (let round = 0; round < 3; round += 1) {
        const there = await send(juliet, ROMEO, `O Romeo ${round}`);
        expect(there.devices).eql({ recipient: 1, own: 0 });
        expect(textOf(open(romeo, JULIET, there))).equal(`O Romeo ${round}`);
        expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, `Juliet ${round}`)))).equal(
          `Juliet ${round}`,
        );
      }
    });

    it("encrypts to all devices of the recipient and to one's own others", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const julietTablet = await world.device(JULIET, 12);
      const romeo = await world.device(ROMEO, 22);
      const romeoTablet = await world.device(ROMEO, 23);
      world.later();
      const sealed = await send(juliet, ROMEO, "to all");
      expect(sealed.devices).eql({ recipient: 2, own: 1 });
      for (const device of [romeo, romeoTablet, julietTablet]) {
        expect(textOf(open(device, JULIET, sealed, ROMEO))).equal("to all");
      }
      expect(textOf(open(juliet, JULIET, sealed, ROMEO))).equal("!not-for-this-device");
    });

    it("lets one write to oneself, on one's other devices", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const failure = await juliet.omemo.prepare(JULIET).catch((error: unknown) => error);
      expect(failure).property("code", "no-devices");
      const tablet = await world.device(JULIET, 12);
      world.later();
      const sealed = await send(juliet, JULIET, "note");
      expect(sealed.devices).eql({ recipient: 1, own: 0 });
      expect(textOf(open(tablet, JULIET, sealed))).equal("note");
    });

    it("writes what goes beside the encrypted element, and nothing readable", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      const { payload } = await send(juliet, ROMEO, "secret words");
      expect(payload).not.contain("secret words");
      const message = parseXml(`<message>${payload}</message>`);
      const encrypted = message.getChildren("encrypted").map((element) => element.attrs.xmlns);
      expect(encrypted.length).equal(1);
      const named = message.getChildren("encryption", "urn:xmpp:eme:0").map(({ attrs }) => attrs.namespace);
      expect(named).eql(encrypted);
      expect(message.getChild("store", "urn:xmpp:hints")).not.equal(undefined);
      expect(message.getChild("body", "jabber:client")?.getText()).contain("OMEMO");
      expect(message.children.every((child) => typeof child !== "string" && child.attrs.xmlns)).equal(true);
    });

    it("keeps every character of a text", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      for (const text of ["", "\ufeff\t \u{1f600} <&'\">\r\n]]>\r", "x".repeat(40_000)]) {
        expect(textOf(open(romeo, JULIET, await send(juliet, ROMEO, text)))).equal(text);
      }
    });

    it("tells a message that was opened before from one that cannot be", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const first = await send(juliet, ROMEO, "first");
      expect(textOf(open(romeo, JULIET, first))).equal("first");
      expect(textOf(open(romeo, JULIET, first))).equal("!duplicate");
      open(juliet, ROMEO, await send(romeo, JULIET, "answer"));
      const second = await send(juliet, ROMEO, "second");
      expect(textOf(open(romeo, JULIET, second))).equal("second");
      expect(textOf(open(romeo, JULIET, second))).equal("!duplicate");
    });

    it("takes back the ratchet with the transaction that it was part of", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const lost = new Error("no room in the outbox");
      const rolledBack = (work: Parameters<typeof juliet.storage.transaction>[0]): void => {
        expect(() =>
          juliet.storage.transaction((transaction) => {
            work(transaction);
            throw lost;
          }),
        ).throw(lost);
      };
      await juliet.omemo.prepare(ROMEO);
      const before = contentOf(juliet.storage);
      rolledBack((transaction) => juliet.omemo.seal(transaction, ROMEO, "never sent"));
      expect(contentOf(juliet.storage)).eql(before);
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "sent")))).equal("sent");
      const answer = await send(romeo, JULIET, "answer");
      const beforeAnswer = contentOf(juliet.storage);
      rolledBack((transaction) => juliet.omemo.open(transaction, incoming(juliet, ROMEO), messageOf(answer)));
      expect(contentOf(juliet.storage)).eql(beforeAnswer);
      expect(textOf(open(juliet, ROMEO, answer))).equal("answer");
      await settle();
    });
  });
