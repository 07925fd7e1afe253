import { expect } from "chai";
import { controlledDevice, openAll, sealWaiting } from "./controls.js";
import { inEachVersion, JULIET, open, ROMEO, seal, send, textOf } from "./world.js";

const MINUTE_MS = 60_000;
const KEX = /(prekey|kex)=/;

inEachVersion((version, newWorld) => {
  describe("the answer without content", () => {
    it("goes to a device that began a session when nothing was sent to it for a moment", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
      world.clock.advance(4_999);
      expect(romeo.controls).eql([]);
      world.clock.advance(1);
      expect(romeo.controls).eql([
        { to: JULIET.bare, devices: [11], version: version.name, purpose: "answer" },
      ]);
      const [answer] = await sealWaiting(romeo);
      expect(seal(juliet, ROMEO, "again").payload).match(KEX);
      expect(open(juliet, ROMEO, answer!).kind).equal("key-transport");
      const next = seal(juliet, ROMEO, "once more");
      expect(next.payload).not.match(KEX);
      expect(textOf(open(romeo, JULIET, next))).equal("once more");
      world.clock.advance(10 * MINUTE_MS);
      expect([...juliet.controls, ...romeo.controls]).eql([]);
    });

    it("is not sent when a message went to the device meanwhile", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
      await send(romeo, JULIET, "hello yourself");
      world.clock.advance(MINUTE_MS);
      expect(romeo.controls).eql([]);
    });

    it("is not sealed when a message was sealed before its turn came", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
      world.clock.advance(MINUTE_MS);
      await send(romeo, JULIET, "hello yourself");
      expect(await sealWaiting(romeo)).eql([]);
    });

    it("is one for each device after a catch-up, however much was in it", async () => {
      const world = newWorld();
      const romeo = await controlledDevice(world, ROMEO, 22);
      const juliet = await controlledDevice(world, JULIET, 11);
      const tablet = await controlledDevice(world, JULIET, 12);
      for (let count = 0; count < 10; count += 1) {
        open(romeo, JULIET, await send(juliet, ROMEO, `a${count}`));
        world.clock.advance(1_000);
        open(romeo, JULIET, await send(tablet, ROMEO, `b${count}`));
        world.clock.advance(1_000);
        expect(romeo.controls).eql([]);
      }
      world.clock.advance(5_000);
      expect(romeo.controls.map(({ devices }) => devices)).eql([[11], [12]]);
    });

    it("comes after a minute although messages never stop", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      for (let seconds = 0; seconds < 60; seconds += 1) {
        open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
        world.clock.advance(1_000);
      }
      expect(romeo.controls).lengthOf(1);
    });

    it("is a heartbeat after 53 messages without one from here, once for each ratchet step", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
      open(juliet, ROMEO, await send(romeo, JULIET, "hello"));
      const hear = async (count: number): Promise<number> => {
        for (let at = 0; at < count; at += 1) open(romeo, JULIET, await send(juliet, ROMEO, "more"));
        world.clock.advance(10 * MINUTE_MS);
        return romeo.controls.length;
      };
      expect(await hear(52)).equal(0);
      expect(await hear(1)).equal(1);
      const [heartbeat] = await sealWaiting(romeo);
      expect(await hear(60)).equal(0);
      open(juliet, ROMEO, heartbeat!);
      expect(await hear(52)).equal(0);
      expect(await hear(1)).equal(1);
    });

    it("goes to one device every five minutes at most", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      for (let minutes = 0; minutes < 60; minutes += 1) {
        // Each time in a session that is begun anew
        juliet.storage.transaction((t) => {
          for (const [key] of t.scan("omemo/1/session")) t.delete(key);
        });
        open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
        world.clock.advance(MINUTE_MS);
      }
      expect(romeo.controls).lengthOf(12);
    });

    it("is sent by the next process when this one ends before", async () => {
      const world = newWorld();
      const juliet = await controlledDevice(world, JULIET, 11);
      const romeo = await controlledDevice(world, ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "hello"));
      romeo.omemo.close();
      world.clock.advance(MINUTE_MS);
      expect(romeo.controls).eql([]);
      const next = await controlledDevice(world, ROMEO, 22, { storage: romeo.storage });
      world.clock.advance(MINUTE_MS);
      expect(openAll(juliet, ROMEO, await sealWaiting(next)).map(({ kind }) => kind)).eql(["key-transport"]);
    });
  });
});
