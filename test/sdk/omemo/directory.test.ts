import { expect } from "chai";
import { LinkError, StanzaError } from "../../../src/errors.js";
import { type OmemoBundle } from "../../../src/omemo-bundle.js";
import type { DeviceId } from "../../../src/ids.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import type { OmemoError } from "../../../sdk/omemo/mod.js";
import {
  contentOf,
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

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "nothing was thrown",
    (error: unknown) => (error as OmemoError).code,
  );
}

inEachVersion((version, newWorld) => {
  const LIST = version.deviceList;

  describe("Omemo.prepare", () => {
    let world: World;
    let juliet: Device;
    let romeo: Device;
    beforeEach(async () => {
      world = newWorld();
      juliet = await world.device(JULIET, 11);
      romeo = await world.device(ROMEO, 22);
      world.server.fetches.length = 0;
    });

    const putList = (devices: readonly number[]): void => {
      const list = parseXml(version.writeDeviceList(devices as DeviceId[]));
      world.server.put(romeo.account.bare, LIST, list);
    };
    const change = (alter: (bundle: OmemoBundle) => OmemoBundle): void => {
      const node = version.bundle(22 as DeviceId);
      const bundle = version.readBundle(world.server.content(romeo.account.bare, node) as Element);
      world.server.put(romeo.account.bare, node, parseXml(version.writeBundle(alter(bundle))));
    };

    it("fetches list and bundle once, and the list again after ten minutes", async () => {
      await send(juliet, ROMEO, "a");
      await send(juliet, ROMEO, "b");
      expect(world.server.fetches.map((name) => name.split(" ")[1])).eql([
        LIST.node,
        version.bundle(22 as DeviceId).node,
      ]);
      world.later();
      world.server.fetches.length = 0;
      await send(juliet, ROMEO, "c");
      // One's own and the recipient's
      expect(world.server.fetches.length).equal(2);
    });

    it("fetches once for all who ask at the same time", async () => {
      await Promise.all([1, 2, 3].map(() => juliet.omemo.prepare(ROMEO)));
      expect(world.server.fetches.length).equal(2);
    });

    it("asks for at most eight bundles at a time", async () => {
      putList(Array.from({ length: 40 }, (_, i) => i + 100));
      let open = 0;
      let most = 0;
      world.server.before = async (_, where) => {
        if (!where.includes("bundles")) return;
        most = Math.max(most, (open += 1));
        await settle();
        open -= 1;
      };
      await failureOf(juliet.omemo.prepare(ROMEO));
      expect(most).equal(8);
    });

    it("writes with what it knows when the server cannot be reached", async () => {
      await send(juliet, ROMEO, "a");
      world.later();
      world.server.before = () => Promise.reject(new LinkError("not-connected", "gone"));
      expect(textOf(open(romeo, JULIET, await send(juliet, ROMEO, "b")))).equal("b");
    });

    it("fails as the connection does when nothing is known", async () => {
      world.server.before = () => Promise.reject(new LinkError("not-connected", "gone"));
      expect(await failureOf(juliet.omemo.prepare(ROMEO))).equal("not-connected");
      world.server.before = () => {};
      await juliet.omemo.prepare(ROMEO);
    });

    it("tries a bundle again at once when it was the connection that failed", async () => {
      world.server.before = (_, where) => {
        if (where.includes("bundles")) throw new LinkError("timeout", "no answer");
      };
      expect(await failureOf(juliet.omemo.prepare(ROMEO))).equal("no-devices");
      world.server.before = () => {};
      expect((await send(juliet, ROMEO, "a")).devices.recipient).equal(1);
    });

    it("says that somebody has no devices: no list, an empty one, one that cannot be read", async () => {
      const lists = [undefined, parseXml(version.writeDeviceList([])), xml("list", { xmlns: "else" })];
      for (const list of lists) {
        world.server.put(romeo.account.bare, LIST, list);
        world.later();
        expect(await failureOf(juliet.omemo.prepare(ROMEO))).equal("no-devices");
      }
    });

    it("passes over a device without a bundle, tells so once, and asks again after ten minutes", async () => {
      putList([22, 23]);
      const sealed = await send(juliet, ROMEO, "a");
      await send(juliet, ROMEO, "b");
      await settle();
      expect(sealed.devices.recipient).equal(1);
      const skipped = { address: ROMEO.bare, device: 23, reason: "no-bundle" };
      expect(sealed.skipped).eql([skipped]);
      expect(juliet.events).eql([{ kind: "device-skipped", skipped }]);
      await world.device(ROMEO, 23);
      expect((await send(juliet, ROMEO, "c")).devices.recipient).equal(1);
      world.later();
      expect((await send(juliet, ROMEO, "d")).devices.recipient).equal(2);
    });

    const flip = (bytes: Uint8Array, at: number): Uint8Array =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    // As published: in OMEMO 0.3 behind a type byte
    const smallOrder = Buffer.from(version.profile.encodePublicKey(Buffer.alloc(32)));
    const broken: Record<string, (bundle: OmemoBundle) => OmemoBundle> = {
      "whose signature is wrong": (b) => ({
        ...b,
        signedPreKey: { ...b.signedPreKey, signature: flip(b.signedPreKey.signature, 3) },
      }),
      "whose signed prekey is another": (b) => ({
        ...b,
        signedPreKey: { ...b.signedPreKey, publicKey: flip(b.signedPreKey.publicKey, 9) },
      }),
      "whose identity key is another": (b) => ({ ...b, identityKey: flip(b.identityKey, 9) }),
      "whose identity key has an unknown type": (b) => ({ ...b, identityKey: flip(b.identityKey, 0) }),
      "whose identity key is of small order": (b) => ({ ...b, identityKey: smallOrder }),
      "whose prekeys are of small order": (b) => ({
        ...b,
        preKeys: b.preKeys.map(({ id }) => ({ id, publicKey: smallOrder })),
      }),
      "without prekeys": (b) => ({ ...b, preKeys: [] }),
    };
    for (const [what, alter] of Object.entries(broken)) {
      it(`refuses a bundle ${what}, and pins nothing of it`, async () => {
        change(alter);
        expect(await failureOf(juliet.omemo.prepare(ROMEO))).equal("no-devices");
        await settle();
        expect(juliet.events.map((event) => event.kind === "device-skipped" && event.skipped.reason)).eql([
          "malformed-bundle",
        ]);
        expect(juliet.omemo.trust.devices(ROMEO).map(({ fingerprint }) => fingerprint)).eql([undefined]);
      });
    }

    it("fetches a bundle anew when its session was not begun within a day", async () => {
      await juliet.omemo.prepare(ROMEO);
      world.server.fetches.length = 0;
      world.clock.advance(24 * 60 * 60 * 1000);
      await juliet.omemo.prepare(ROMEO);
      expect(world.server.fetches.filter((name) => name.includes("bundles")).length).equal(1);
    });

    it("looks for a newer list after a message of a device that the known one lacks", async () => {
      await send(juliet, ROMEO, "a");
      const tablet = await world.device(ROMEO, 23);
      expect(textOf(open(juliet, ROMEO, await send(tablet, JULIET, "from the tablet")))).equal(
        "from the tablet",
      );
      expect((await send(juliet, ROMEO, "to both")).devices.recipient).equal(2);
    });

    it("takes a list that the server does not show for none, and says why", async () => {
      world.server.before = () => Promise.reject(new StanzaError("forbidden", "no"));
      const failure = await juliet.omemo.prepare(ROMEO).catch((error: unknown) => error);
      expect(failure).property("code", "no-devices");
      expect(failure).property("cause").property("condition", "forbidden");
    });

    it("passes on that the server asks to wait", async () => {
      world.server.before = () => Promise.reject(new StanzaError("resource-constraint", "later"));
      expect(await failureOf(juliet.omemo.prepare(ROMEO))).equal("resource-constraint");
    });

    it("asks no sooner again for a bundle that the server does not show", async () => {
      world.server.before = (_, where) => {
        if (where.includes("bundles")) throw new StanzaError("forbidden", "no");
      };
      await failureOf(juliet.omemo.prepare(ROMEO));
      world.server.fetches.length = 0;
      await failureOf(juliet.omemo.prepare(ROMEO));
      expect(world.server.fetches).eql([]);
    });
  });

  describe("Omemo.seal", () => {
    it("asks to be prepared, and writes nothing then", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      const before = contentOf(juliet.storage);
      expect(() => seal(juliet, ROMEO, "a"))
        .throw()
        .with.property("code", "not-prepared");
      await juliet.omemo.prepare(ROMEO);
      const list = parseXml(version.writeDeviceList([22, 23] as DeviceId[]));
      const items = xml("items", { node: LIST.node }, xml("item", {}, list));
      juliet.omemo.receiveDeviceList(ROMEO, items);
      expect(() => seal(juliet, ROMEO, "a"))
        .throw()
        .with.property("code", "not-prepared");
      expect(before.length).greaterThan(0);
    });

    it("refuses a text that does not fit into a message", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      const failure = await send(juliet, ROMEO, "é".repeat(32 * 1024 + 1)).catch((error: unknown) => error);
      expect(failure).property("code", "invalid-input");
    });
  });
});
