import { expect } from "chai";
import { array, assert, asyncProperty, constantFrom, record } from "fast-check";
import type { DeviceId } from "../../../src/ids.js";
import {
  type ControlledDevice,
  controlledDevice,
  forgetPreKeys,
  forgetSessions,
  openAll,
  sealWaiting,
} from "./controls.js";
import { inEachVersion, JULIET, open, ROMEO, seal, send, textOf, World } from "./world.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Two devices that have talked in both directions. */
async function acquainted(world: World): Promise<[juliet: ControlledDevice, romeo: ControlledDevice]> {
  const juliet = await controlledDevice(world, JULIET, 11);
  const romeo = await controlledDevice(world, ROMEO, 22);
  open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
  open(juliet, ROMEO, await send(romeo, JULIET, "hello"));
  open(romeo, JULIET, await send(juliet, ROMEO, "how do you do"));
  return [juliet, romeo];
}

inEachVersion((version, newWorld) => {
  describe("the repair of a session", () => {
    it("is a new session that is begun at once from a fresh bundle, so that the next message opens", async () => {
      const [juliet, romeo] = await acquainted(newWorld());
      forgetSessions(romeo);
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "lost")))).equal("!no-session");
      expect(romeo.controls).eql([
        { to: JULIET.bare, devices: [11], version: version.name, purpose: "repair" },
      ]);
      expect(openAll(juliet, ROMEO, await sealWaiting(romeo)).map(({ kind }) => kind)).eql(["key-transport"]);
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "found")))).equal("found");
      expect(textOf(open(juliet, ROMEO, seal(romeo, JULIET, "back")))).equal("back");
    });

    it("is made for every session with somebody when a person asks for it", async () => {
      const [juliet, romeo] = await acquainted(newWorld());
      expect(await romeo.omemo.renewSessions(JULIET)).equal(1);
      expect(openAll(juliet, ROMEO, await sealWaiting(romeo)).map(({ kind }) => kind)).eql(["key-transport"]);
      const after = seal(juliet, ROMEO, "in the new one");
      expect(textOf(open(romeo, JULIET, after))).equal("in the new one");
      expect(textOf(open(juliet, ROMEO, seal(romeo, JULIET, "back")))).equal("back");
    });

    it("takes the place of a session that is there, which is kept to receive with", async () => {
      const world = newWorld();
      const [juliet, romeo] = await acquainted(world);
      const late = seal(juliet, ROMEO, "late");
      const before = juliet.storage.read((view) => view.scan("omemo/1/session"));
      forgetSessions(juliet);
      await juliet.omemo.prepare(ROMEO);
      // Romeo has a session that Juliet lost, and cannot open what she wrote in one that he does not know
      const strange = seal(juliet, ROMEO, "a");
      forgetPreKeys(romeo);
      expect(textOf(open(romeo, JULIET, strange))).equal("!no-prekey");
      expect(before).lengthOf(1);
      expect(openAll(juliet, ROMEO, await sealWaiting(romeo)).map(({ kind }) => kind)).eql(["key-transport"]);
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "found")))).equal("found");
      expect(textOf(open(romeo, JULIET, late))).equal("late");
    });

    it("is not made for what was opened before, for what is for others, or for a device in no list", async () => {
      const world = newWorld();
      const [juliet, romeo] = await acquainted(world);
      const once = seal(juliet, ROMEO, "once");
      open(romeo, JULIET, once);
      expect(textOf(open(romeo, JULIET, once))).equal("!duplicate");
      const stranger = await world.device(JULIET, 13);
      const begun = await send(stranger, ROMEO, "a");
      forgetPreKeys(romeo);
      expect(textOf(open(romeo, JULIET, begun))).equal("!no-prekey");
      expect(romeo.controls).eql([]);
    });

    it("is made less and less often, also by the next process, and once at once after two quiet days", async () => {
      const world = newWorld();
      const [juliet, first] = await acquainted(world);
      forgetSessions(first);
      let romeo = first;
      const times: number[] = [];
      const start = world.clock.now();
      for (let minute = 0; minute < 24 * 60; minute += 1) {
        const before = romeo.controls.length;
        open(romeo, JULIET, seal(juliet, ROMEO, "lost"));
        if (romeo.controls.length > before) {
          times.push((world.clock.now() - start) / MINUTE_MS);
          romeo.omemo.close();
          romeo = await controlledDevice(world, ROMEO, 22, { storage: first.storage });
          // The next process numbers its messages anew
          romeo.storage.transaction((t) => {
            for (const [key] of t.scan("test/control/")) t.delete(key);
          });
        }
        world.clock.advance(MINUTE_MS);
      }
      expect(times).eql([0, 5, 15, 35, 75, 155, 315, 635, 1275]);
      world.clock.advance(48 * HOUR_MS);
      open(romeo, JULIET, seal(juliet, ROMEO, "lost"));
      world.clock.advance(5 * MINUTE_MS);
      open(romeo, JULIET, seal(juliet, ROMEO, "lost"));
      expect(romeo.controls).lengthOf(2);
    });

    it("is not made with a device whose identity is distrusted", async () => {
      const [juliet, romeo] = await acquainted(newWorld());
      romeo.omemo.trust.decide(JULIET, juliet.omemo.fingerprint, "distrusted");
      forgetSessions(romeo);
      open(romeo, JULIET, seal(juliet, ROMEO, "lost"));
      expect(await sealWaiting(romeo)).eql([]);
    });

    it("is dropped when there is no bundle any more", async () => {
      const world = newWorld();
      const [juliet, romeo] = await acquainted(world);
      forgetSessions(romeo);
      open(romeo, JULIET, seal(juliet, ROMEO, "lost"));
      world.server.put(juliet.account.bare, version.bundle(11 as DeviceId), undefined);
      world.server.nodes.delete(`${juliet.account.bare} ${version.bundle(11 as DeviceId).node}`);
      expect(await sealWaiting(romeo)).eql([]);
    });

    it("is made for eight devices of a person at once at most", async () => {
      const world = newWorld();
      const romeo = await controlledDevice(world, ROMEO, 22);
      const many: ControlledDevice[] = [];
      for (let id = 100; id < 112; id += 1) many.push(await controlledDevice(world, JULIET, id));
      await romeo.omemo.prepare(JULIET);
      for (const one of many) open(romeo, JULIET, await send(one, ROMEO, "hello"));
      world.later();
      await romeo.omemo.prepare(JULIET);
      forgetSessions(romeo);
      forgetPreKeys(romeo);
      romeo.storage.transaction((t) => {
        for (const [key] of t.scan("test/control/")) t.delete(key);
      });
      for (const one of many) open(romeo, JULIET, seal(one, ROMEO, "lost"));
      expect(romeo.controls.filter(({ purpose }) => purpose === "repair")).lengthOf(8);
    });
  });
});

