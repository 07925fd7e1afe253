import { expect } from "chai";
import { StanzaError } from "../../../src/errors.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
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

inEachVersion((version, newWorld) => {
  const LIST = version.deviceList;

  function listOf(world: World, { account }: Device): number[] {
    return version.readDeviceList(world.server.content(account.bare, LIST) as Element);
  }

  function bundleOf(world: World, { account, id }: Device): OmemoBundle {
    return version.readBundle(world.server.content(account.bare, version.bundle(id)) as Element);
  }

  function preKeyIds(world: World, device: Device): number[] {
    return bundleOf(world, device).preKeys.map(({ id }) => id);
  }

  function push(device: Device, from: Device, devices: readonly number[]): void {
    const list = parseXml(version.writeDeviceList(devices as DeviceId[]));
    device.omemo.receiveDeviceList(from.account, xml("items", { node: LIST.node }, xml("item", {}, list)));
  }

  /** Somebody who wrote a first message. */
  interface Peer {
    readonly device: Device;
    readonly message: Sealed;
  }

  /** What a message has that builds a session. */
  const FIRST = /(prekey|kex)='true'/;

  describe("Omemo.announce", () => {
    let world: World;
    beforeEach(() => {
      world = newWorld();
    });

    it("publishes a bundle of a hundred prekeys and the device, open to everybody", async () => {
      const juliet = await world.device(JULIET, 11);
      expect(listOf(world, juliet)).eql([11]);
      expect(preKeyIds(world, juliet)).eql(Array.from({ length: 100 }, (_, i) => i + 1));
      expect(world.server.option("access_model")).eql(["open", "open"]);
    });

    it("publishes the bundle before the device stands in the list", async () => {
      await world.device(JULIET, 11);
      expect(world.server.publications.map((name) => name.includes("bundles"))).eql([true, false]);
    });

    it("opens nodes that were published closed", async () => {
      const juliet = world.open(JULIET, 11);
      world.server.put(
        juliet.account.bare,
        LIST,
        parseXml(version.writeDeviceList([7 as DeviceId])),
        "presence",
      );
      world.server.put(juliet.account.bare, version.bundle(11 as DeviceId), undefined, "whitelist");
      await juliet.omemo.announce();
      expect(world.server.option("access_model")).eql(["open", "open"]);
      expect(listOf(world, juliet)).eql([7, 11]);
    });

    it("changes nothing when the server has everything", async () => {
      const juliet = await world.device(JULIET, 11);
      const published = world.server.publications.length;
      await juliet.omemo.announce();
      expect(world.server.publications.length).equal(published);
    });

    it("publishes again what the server lost", async () => {
      const juliet = await world.device(JULIET, 11);
      const before = bundleOf(world, juliet);
      world.server.nodes.clear();
      await juliet.omemo.announce();
      expect(listOf(world, juliet)).eql([11]);
      expect(bundleOf(world, juliet)).eql(before);
    });

    it("replaces a bundle that is not its own or cannot be read", async () => {
      const juliet = await world.device(JULIET, 11);
      const own = bundleOf(world, juliet);
      const romeo = await world.device(ROMEO, 11);
      const foreign = world.server.content(romeo.account.bare, version.bundle(11 as DeviceId));
      for (const item of [foreign, xml("bundle", { xmlns: "else" })]) {
        world.server.put(juliet.account.bare, version.bundle(11 as DeviceId), item);
        await juliet.omemo.announce();
        expect(bundleOf(world, juliet)).eql(own);
      }
    });

    it("begins a list anew that cannot be read, or has ten thousand devices", async () => {
      const juliet = await world.device(JULIET, 11);
      const ids = Array.from({ length: 10_000 }, (_, index) => (index + 100) as DeviceId);
      for (const list of [xml("list", { xmlns: "else" }), parseXml(version.writeDeviceList(ids))]) {
        world.server.put(juliet.account.bare, LIST, list);
        await juliet.omemo.announce();
        expect(listOf(world, juliet)).eql([11]);
      }
    });

    it("tries again when another device overwrites the list at the same moment", async () => {
      let hasRaced = false;
      const juliet = world.open(JULIET, 11);
      world.server.before = (what, where) => {
        if (what !== "get" || !where.endsWith(LIST.node) || !world.server.content(juliet.account.bare, LIST))
          return;
        if (!hasRaced)
          world.server.put(juliet.account.bare, LIST, parseXml(version.writeDeviceList([7 as DeviceId])));
        hasRaced = true;
      };
      await juliet.omemo.announce();
      expect(listOf(world, juliet)).eql([7, 11]);
    });

    it("says so when the server never keeps the list", async () => {
      const juliet = world.open(JULIET, 11);
      world.server.before = (what, where) => {
        if (what === "get" && where.endsWith(LIST.node)) world.server.nodes.delete(where);
      };
      const failure = await juliet.omemo.announce().catch((error: unknown) => error);
      expect(failure).property("code", "not-listed");
    });

    it("passes on what the server refuses, and does it all the next time", async () => {
      const juliet = world.open(JULIET, 11);
      world.server.before = (what) => {
        if (what === "publish") throw new StanzaError("resource-constraint", "later");
      };
      const failure = await juliet.omemo.announce().catch((error: unknown) => error);
      expect(failure).property("condition", "resource-constraint");
      world.server.before = () => {};
      await juliet.omemo.announce();
      expect(listOf(world, juliet)).eql([11]);
      expect(bundleOf(world, juliet).preKeys.length).equal(100);
    });

    it("does the work once for all who call meanwhile", async () => {
      const juliet = world.open(JULIET, 11);
      await Promise.all([juliet.omemo.announce(), juliet.omemo.announce()]);
      expect(world.server.publications.length).equal(2);
    });

    it("keeps the keys of a device for its life, and refuses a store with those of another", async () => {
      const storage = openMemoryStorage();
      const first = world.open(JULIET, 11, { storage });
      expect(world.open(JULIET, 11, { storage }).omemo.fingerprint).equal(first.omemo.fingerprint);
      expect(() => world.open(JULIET, 12, { storage }))
        .throw()
        .with.property("code", "other-device");
      expect(() => world.open(ROMEO, 11, { storage }))
        .throw()
        .with.property("code", "other-device");
    });
  });

  describe("one-time prekeys", () => {
    it("are replaced in the published bundle after use, and their ids never come back", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      const first = await send(await world.device(ROMEO, 22), JULIET, "a");
      const second = await send(await world.device(ROMEO, 23, { account: "other@example.org" }), JULIET, "b");
      expect(textOf(open(juliet, ROMEO, first))).equal("a");
      expect(textOf(open(juliet, ROMEO, second))).equal("b");
      const published = world.server.publications.length;
      await settle();
      world.clock.advance(1000);
      await settle();
      expect(world.server.publications.length).equal(published + 1);
      const ids = preKeyIds(world, juliet);
      expect(ids.length).equal(100);
      expect(ids.at(-1)).within(101, 102);
      expect(new Set(ids).size).equal(100);
    });

    it("are published at the next announcement when publishing them failed", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      open(juliet, ROMEO, await send(await world.device(ROMEO, 22), JULIET, "a"));
      world.server.before = () => Promise.reject(new StanzaError("service-unavailable", "no"));
      await settle();
      world.clock.advance(1000);
      await settle();
      expect(juliet.events.map(({ kind }) => kind)).eql(["publish-failed"]);
      world.server.before = () => {};
      await juliet.omemo.announce();
      expect(preKeyIds(world, juliet).at(-1)).equal(101);
    });

    describe("that several people drew", () => {
      let world: World;
      let juliet: Device;
      const peers: Peer[] = [];
      const peer = (index: number) => (): Peer => peers[index] as Peer;
      const [first, second, third] = [peer(0), peer(1), peer(2)];
      const openAt = ({ device, message }: Peer): string => textOf(open(juliet, device.number, message));

      beforeEach(async () => {
        world = newWorld();
        juliet = await world.device(JULIET, 11);
        peers.length = 0;
        const node = version.bundle(juliet.id);
        const bundle = world.server.content(juliet.account.bare, node) as Element;
        // With one prekey in the bundle everybody draws the same
        bundle.getChild("prekeys")?.children.splice(1);
        world.server.put(juliet.account.bare, node, bundle);
        for (const id of [31, 32, 33]) {
          const device = await world.device(Jid.parse(`+155512300${id}@phone.example.org`), id);
          peers.push({ device, message: await send(device, JULIET, `from ${id}`) });
        }
      });

      it("open the first message of each, once, for a day", async () => {
        expect(openAt(first())).equal("from 31");
        expect(openAt(second())).equal("from 32");
        expect(openAt(second())).equal("!duplicate");
        world.clock.advance(24 * 60 * 60 * 1000);
        expect(openAt(third())).equal("!no-prekey");
      });

      it("are erased with the day", async () => {
        openAt(first());
        const used = (): number => juliet.storage.read((view) => view.scan("omemo/1/used-prekey/").length);
        expect(used()).equal(1);
        world.clock.advance(24 * 60 * 60 * 1000);
        await juliet.omemo.announce();
        expect(used()).equal(0);
      });

      it("are answered in a session of their own, but for the first", async () => {
        openAt(first());
        openAt(second());
        const answerTo = async ({ device }: Peer): Promise<Sealed> => {
          const sealed = await send(juliet, device.number, `to ${device.id}`);
          expect(textOf(open(device, JULIET, sealed))).equal(`to ${device.id}`);
          return sealed;
        };
        expect((await answerTo(first())).payload).not.match(FIRST);
        expect(() => seal(juliet, second().device.number, "x"))
          .throw()
          .with.property("code", "not-prepared");
        const { device } = second();
        const late = seal(device, JULIET, "late");
        expect((await answerTo(second())).payload).match(FIRST);
        expect(textOf(open(juliet, device.number, late))).equal("late");
        expect(textOf(open(juliet, device.number, await send(device, JULIET, "on")))).equal("on");
        expect((await answerTo(second())).payload).not.match(FIRST);
      });
    });
  });

  describe("Omemo.receiveDeviceList", () => {
    it("puts this device back into its own list, but not for ever against another program", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      const overwrite = async (): Promise<void> => {
        world.server.put(juliet.account.bare, LIST, parseXml(version.writeDeviceList([7 as DeviceId])));
        push(juliet, juliet, [7]);
        await settle();
        await settle();
      };
      world.later();
      await overwrite();
      expect(listOf(world, juliet)).eql([7, 11]);
      await overwrite();
      expect(listOf(world, juliet)).eql([7]);
      world.clock.advance(60_000);
      await overwrite();
      expect(listOf(world, juliet)).eql([7, 11]);
    });

    it("makes the next message go to a device that was just added", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      expect((await send(juliet, ROMEO, "a")).devices.recipient).equal(1);
      await world.device(ROMEO, 23);
      const list = parseXml(version.writeDeviceList([22, 23] as DeviceId[]));
      juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, list)));
      expect((await send(juliet, ROMEO, "b")).devices.recipient).equal(2);
    });

    it("keeps nothing of people who were never written to, of other nodes, and of what is no list", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      push(juliet, romeo, [1, 2, 3]);
      expect(juliet.omemo.trust.devices(ROMEO)).eql([]);
      await send(juliet, ROMEO, "a");
      const list = parseXml(version.writeDeviceList([5 as DeviceId]));
      juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: "else" }, xml("item", {}, list)));
      juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, xml("list"))));
      expect(juliet.omemo.trust.devices(ROMEO).map(({ device }) => device)).eql([22]);
    });
  });
});
