import { expect } from "chai";
import type { TrustLevel, TrustPolicy } from "../../../sdk/omemo/mod.js";
import { parseXml } from "../../../src/xml.js";
import { OWN_KEY, parseJson, PREKEY_PREFIX, writeJson } from "../../../sdk/omemo/records.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import {
  type Device,
  inEachVersion,
  JULIET,
  open,
  ROMEO,
  seal,
  send,
  settle,
  textOf,
  World,
} from "./world.js";

const POLICIES: readonly TrustPolicy[] = ["blind-before-verification", "always-ask", "verified-only"];

/** Two people who have met, and what Juliet may decide. */
class Scene {
  readonly world: World;
  readonly juliet: Device;
  readonly romeo: Device;

  constructor(world: World, juliet: Device, romeo: Device) {
    this.world = world;
    this.juliet = juliet;
    this.romeo = romeo;
  }

  decide({ omemo: { fingerprint } }: Device, level: TrustLevel): void {
    this.juliet.omemo.trust.decide(ROMEO, fingerprint, level);
  }

  /** Another device of Romeo's, which shows itself by a message. */
  async join(): Promise<Device> {
    const tablet = await this.world.device(ROMEO, 23);
    open(this.juliet, ROMEO, await send(tablet, JULIET, "and me"));
    this.world.later();
    return tablet;
  }

  /** Romeo's device with new keys, which shows itself by a message. */
  async reinstall(): Promise<Device> {
    const renewed = await this.world.device(ROMEO, 22);
    open(this.juliet, ROMEO, await send(renewed, JULIET, "it is me"));
    return renewed;
  }

  /** Romeo's device with its keys under another id. */
  async renumber(): Promise<Device> {
    const storage = openMemoryStorage();
    const own = this.romeo.storage.read((view) => view.get(OWN_KEY)) as Uint8Array;
    const record = { ...(parseJson(own) as object), device: 29, published: undefined };
    const preKeys = this.romeo.storage.read((view) => view.scan(PREKEY_PREFIX));
    storage.transaction((transaction) => {
      writeJson(transaction, OWN_KEY, record);
      for (const [key, value] of preKeys) transaction.set(key, value);
    });
    const moved = await this.world.device(ROMEO, 29, { storage });
    this.world.later();
    return moved;
  }
}

interface Row {
  /** Brings the situation about. @returns the device that is asked about */
  readonly play: (scene: Scene) => Device | Promise<Device>;
  /** What its identity counts as under each of {@link POLICIES}. */
  readonly counts: readonly [TrustLevel, TrustLevel, TrustLevel];
}

const always = (level: TrustLevel): Row["counts"] => [level, level, level];

const MATRIX: Readonly<Record<string, Row>> = {
  "that was met": { play: ({ romeo }) => romeo, counts: ["trusted", "undecided", "undecided"] },
  "that was accepted": {
    play: (scene) => (scene.decide(scene.romeo, "trusted"), scene.romeo),
    counts: ["trusted", "trusted", "undecided"],
  },
  "that was verified": {
    play: (scene) => (scene.decide(scene.romeo, "verified"), scene.romeo),
    counts: always("verified"),
  },
  "that was distrusted": {
    play: (scene) => (scene.decide(scene.romeo, "distrusted"), scene.romeo),
    counts: always("distrusted"),
  },
  "that was accepted, and that was taken back": {
    play(scene) {
      scene.decide(scene.romeo, "trusted");
      scene.decide(scene.romeo, "undecided");
      return scene.romeo;
    },
    counts: always("undecided"),
  },
  "of one more device": {
    play: (scene) => scene.join(),
    counts: ["trusted", "undecided", "undecided"],
  },
  "of one more device, when one was verified before": {
    play(scene) {
      scene.decide(scene.romeo, "verified");
      return scene.join();
    },
    counts: always("undecided"),
  },
  "of one more device that was accepted, when one was verified before": {
    async play(scene) {
      scene.decide(scene.romeo, "verified");
      const tablet = await scene.join();
      scene.decide(tablet, "trusted");
      return tablet;
    },
    counts: ["trusted", "trusted", "undecided"],
  },
  "that was met before another one was verified": {
    async play(scene) {
      const tablet = await scene.join();
      scene.decide(scene.romeo, "verified");
      return tablet;
    },
    counts: always("undecided"),
  },
  "that a device changed to": {
    play: (scene) => scene.reinstall(),
    counts: ["trusted", "undecided", "undecided"],
  },
  "that an accepted device changed to": {
    play(scene) {
      scene.decide(scene.romeo, "trusted");
      return scene.reinstall();
    },
    counts: ["trusted", "undecided", "undecided"],
  },
  "that a verified device changed to": {
    play(scene) {
      scene.decide(scene.romeo, "verified");
      return scene.reinstall();
    },
    counts: always("undecided"),
  },
  "that a distrusted device changed to, when it had been verified once": {
    play(scene) {
      scene.decide(scene.romeo, "verified");
      scene.decide(scene.romeo, "distrusted");
      return scene.reinstall();
    },
    counts: always("undecided"),
  },
  "that was verified in advance": {
    async play(scene) {
      const tablet = await scene.world.device(ROMEO, 23);
      scene.decide(tablet, "verified");
      scene.world.later();
      return tablet;
    },
    counts: always("verified"),
  },
  "that was verified and comes under another device id": {
    play(scene) {
      scene.decide(scene.romeo, "verified");
      return scene.renumber();
    },
    counts: always("verified"),
  },
};