const event = record({
  who: constantFrom<0 | 1>(0, 1),
  what: constantFrom("send", "send", "send", "break", "lose", "deliver", "deliver", "wait", "wait"),
});

describe("two devices that break each other's sessions", () => {
  it("send each other a handful of control messages in an hour, whatever happens", async () => {
    await assert(
      asyncProperty(array(event, { minLength: 100, maxLength: 200 }), async (events) => {
        const world = new World();
        const pair = await acquainted(world);
        const jids = [JULIET, ROMEO] as const;
        const lanes: [Parameters<typeof open>[2][], Parameters<typeof open>[2][]] = [[], []];
        const end = world.clock.now() + HOUR_MS;
        let controls = 0;
        for (let step = 0; world.clock.now() < end; step += 1) {
          const { who, what } = events[step % events.length]!;
          const [self, to] = [pair[who], jids[1 - who] as typeof JULIET];
          if (what === "break") forgetSessions(self);
          else if (what === "lose") lanes[who].shift();
          else if (what === "wait") world.clock.advance(10_000);
          else if (what === "send") lanes[who].push(await send(self, to, "hello"));
          else for (const one of lanes[1 - who]!.splice(0)) open(self, to, one);
          for (const [index, device] of pair.entries()) {
            const sealed = await sealWaiting(device);
            controls += sealed.length;
            lanes[index]!.push(...sealed);
          }
        }
        // At 0, 5, 15 and 35 minutes a repair, and an answer every five: for each of the two
        expect(controls).most(2 * (4 + 12));
      }),
      { seed: 20260301, numRuns: 6 },
    );
  }).timeout(60_000);

  it("talk again when both were broken at once and the repairs of both cross", async () => {
    const world = new World();
    const [juliet, romeo] = await acquainted(world);
    const [there, back] = [seal(juliet, ROMEO, "lost"), seal(romeo, JULIET, "lost")];
    forgetSessions(juliet);
    forgetSessions(romeo);
    open(romeo, JULIET, there);
    open(juliet, ROMEO, back);
    const [fromJuliet, fromRomeo] = [await sealWaiting(juliet), await sealWaiting(romeo)];
    openAll(romeo, JULIET, fromJuliet);
    openAll(juliet, ROMEO, fromRomeo);
    for (let round = 0; round < 3; round += 1) {
      expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "there")))).equal("there");
      expect(textOf(open(juliet, ROMEO, seal(romeo, JULIET, "back")))).equal("back");
    }
  });
});
