import { expect } from "chai";
import { forgetDevice, readPerson, writePerson } from "../../../sdk/omemo/trust/mod.js";
import {
  type Device,
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
  describe(`identities under blind trust before verification, ${what}`, () => {
    let world: World;
    let juliet: Device;
    let romeo: Device;
    beforeEach(async () => {
      world = new World(...spoken);
      juliet = await world.device(JULIET, 11);
      romeo = await world.device(ROMEO, 22);
    });

    /** Somebody sets up the same device id at Romeo's account with new keys. */
    const reinstall = (): Promise<Device> => world.device(ROMEO, 22);

    const talk = async (): Promise<void> => {
      open(romeo, JULIET, await send(juliet, ROMEO, "a"));
      open(juliet, ROMEO, await send(romeo, JULIET, "b"));
    };

    it("takes the first identity of a device without a word", async () => {
      await talk();
      await settle();
      expect(juliet.events).eql([]);
      expect(juliet.omemo.trust.devices(ROMEO)).eql([
        {
          device: 22,
          fingerprint: romeo.omemo.fingerprint,
          trust: "trusted",
          hasSession: true,
          versions: spoken[1],
        },
      ]);
    });

    it("opens a message of a changed identity, marks whose it is, and tells it once", async () => {
      await talk();
      const renewed = await reinstall();
      const opened = open(juliet, ROMEO, await send(renewed, JULIET, "it is me"));
      expect(opened).deep.include({
        plaintext: "it is me",
        fingerprint: renewed.omemo.fingerprint,
        trust: "trusted",
      });
      expect(textOf(open(juliet, ROMEO, await send(renewed, JULIET, "really")))).equal("really");
      await settle();
      expect(juliet.events).eql([
        {
          kind: "identity-changed",
          address: ROMEO.bare,
          device: 22,
          before: romeo.omemo.fingerprint,
          now: renewed.omemo.fingerprint,
          trust: "trusted",
        },
      ]);
    });

    it("goes on with the new identity alone, in both directions", async () => {
      await talk();
      const renewed = await reinstall();
      open(juliet, ROMEO, await send(renewed, JULIET, "it is me"));
      const sealed = await send(juliet, ROMEO, "hello");
      expect(textOf(open(renewed, JULIET, sealed))).equal("hello");
      expect(textOf(open(romeo, JULIET, sealed))).match(/^!/);
      expect(textOf(open(juliet, ROMEO, await send(renewed, JULIET, "again")))).equal("again");
    });

    it("opens what was on the way of the former identity, and does not go back to it", async () => {
      await talk();
      const late = await send(romeo, JULIET, "late");
      const renewed = await reinstall();
      open(juliet, ROMEO, await send(renewed, JULIET, "it is me"));
      expect(open(juliet, ROMEO, late)).deep.include({
        plaintext: "late",
        fingerprint: romeo.omemo.fingerprint,
      });
      expect(textOf(open(renewed, JULIET, await send(juliet, ROMEO, "hello")))).equal("hello");
      await settle();
      expect(juliet.events.filter(({ kind }) => kind === "identity-changed").length).equal(1);
    });

    it("meets a changed identity in a bundle, and writes to it and to the other devices", async () => {
      await talk();
      const tablet = await world.device(ROMEO, 23);
      world.later();
      const impostor = await reinstall();
      // Without a session, the bundle is what shows the change
      const other = await world.device(JULIET, 12);
      await other.omemo.prepare(ROMEO);
      const again = await world.device(ROMEO, 22);
      world.clock.advance(25 * 60 * 60 * 1000);
      const sealed = await send(other, ROMEO, "secret");
      await settle();
      expect(sealed.skipped).eql([]);
      expect(other.events.filter(({ kind }) => kind === "identity-changed")).eql([
        {
          kind: "identity-changed",
          address: ROMEO.bare,
          device: 22,
          before: impostor.omemo.fingerprint,
          now: again.omemo.fingerprint,
          trust: "trusted",
        },
      ]);
      expect(textOf(open(tablet, JULIET, sealed))).equal("secret");
      expect(textOf(open(again, JULIET, sealed))).equal("secret");
      expect(textOf(open(impostor, JULIET, sealed))).match(/^!/);
    });

    it("writes only in sessions with the identity that a device shows, whatever else there is", async () => {
      await talk();
      juliet.storage.transaction((transaction) => {
        writePerson(transaction, ROMEO.bare, forgetDevice(readPerson(transaction, ROMEO.bare), romeo.id));
      });
      expect(() => seal(juliet, ROMEO, "secret"))
        .throw()
        .with.property("code", "not-prepared");
      const renewed = await reinstall();
      const sealed = await send(juliet, ROMEO, "secret");
      expect(textOf(open(romeo, JULIET, sealed))).match(/^!/);
      expect(textOf(open(renewed, JULIET, sealed))).equal("secret");
    });

    it("writes to no identity that is distrusted, and opens and marks what comes from it", async () => {
      await talk();
      juliet.omemo.trust.decide(ROMEO, romeo.omemo.fingerprint, "distrusted");
      expect(() => seal(juliet, ROMEO, "secret"))
        .throw()
        .with.property("code", "untrusted-identity");
      const failure = await juliet.omemo.prepare(ROMEO).catch((error: unknown) => error);
      expect(failure).property("code", "untrusted-identity");
      expect(open(juliet, ROMEO, await send(romeo, JULIET, "still me"))).deep.include({
        plaintext: "still me",
        trust: "distrusted",
      });
      juliet.omemo.trust.decide(ROMEO, romeo.omemo.fingerprint, "trusted");
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "welcome back")))).equal("welcome back");
    });

    it("tells what the person decided, and not what was decided before", async () => {
      await talk();
      const { fingerprint } = romeo.omemo;
      juliet.omemo.trust.decide(ROMEO, fingerprint, "verified");
      juliet.omemo.trust.decide(ROMEO, fingerprint, "verified");
      await settle();
      expect(juliet.events).eql([
        { kind: "trust-changed", address: ROMEO.bare, fingerprint, level: "verified", by: "user" },
      ]);
    });

    it("tells of a device that joins those that are known, and of none at first contact", async () => {
      await world.device(ROMEO, 23);
      await send(juliet, ROMEO, "a");
      await settle();
      expect(juliet.events).eql([]);
      const third = await world.device(ROMEO, 24);
      world.later();
      await send(juliet, ROMEO, "b");
      const fourth = await world.device(ROMEO, 25);
      open(juliet, ROMEO, await send(fourth, JULIET, "c"));
      await settle();
      expect(juliet.events).eql(
        [third, fourth].map(({ id, omemo }) => ({
          kind: "device-added",
          address: ROMEO.bare,
          device: id,
          fingerprint: omemo.fingerprint,
          trust: "trusted",
        })),
      );
    });

    it("tells of every other device of one's own", async () => {
      const tablet = await world.device(JULIET, 12);
      world.later();
      await send(juliet, ROMEO, "a");
      await settle();
      expect(juliet.events).eql([
        {
          kind: "device-added",
          address: JULIET.bare,
          device: 12,
          fingerprint: tablet.omemo.fingerprint,
          trust: "trusted",
        },
      ]);
    });

    it("tells of new devices only when a number was registered by somebody else", async () => {
      await talk();
      const stranger = await world.device(ROMEO, 77, { account: "another@example.org" });
      world.later();
      const sealed = await send(juliet, ROMEO, "who are you?");
      await settle();
      expect(juliet.events).eql([
        {
          kind: "device-added",
          address: ROMEO.bare,
          device: 77,
          fingerprint: stranger.omemo.fingerprint,
          trust: "trusted",
        },
      ]);
      expect(textOf(open(stranger, JULIET, sealed))).equal("who are you?");
      expect(textOf(open(romeo, JULIET, sealed))).equal("!not-for-this-device");
    });

    it("tells nothing that a transaction took back", async () => {
      await talk();
      const tablet = await world.device(ROMEO, 23);
      const message = await send(tablet, JULIET, "a");
      expect(() =>
        juliet.storage.transaction((transaction) => {
          juliet.omemo.open(transaction, incoming(juliet, ROMEO), messageOf(message));
          throw new Error("rolled back");
        }),
      ).throw("rolled back");
      await settle();
      expect(juliet.events).eql([]);
      open(juliet, ROMEO, message);
      await settle();
      expect(juliet.events.map(({ kind }) => kind)).eql(["device-added"]);
    });
  });