inEachVersion((version, newWorld) => {
  for (const [index, policy] of POLICIES.entries())
    describe(`trust policy ${policy}`, () => {
      let scene: Scene;
      beforeEach(async () => {
        const world = newWorld();
        const juliet = await world.device(JULIET, 11, { trustPolicy: policy });
        const romeo = await world.device(ROMEO, 22);
        await juliet.omemo.prepare(ROMEO).catch(() => {});
        scene = new Scene(world, juliet, romeo);
      });

      for (const [what, { play, counts }] of Object.entries(MATRIX)) {
        const level = counts[index] as TrustLevel;
        const isSentTo = level === "trusted" || level === "verified";

        it(`${isSentTo ? "writes" : "does not write"} to an identity ${what}: ${level}`, async () => {
          const device = await play(scene);
          const { juliet } = scene;
          const sealed = await send(juliet, ROMEO, "secret").catch((error: unknown) => error);
          if (sealed instanceof Error) expect(sealed).property("code", "untrusted-identity");
          const read = sealed instanceof Error ? "" : textOf(open(device, JULIET, sealed as never));
          expect(read === "secret").equal(isSentTo);
          expect(open(juliet, ROMEO, await send(device, JULIET, "hear me"))).deep.include({
            plaintext: "hear me",
            fingerprint: device.omemo.fingerprint,
            trust: level,
          });
        });
      }

      it("says what to do when content may go to nobody, and sends at once when it was done", async () => {
        const { juliet, romeo } = scene;
        scene.decide(romeo, "distrusted");
        const failure = await send(juliet, ROMEO, "secret").catch((error: unknown) => error);
        const way = policy === "verified-only" ? "verify one" : "accept or verify one";
        expect(failure).include({
          code: "untrusted-identity",
          message: `no identity of the recipient is trusted: ${way} and send again`,
        });
        scene.decide(romeo, "verified");
        expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "secret")))).equal("secret");
      });

      it("keeps what was decided when a device leaves the list and comes back", async () => {
        const { world, juliet, romeo } = scene;
        scene.decide(romeo, "verified");
        const tablet = await scene.join();
        scene.decide(tablet, "verified");
        const remaining = parseXml(version.writeDeviceList([tablet.id]));
        world.server.put(romeo.account.bare, version.deviceList, remaining);
        world.later();
        const without = await send(juliet, ROMEO, "to one");
        expect(without.devices.recipient).equal(1);
        await romeo.omemo.announce();
        world.later();
        const again = await send(juliet, ROMEO, "to both");
        expect(again.devices.recipient).equal(2);
        expect(textOf(open(romeo, JULIET, again))).equal("to both");
      });

      it("tells every changed identity, and what it counts as", async () => {
        const { juliet, romeo } = scene;
        open(juliet, ROMEO, await send(romeo, JULIET, "a"));
        const renewed = await scene.reinstall();
        await settle();
        expect(juliet.events.filter(({ kind }) => kind === "identity-changed")).eql([
          {
            kind: "identity-changed",
            address: ROMEO.bare,
            device: 22,
            before: romeo.omemo.fingerprint,
            now: renewed.omemo.fingerprint,
            trust: policy === "blind-before-verification" ? "trusted" : "undecided",
          },
        ]);
      });

      it("holds for a number that somebody else registered", async () => {
        const { world, juliet, romeo } = scene;
        scene.decide(romeo, "verified");
        const stranger = await world.device(ROMEO, 77, { account: "another@example.org" });
        world.later();
        const failure = await send(juliet, ROMEO, "who are you?").catch((error: unknown) => error);
        expect(failure).property("code", "untrusted-identity");
        await settle();
        expect(juliet.events.filter(({ kind }) => kind === "device-added")).eql([
          {
            kind: "device-added",
            address: ROMEO.bare,
            device: 77,
            fingerprint: stranger.omemo.fingerprint,
            trust: "undecided",
          },
        ]);
      });

      it("holds for one's own other devices", async () => {
        const { world, juliet, romeo } = scene;
        scene.decide(romeo, "verified");
        const tablet = await world.device(JULIET, 12);
        world.later();
        const sealed = await send(juliet, ROMEO, "a");
        const isBlind = policy === "blind-before-verification";
        expect(sealed.devices).eql({ recipient: 1, own: isBlind ? 1 : 0 });
        expect(sealed.skipped).eql(
          isBlind ? [] : [{ address: JULIET.bare, device: 12, reason: "undecided-identity" }],
        );
        juliet.omemo.trust.decide(JULIET, tablet.omemo.fingerprint, "verified");
        expect(seal(juliet, ROMEO, "b").devices.own).equal(1);
      });
    });

  describe("a stricter policy", () => {
    it("trusts nothing by itself that a stricter one had left undecided", async () => {
      const world = newWorld();
      const strict = await world.device(JULIET, 11, { trustPolicy: "always-ask" });
      await world.device(ROMEO, 22);
      await strict.omemo.prepare(ROMEO).catch(() => {});
      const lax = world.open(JULIET, 11, { storage: strict.storage });
      const failure = await send(lax, ROMEO, "secret").catch((error: unknown) => error);
      expect(failure).property("code", "untrusted-identity");
    });

    it("tells at first contact which devices nobody has decided on", async () => {
      const world = newWorld();
      const strict = await world.device(JULIET, 11, { trustPolicy: "always-ask" });
      await world.device(ROMEO, 22);
      await strict.omemo.prepare(ROMEO).catch(() => {});
      await settle();
      expect(strict.events).eql([
        {
          kind: "device-skipped",
          skipped: { address: ROMEO.bare, device: 22, reason: "undecided-identity" },
        },
      ]);
    });

    it("writes no more to what was trusted blindly", async () => {
      const world = newWorld();
      const lax = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      await send(lax, ROMEO, "a");
      const strict = world.open(JULIET, 11, { storage: lax.storage, trustPolicy: "always-ask" });
      expect(() => seal(strict, ROMEO, "secret"))
        .throw()
        .with.property("code", "untrusted-identity");
    });
  });
});
