import { axolotl, omemo2 } from "../../sdk/ratchet/mod.js";
import { itTalksTo } from "./counterpart.js";
import { buildPeer } from "./libomemo-c/build.js";
import { LibomemoPeer, REFUSAL } from "./libomemo-c/peer.js";

describe("the ratchet and libomemo-c", function () {
  this.timeout(120_000);
  before(() => {
    buildPeer();
  });
  for (const [profile, preKeyIds] of [
    [axolotl, [undefined, 2]],
    [omemo2, [2]],
  ] as const) {
    describe(profile.namespace, () => {
      itTalksTo({
        name: "libomemo-c",
        profile,
        start: () => new LibomemoPeer(profile),
        refusals: { duplicate: REFUSAL.duplicate, forgedBundle: REFUSAL.invalidKey },
        preKeyIds,
      });
    });
  }
});
