import { expect } from "chai";
import { COUNTERPARTS } from "./counterparts.js";
import type { Counterpart } from "./counterparts.js";
import type { Encounter, Role } from "./deviations.js";
import type { LinePeer } from "./line-peer.js";
import { OurDevice, signOf } from "./our-device.js";
import type { Sign } from "./our-device.js";
import { BEGINNINGS, talk, WITHOUT_PRE_KEY } from "./scenarios/beginnings.js";
import { HOSTILE } from "./scenarios/hostile.js";
import { ORDER_AND_LOSS } from "./scenarios/order-and-loss.js";
import { walk } from "./walk.js";

/** Enough that a sign which half of all identities have is missed once in a million runs. */
const DRAWS = 20;
const DEFAULT_STEPS = 300;
const STEPS = Number(process.env.TWOTICK_INTEROP_STEPS ?? DEFAULT_STEPS);
const SEED = Number(process.env.TWOTICK_INTEROP_SEED ?? 20_242);
const SIGNS: readonly Sign[] = [0, 1];
const SCENARIOS = { ...BEGINNINGS, ...ORDER_AND_LOSS, ...HOSTILE };

for (const counterpart of COUNTERPARTS) {
  const { name, profile } = counterpart;
  describe(`the ratchet and ${name}, ${profile.namespace}`, function () {
    this.timeout(60_000);
    const scenarios = Object.entries({
      ...SCENARIOS,
      ...WITHOUT_PRE_KEY[profile.isPreKeyMandatory ? "forbidden" : "allowed"],
    });
    let peer: LinePeer;

    before(() => {
      counterpart.require();
      expect(scenarios.map(([promise]) => promise)).to.include.members(
        counterpart.deviations.map(({ scenario }) => scenario),
      );
      peer = counterpart.start();
    });
    // One process for all, and another device in it for each
    beforeEach(() => peer.renew());
    afterEach(async function () {
      if (this.currentTest?.state !== "failed") return;
      await peer.stop();
      peer = counterpart.start();
    });
    after(() => peer?.stop());

    /** Whether one of so many identities has the sign. */
    const drawSign = async (sign: Sign): Promise<boolean> => {
      for (let draw = 0; draw < DRAWS; draw++) {
        if (signOf(profile, await peer.bundle(1)) === sign) return true;
        await peer.renew();
      }
      return false;
    };

    if (counterpart.signs.length === 1) {
      it(`has no identities but those of sign ${counterpart.signs[0]}`, async () => {
        expect(await drawSign(counterpart.signs[0] === 0 ? 1 : 0)).to.equal(false);
      });
    }

    for (const whoBegins of ["we", "they"] as const) {
      const encounterOf = (ours: OurDevice): Encounter => {
        const [initiator, responder] = whoBegins === "we" ? [ours, peer] : [peer, ours];
        return { profile, ours, theirs: peer, initiator, responder };
      };

      describe(whoBegins === "we" ? "when we begin" : `when ${name} begins`, () => {
        for (const ourSign of SIGNS) {
          for (const theirSign of counterpart.signs) {
            it(`understand each other, our identity of sign ${ourSign}, theirs of ${theirSign}`, async () => {
              expect(await drawSign(theirSign), `identities drawn, ${DRAWS}`).to.equal(true);
              await talk(encounterOf(new OurDevice(profile, ourSign)), 1);
            });
          }
        }
        it(`agree with the model over ${STEPS} random steps from seed ${SEED}`, async () => {
          const count = await walk(encounterOf(new OurDevice(profile)), SEED, STEPS);
          // Everything has happened
          if (STEPS >= DEFAULT_STEPS) expect(Object.values(count), JSON.stringify(count)).to.not.include(0);
        });
        for (const [promise, run] of scenarios) {
          const deviation = deviationOf(counterpart, promise, whoBegins);
          const title = deviation ? `${promise}: not so, ${deviation.instead}` : promise;
          it(title, () => (deviation?.run ?? run)(encounterOf(new OurDevice(profile))));
        }
      });
    }
  });
}

function deviationOf({ deviations }: Counterpart, promise: string, role: Role) {
  return deviations.find(({ scenario, whoBegins = role }) => scenario === promise && whoBegins === role);
}
