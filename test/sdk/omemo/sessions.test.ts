import { expect } from "chai";
import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { openSqliteStorage } from "../../../sdk/storage/sqlite.js";
import { temporaryFolder } from "../../support/prosody.js";
import { type Device, JULIET, open, ROMEO, seal, send, SPOKEN, textOf, World } from "./world.js";

/** A message under way; `passed` counts those of its direction that came before it though they left after. */
interface InFlight {
  readonly text: string;
  readonly sealed: Sealed;
  passed: number;
}

/** One direction between two devices. */
class Lane {
  readonly #from: Device;
  readonly #to: Device;
  readonly #inFlight: InFlight[] = [];
  #arrived: InFlight[] = [];
  #sent = 0;

  constructor(from: Device, to: Device) {
    this.#from = from;
    this.#to = to;
  }

  send(): void {
    const text = `${this.#from.id} says ${(this.#sent += 1)}`;
    this.#inFlight.push({ text, sealed: seal(this.#from, this.#to.number, text), passed: 0 });
  }

  /** Delivers one of the oldest; one that was overtaken twice goes first. */
  deliver(choice: number): void {
    const late = this.#inFlight.findIndex(({ passed }) => passed >= 2);
    const index = late >= 0 ? late : choice % Math.min(3, this.#inFlight.length);
    const [message] = this.#inFlight.splice(index, 1);
    if (!message) return;
    for (const overtaken of this.#inFlight.slice(0, index)) overtaken.passed += 1;
    expect(textOf(open(this.#to, this.#from.number, message.sealed))).equal(message.text);
    this.#arrived = [...this.#arrived.slice(-2), message];
  }

  lose(): void {
    this.#inFlight.shift();
  }

  repeat(choice: number): void {
    const message = this.#arrived[choice % this.#arrived.length];
    if (message) expect(textOf(open(this.#to, this.#from.number, message.sealed))).equal("!duplicate");
  }

  drain(): void {
    while (this.#inFlight.length > 0) this.deliver(0);
  }
}

const step = record({
  lane: constantFrom<0 | 1>(0, 1),
  what: constantFrom("send", "send", "send", "deliver", "deliver", "deliver", "lose", "repeat"),
  choice: nat(2),
});

function run(lane: Lane, { what, choice }: { what: string; choice: number }): void {
  if (what === "send") lane.send();
  else if (what === "deliver") lane.deliver(choice);
  else if (what === "lose") lane.lose();
  else lane.repeat(choice);
}

for (const [what, spoken] of Object.entries(SPOKEN))
  describe(`sessions between two devices, ${what}`, () => {
    it("open everything once under loss, repetition and reordering, whoever begins, both at once too", async () => {
      await assert(
        asyncProperty(array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
          const world = new World(...spoken);
          const juliet = await world.device(JULIET, 11);
          const romeo = await world.device(ROMEO, 22);
          await juliet.omemo.prepare(ROMEO);
          await romeo.omemo.prepare(JULIET);
          const lanes = [new Lane(juliet, romeo), new Lane(romeo, juliet)] as const;
          for (const one of steps) run(lanes[one.lane], one);
          for (const lane of lanes) lane.drain();
          for (const lane of lanes) {
            lane.send();
            lane.deliver(0);
          }
        }),
        { seed: 20260101, numRuns: 50 },
      );
    });

    it("settle on one after both began at once", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const [there, back] = [await send(juliet, ROMEO, "there"), await send(romeo, JULIET, "back")];
      expect(textOf(open(romeo, JULIET, there))).equal("there");
      expect(textOf(open(juliet, ROMEO, back))).equal("back");
      for (let round = 0; round < 4; round += 1) {
        const next = seal(juliet, ROMEO, `there ${round}`);
        expect(next.payload).not.match(/(prekey|kex)=/);
        expect(textOf(open(romeo, JULIET, next))).equal(`there ${round}`);
        expect(textOf(open(juliet, ROMEO, seal(romeo, JULIET, `back ${round}`)))).equal(`back ${round}`);
      }
    });

    it("are kept to the current one and five before it", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const pairs: [Sealed, Sealed][] = [];
      for (let round = 0; round < 8; round += 1) {
        forgetSessions(romeo);
        await romeo.omemo.prepare(JULIET);
        const first = seal(romeo, JULIET, `first ${round}`);
        pairs.push([first, seal(romeo, JULIET, `second ${round}`)]);
        expect(textOf(open(juliet, ROMEO, first))).equal(`first ${round}`);
        // So that no two sessions are built with the same prekey
        await juliet.omemo.announce();
      }
      const seconds = pairs.map(([, second]) => textOf(open(juliet, ROMEO, second)));
      expect(seconds.slice(0, 2)).eql(["!no-prekey", "!no-prekey"]);
      expect(seconds.slice(2)).eql([2, 3, 4, 5, 6, 7].map((round) => `second ${round}`));
      expect(pairs.map(([first]) => textOf(open(juliet, ROMEO, first))).slice(2)).eql(
        Array(6).fill("!duplicate"),
      );
    });

    it("begin anew when the stored one cannot be read", async () => {
      const world = new World(...spoken);
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      open(romeo, JULIET, await send(juliet, ROMEO, "a"));
      juliet.storage.transaction((t) => {
        for (const [key] of t.scan("omemo/1/session")) t.set(key, Buffer.from("damaged"));
      });
      expect(textOf(open(romeo, JULIET, await send(juliet, ROMEO, "b")))).equal("b");
    });
  });

/** As when a device was restored from a copy that is older than its sessions. */
function forgetSessions(device: Device): void {
  device.storage.transaction((t) => {
    for (const [key] of t.scan("omemo/1/session")) t.delete(key);
  });
}

describe("openOmemo", () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("goes on from its store after every step", async () => {
    const world = new World();
    const start = (number: typeof JULIET, id: number): Device =>
      world.open(number, id, { storage: openSqliteStorage({ path: join(folder, `${id}.db`) }) });
    const restart = ({ omemo, storage, number, id }: Device): Device => {
      omemo.close();
      storage.close();
      return start(number, id);
    };
    let juliet = restart(start(JULIET, 11));
    let romeo = restart(start(ROMEO, 22));
    await juliet.omemo.announce();
    juliet = restart(juliet);
    await romeo.omemo.announce();
    romeo = restart(romeo);
    for (let round = 0; round < 4; round += 1) {
      await juliet.omemo.prepare(ROMEO);
      juliet = restart(juliet);
      const there = seal(juliet, ROMEO, `there ${round}`);
      juliet = restart(juliet);
      expect(textOf(open(romeo, JULIET, there))).equal(`there ${round}`);
      romeo = restart(romeo);
      expect(textOf(open(romeo, JULIET, there))).equal("!duplicate");
      await romeo.omemo.prepare(JULIET);
      romeo = restart(romeo);
      const back = seal(romeo, JULIET, `back ${round}`);
      romeo = restart(romeo);
      expect(textOf(open(juliet, ROMEO, back))).equal(`back ${round}`);
      juliet = restart(juliet);
    }
    for (const { storage } of [juliet, romeo]) storage.close();
  });
});
