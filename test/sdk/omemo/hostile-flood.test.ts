import { expect } from "chai";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { MAX_SKIP } from "../../../sdk/ratchet/session.js";
import { DEFAULT_TIMES } from "../../../sdk/omemo/context.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { seededRandom } from "../../../sdk/testing/mod.js";
import { until } from "../../support/until.js";
import { counted } from "../ratchet/counted.js";
import { copyOf, dataOf, isPreKeyMessage, reopened, withData, withFields } from "./forgery.js";
import { contentOf, type Device, inEachVersion, JULIET, open, ROMEO, send, settle, textOf } from "./world.js";

type Message = Pick<Sealed, "payload">;

/** How many forged messages come: 100,000 take one to four minutes. */
const FORGED = Number(process.env.TWOTICK_FORGED_MESSAGES ?? 2000);

/** The current session and the archived ones. */
const SESSIONS = 6;

/** The hashes of two HMACs: what a step of a chain costs. */
const STEP = 4;

/** The hashes of the keys of a message, of a new chain and of a MAC, and of what a store does with its keys: well more. */
const AROUND = 40;

/** How far ahead a message with a new ratchet key may lie in a session that was not used last. */
const MAX_SKIP_IN_OLDER = 50;

/** How many messages are lost before a late one. */
const FAR_AHEAD = MAX_SKIP_IN_OLDER + 10;

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
    /** A message of each session, in a chain that is known, which has not arrived. */
    const late: Message[] = [];

    // Juliet begins anew again and again, as a device would whose store is put back each time
    before(async () => {
      const world = newWorld();
      romeo = await world.device(ROMEO, 22);
      juliet = await world.device(JULIET, 11);
      const fresh = copyOf(juliet.storage);
      for (let session = 0; session < SESSIONS; session += 1) {
        juliet = reopened(world, juliet, copyOf(fresh));
        open(romeo, JULIET, await send(juliet, ROMEO, "a"));
        // She may not draw the same one-time prekey again: what is built with it is never answered
        world.clock.advance(DEFAULT_TIMES.topUpDelayMs);
        await settle();
        // What was answered waits for a new ratchet key of hers, and so has to try each that is unknown
        expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "b")))).to.equal("b");
        open(romeo, JULIET, await send(juliet, ROMEO, "c"));
        await send(romeo, JULIET, "d");
        for (let lost = 0; lost < FAR_AHEAD; lost += 1) await send(juliet, ROMEO, "lost");
        late.push(await send(juliet, ROMEO, "late"));
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
      // What is let go is not swept at once, and in the same process others were at work before
      await until(
        `no more than ${MAX_RETAINED_BYTES} bytes to stay`,
        () => retainedBytes() - retained < MAX_RETAINED_BYTES,
        30_000,
      );
      expect(contentOf(romeo.storage), "the store").to.deep.equal(before);
      expect(textOf(open(romeo, JULIET, sealed))).to.equal("true");
    }).timeout(60_000 + FORGED * 20);

    it("asks no other session when the chain is known: refusing costs what opening does", async () => {
      // One before it, so that the forged ones are of a chain that is known
      open(romeo, JULIET, await send(juliet, ROMEO, "known"));
      const sealed = await send(juliet, ROMEO, "true");
      const { counter } = version.profile.decodeMessage(dataOf(version, sealed));
      const inChain = (fields: object): Message =>
        withData(version, sealed, (data) => withFields(version, data, false, fields));
      const ahead = 8;
      for (const fields of [{ ciphertext: noise(48) }, { counter }, { counter: counter + ahead }]) {
        const forged = counted(() => open(romeo, JULIET, inChain({ ciphertext: noise(48), ...fields })));
        expect(forged).to.include({ diffieHellman: 0 });
        expect(forged.hash).to.be.at.most(ahead * STEP + AROUND);
      }
      expect(textOf(open(romeo, JULIET, sealed))).to.equal("true");
    });

    it("asks only the current session and that which has the chain when this is an older one", async () => {
      const forged = withData(version, late.at(-2)!, (data) =>
        withFields(version, data, false, { ciphertext: noise(48) }),
      );
      const before = contentOf(romeo.storage);
      const { diffieHellman, hash } = counted(() =>
        expect(textOf(open(romeo, JULIET, forged))).to.equal("!bad-mac"),
      );
      expect(diffieHellman).to.be.at.most(1);
      expect(hash).to.be.at.most(2 * (FAR_AHEAD + 2) * STEP + 2 * AROUND);
      expect(contentOf(romeo.storage), "the store").to.deep.equal(before);
    });

    it("costs one agreement for each session, and a long walk along the chain in one of them", async () => {
      const sealed = await send(juliet, ROMEO, "true");
      const forge = (counter: number): Message =>
        withData(version, sealed, (data) =>
          withFields(version, data, false, { ratchetKey: unknownKey(), counter }),
        );
      const near = counted(() => open(romeo, JULIET, forge(0)));
      // The session that was written in last waits for no new ratchet key
      expect(near.diffieHellman).to.be.within(SESSIONS - 1, SESSIONS);
      const walk = (steps: number): number => counted(() => open(romeo, JULIET, forge(steps))).hash;
      // It is walked in each, or in the one that was used last alone
      expect(walk(MAX_SKIP_IN_OLDER)).to.be.within(
        (SESSIONS - 1) * MAX_SKIP_IN_OLDER * STEP,
        SESSIONS * (MAX_SKIP_IN_OLDER * STEP + AROUND),
      );
      expect(walk(MAX_SKIP_IN_OLDER + 1)).to.be.at.most((MAX_SKIP_IN_OLDER + 1) * STEP + SESSIONS * AROUND);
      expect(walk(MAX_SKIP)).to.be.at.most(MAX_SKIP * STEP + SESSIONS * AROUND);
      expect(walk(MAX_SKIP + 1)).to.be.at.most(SESSIONS * AROUND);
      expect(textOf(open(romeo, JULIET, sealed))).to.equal("true");
    });

    it("opens a late message of an older session, far ahead in a chain that is known", () => {
      expect(textOf(open(romeo, JULIET, late.at(-3)!))).to.equal("late");
    });
  });
});
