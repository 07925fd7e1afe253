import { expect } from "chai";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MAX_SKIP } from "../../../sdk/ratchet/session.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { seededRandom } from "../../../sdk/testing/mod.js";
import { counted } from "../ratchet/counted.js";
import { copyOf, dataOf, isPreKeyMessage, reopened, withData, withFields } from "./forgery.js";
import { contentOf, type Device, inEachVersion, JULIET, open, ROMEO, send, settle, textOf } from "./world.js";

type Message = Pick<Sealed, "payload">;

/** How many forged messages come: 100,000 take one to four minutes. */
const FORGED = Number(process.env.TWOTICK_FORGED_MESSAGES ?? 2000);

/** The current session and the archived ones. */
const SESSIONS = 6;

/**
 * How often as much as opening a good message refusing a forged one may cost: about ten times as an agreement is tried in
 * each session, and up to twenty when it walks some steps of the chains before.
 */
const MAX_COST_RATIO = 40;

const MAX_RETAINED_BYTES = 4 * 1024 * 1024;

/** What stays when everything that nobody holds is let go. */
function retainedBytes(): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

inEachVersion((version, newWorld) => {
  describe(`Omemo.open, ${FORGED} forged messages against as many sessions as are kept`, () => {
    let juliet: Device;
    let romeo: Device;

    // Juliet begins anew again and again, as a device would whose store is put back each time
    before(async () => {
      const world = newWorld();
      romeo = await world.device(ROMEO, 22);
      juliet = await world.device(JULIET, 11);
      const fresh = copyOf(juliet.storage);
      for (let session = 0; session < SESSIONS; session += 1) {
        juliet = reopened(world, juliet, copyOf(fresh));
        open(romeo, JULIET, await send(juliet, ROMEO, "a"));
        // What was answered waits for a new ratchet key of hers, and so has to try each that is unknown
        open(juliet, ROMEO, await send(romeo, JULIET, "b"));
        open(romeo, JULIET, await send(juliet, ROMEO, "c"));
        await send(romeo, JULIET, "d");
      }
      await settle();
    });

    const random = seededRandom(7);
    const noise = (length: number): Buffer =>
      Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

    /** A ratchet key that is a point, as its highest bit is not set. */
    const unknownKey = (): Buffer => {
      const key = noise(32);
      key[31] = (key[31] ?? 0) & 0x7f;
      return key;
    };

    /** What somebody can write who has seen a message, and has none of the keys. */
    function forgeries(seen: Message, counter: number): readonly (readonly [what: string, () => Message])[] {
      const change = (fields: () => object) => () =>
        withData(version, seen, (data) => withFields(version, data, false, fields()));
      return [
        ["with a ratchet key that nobody knows", change(() => ({ ratchetKey: unknownKey(), counter: 0 }))],
        ["in a chain that is known", change(() => ({ counter: counter + 1 + Math.floor(random() * 8) }))],
        ["with another ciphertext", change(() => ({ ciphertext: noise(48) }))],
        ["of noise", () => withData(version, seen, () => noise(80))],
      ];
    }

    it("refuses each for what it is, and opens the true one after them", async () => {
      const sealed = await send(juliet, ROMEO, "true");
      expect(isPreKeyMessage(version, sealed)).to.equal(false);
      const { counter } = version.profile.decodeMessage(dataOf(version, sealed));
      const kinds = forgeries(sealed, counter);
      const before = contentOf(romeo.storage);
      const warm = (): void => {
        for (const [, forge] of kinds) open(romeo, JULIET, forge());
      };
      for (let round = 0; round < 50; round += 1) warm();
      await settle();
      const retained = retainedBytes();
      for (let index = 0; index < FORGED; index += 1) {
        const [what, forge] = kinds[index % kinds.length]!;
        const opened = textOf(open(romeo, JULIET, forge()));
        expect(opened, what).to.be.oneOf(["!bad-mac", "!malformed", "!duplicate"]);
        if (index % 500 === 499) await settle();
      }
      await settle();
      expect(retainedBytes() - retained, "bytes that stay").to.be.below(MAX_RETAINED_BYTES);
      expect(contentOf(romeo.storage), "the store").to.deep.equal(before);
      expect(textOf(open(romeo, JULIET, sealed))).to.equal("true");
    }).timeout(60_000 + FORGED * 20);

    it("costs little more to refuse than to open", async () => {
      const good: Message[] = [];
      for (let index = 0; index < 40; index += 1) good.push(await send(juliet, ROMEO, `${index}`));
      const { counter } = version.profile.decodeMessage(dataOf(version, good[0]!));
      const opening = fastestMs(good.map((one) => () => void open(romeo, JULIET, one)));
      for (const [what, forge] of forgeries(good[0]!, counter + 40)) {
        const forged = Array.from({ length: 40 }, forge);
        const refusing = fastestMs(forged.map((one) => () => void open(romeo, JULIET, one)));
        expect(refusing / opening, what).to.be.below(MAX_COST_RATIO);
      }
    });

    it("costs one agreement for each session, and a walk along the chain in each at worst", async () => {
      const sealed = await send(juliet, ROMEO, "true");
      const forge = (counter: number): Message =>
        withData(version, sealed, (data) =>
          withFields(version, data, false, { ratchetKey: unknownKey(), counter }),
        );
      const near = counted(() => open(romeo, JULIET, forge(0)));
      // The session that was written in last waits for no new ratchet key
      expect(near.diffieHellman).to.be.within(SESSIONS - 1, SESSIONS);
      const far = counted(() => open(romeo, JULIET, forge(MAX_SKIP)));
      // Two HMACs of two hashes each for a step
      expect(far.hash).to.be.at.most(SESSIONS * (4 * MAX_SKIP + 40));
      const tooFar = counted(() => open(romeo, JULIET, forge(MAX_SKIP + 1)));
      expect(tooFar.hash).to.be.at.most(SESSIONS * 40);
      expect(textOf(open(romeo, JULIET, sealed))).to.equal("true");
    });
  });
});

/** The fastest of some calls: what others do on the machine at the same time makes them slower only. */
function fastestMs(calls: readonly (() => void)[]): number {
  const times = calls.map((call) => {
    const start = performance.now();
    call();
    return performance.now() - start;
  });
  return Math.min(...times);
}
