import { axolotl, omemo2 } from "../../sdk/ratchet/mod.js";
import { itTalksTo } from "./counterpart.js";
import { PythonPeer, requireLibrary } from "./python/peer.js";

for (const [library, profile] of [
  ["oldmemo", axolotl],
  ["twomemo", omemo2],
] as const) {
  describe(`the ratchet and python-${library}`, function () {
    this.timeout(120_000);
    before(() => {
      requireLibrary(library);
    });
    itTalksTo({
      name: library,
      profile,
      start: () => new PythonPeer(library),
      refusals: { duplicate: "DecryptionFailed", forgedBundle: "KeyExchangeFailed" },
      preKeyIds: [2],
    });
  });
}
