import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import {
  contentOf,
  type Device,
  inEachVersion,
  JULIET,
  messageOf,
  open,
  ROMEO,
  seal,
  send,
  settle,
  textOf,
  type World,
} from "./world.js";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Lets days pass as a running device lives through them, with the pushes of its account's list. */
async function live(world: World, days: number, each: () => void = () => {}): Promise<void> {
  for (let hour = 0; hour < days * 24; hour += 1) {
    world.clock.advance(HOUR_MS);
    await settle();
    await settle();
    if (hour % 24 === 23) each();
  }
}

inEachVersion((version, newWorld) => {
  const LIST = version.deviceList;
  let world: World;
  beforeEach(() => {
    world = newWorld();
  });

  const bundleOf = ({ account, id }: Device): OmemoBundle =>
    version.readBundle(world.server.content(account.bare, version.bundle(id)) as Element);
  const listOf = ({ account }: Device): number[] =>
    version.readDeviceList(world.server.content(account.bare, LIST) as Element);
  const push = (device: Device, from: Device, devices: readonly number[]): void => {
    const list = parseXml(version.writeDeviceList(devices as DeviceId[]));
    device.omemo.receiveDeviceList(from.account, xml("items", { node: LIST.node }, xml("item", {}, list)));
  };
  const recordsOf = (device: Device, kind: string): string[] =>
    contentOf(device.storage).filter((line) => line.startsWith(`omemo/1/${kind}`));

  describe("the signed prekey", () => {
    it("is another after a week, with a signature that holds, and published without a login", async () => {
      const juliet = await world.device(JULIET, 11);
      const before = bundleOf(juliet);
      await live(world, 6.5);
      expect(bundleOf(juliet).signedPreKey.id).equal(before.signedPreKey.id);
      await live(world, 1);
      const after = bundleOf(juliet);
      expect(after.signedPreKey.id).equal(before.signedPreKey.id + 1);
      expect(after.signedPreKey.publicKey).not.eql(before.signedPreKey.publicKey);
      const romeo = await world.device(ROMEO, 22);
      expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "hello")))).equal("hello");
    });

    it("opens what was built with it for thirty days more, and is erased then", async () => {
      const juliet = await world.device(JULIET, 11);
      const sentAt = world.clock.now();
      const openSent = (at: Device, sealed: Sealed): string =>
        textOf(
          at.storage.transaction((transaction) =>
            at.omemo.open(transaction, { from: ROMEO, to: JULIET, at: sentAt }, messageOf(sealed)),
          ),
        );
      const early = await world.device(ROMEO, 22);
      const late = await world.device(ROMEO, 23);
      const [first, second] = [await send(early, JULIET, "early"), await send(late, JULIET, "late")];
      await live(world, 7 + 29);
      expect(openSent(juliet, first)).equal("early");
      await live(world, 2);
      expect(openSent(juliet, second)).equal("!no-prekey");
      const { formerSignedPreKeys } = JSON.parse(
        Buffer.from(juliet.storage.read((view) => view.get("omemo/1/own")) as Uint8Array).toString(),
      ) as { formerSignedPreKeys: unknown[] };
      expect(formerSignedPreKeys).lengthOf(4);
    });

    it("is renewed at the next login after a long absence, once", async () => {
      const juliet = await world.device(JULIET, 11);
      juliet.omemo.close();
      world.clock.advance(100 * DAY_MS);
      const next = await world.device(JULIET, 11, { storage: juliet.storage });
      expect(bundleOf(next).signedPreKey.id).equal(2);
    });

    it("is renewed a week after a clock stepped back, however far", async () => {
      const juliet = await world.device(JULIET, 11);
      juliet.omemo.close();
      const ahead = newWorld();
      ahead.clock.advance(1_000 * DAY_MS);
      const there = ahead.open(JULIET, 11, { storage: juliet.storage });
      await there.omemo.announce();
      there.omemo.close();
      const id = 2;
      const back = await world.device(JULIET, 11, { storage: juliet.storage });
      expect(bundleOf(back).signedPreKey.id).equal(id);
      await live(world, 6);
      expect(bundleOf(back).signedPreKey.id).equal(id);
      await live(world, 1.5);
      expect(bundleOf(back).signedPreKey.id).equal(id + 1);
    });
  });

  describe("the used prekeys", () => {
    it("are erased within an hour of their day, without a login", async () => {
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      open(juliet, ROMEO, await send(romeo, JULIET, "hello"));
      expect(recordsOf(juliet, "used-prekey/")).lengthOf(1);
      await live(world, 1);
      world.clock.advance(HOUR_MS);
      expect(recordsOf(juliet, "used-prekey/")).eql([]);
    });
  });

  describe("own devices that are silent", () => {
    it("are taken off the list after ninety days on which this one ran and heard nothing", async () => {
      const tablet = await world.device(JULIET, 12);
      const juliet = await world.device(JULIET, 11);
      tablet.omemo.close();
      await live(world, 89);
      expect(listOf(juliet)).eql([12, 11]);
      await live(world, 2);
      expect(listOf(juliet)).eql([11]);
    }).timeout(20_000);

    it("stay when they write now and then", async () => {
      const tablet = await world.device(JULIET, 12);
      // So that it does not do the same with the other
      tablet.omemo.close();
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      for (let round = 0; round < 3; round += 1) {
        await live(world, 60);
        const sealed = await send(tablet, ROMEO, "hello");
        expect(textOf(open(juliet, JULIET, sealed, ROMEO))).equal("hello");
        expect(textOf(open(romeo, JULIET, sealed))).equal("hello");
      }
      expect(listOf(juliet)).eql([12, 11]);
    }).timeout(20_000);

    it("are not taken for gone by a device that was off itself, or whose clock stepped", async () => {
      await world.device(JULIET, 12);
      const juliet = await world.device(JULIET, 11);
      juliet.omemo.close();
      world.clock.advance(1_000 * DAY_MS);
      const next = await world.device(JULIET, 11, { storage: juliet.storage });
      await live(world, 3);
      expect(listOf(next)).eql([12, 11]);
    });

    it("come back when they are alive, and have ninety days again", async () => {
      const tablet = await world.device(JULIET, 12);
      const juliet = await world.device(JULIET, 11);
      await live(world, 89);
      while (listOf(juliet).length > 1) await live(world, 1 / 24);
      push(tablet, juliet, [11]);
      await settle();
      await settle();
      expect(listOf(juliet)).eql([11, 12]);
      push(juliet, juliet, [11, 12]);
      await live(world, 80);
      expect(listOf(juliet)).eql([11, 12]);
    }).timeout(20_000);
  });

  describe("devices that left their list", () => {
    it("are forgotten after thirty days, with their sessions", async () => {
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const tablet = await world.device(ROMEO, 23);
      for (const one of [romeo, tablet]) open(juliet, ROMEO, await send(one, JULIET, "hello"));
      await send(juliet, ROMEO, "hello");
      push(juliet, romeo, [22]);
      const listed = parseXml(version.writeDeviceList([22] as DeviceId[]));
      juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, listed)));
      await live(world, 29);
      expect(recordsOf(juliet, "session")).lengthOf(2);
      expect(textOf(open(juliet, ROMEO, seal(tablet, JULIET, "late")))).equal("late");
      juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, listed)));
      await live(world, 29);
      expect(recordsOf(juliet, "session")).lengthOf(2);
      await live(world, 2);
      expect(recordsOf(juliet, "session")).lengthOf(1);
      expect(recordsOf(juliet, "delisted")).eql([]);
      expect(juliet.omemo.trust.devices(ROMEO).map(({ device }) => device)).eql([22]);
    });

    it("are not forgotten by somebody who never read the list", async () => {
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      open(juliet, ROMEO, await send(romeo, JULIET, "hello"));
      await live(world, 60);
      expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "again")))).equal("again");
    });

    it("are not forgotten when they come back", async () => {
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      open(juliet, ROMEO, await send(romeo, JULIET, "hello"));
      await send(juliet, ROMEO, "hello");
      for (const devices of [[], [22]]) {
        const list = parseXml(version.writeDeviceList(devices as DeviceId[]));
        juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, list)));
        world.clock.advance(HOUR_MS);
      }
      await live(world, 40);
      expect(recordsOf(juliet, "session")).lengthOf(1);
    });
  });

  describe("pushed device lists", () => {
    it("are taken in once in five seconds: the first, and the last that came", async () => {
      const juliet = await world.device(JULIET, 11);
      await world.device(ROMEO, 22);
      await send(juliet, ROMEO, "hello");
      const pushed = (device: number): void => {
        const list = parseXml(version.writeDeviceList([device] as DeviceId[]));
        juliet.omemo.receiveDeviceList(ROMEO, xml("items", { node: LIST.node }, xml("item", {}, list)));
      };
      const known = (): number[] =>
        juliet.omemo.trust
          .devices(ROMEO)
          .flatMap(({ device, versions }) => (versions.length > 0 ? [device] : []));
      for (let device = 100; device < 1_100; device += 1) pushed(device);
      expect(known()).eql([100]);
      world.clock.advance(4_999);
      expect(known()).eql([100]);
      world.clock.advance(1);
      expect(known()).eql([1_099]);
      pushed(5);
      expect(known()).eql([1_099]);
      world.clock.advance(5_000);
      expect(known()).eql([5]);
      world.clock.advance(5_000);
      pushed(6);
      expect(known()).eql([6]);
    });

    it("without this device are answered within an hour, when that was just done", async () => {
      const juliet = await world.device(JULIET, 11);
      world.later();
      for (const other of [7, 8]) {
        world.server.put(juliet.account.bare, LIST, parseXml(version.writeDeviceList([other] as DeviceId[])));
        push(juliet, juliet, [other]);
        world.clock.advance(5_000);
        await settle();
        await settle();
      }
      expect(listOf(juliet)).eql([8]);
      await live(world, 0.1);
      expect(listOf(juliet)).eql([8, 11]);
    });
  });
});
