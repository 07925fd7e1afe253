import { expect } from "chai";
import {
  decideGeneration,
  offerGeneration,
  openClaim,
  openGeneration,
  type GenerationToken,
  type StoreFacts,
} from "../../../component/mailbox/generation.js";
import { Vault } from "../../../component/store/vault.js";
import type { Seq } from "../../../src/ids.js";

const vault = new Vault(Buffer.alloc(32, 7));
const facts = (number: number, id: string, sent = 0, taken = 0): StoreFacts => ({
  device: 1,
  number,
  id,
  sent,
  taken,
});
const token = (number: number, id: string, device = 1): GenerationToken => ({ device, number, id });

describe("decideGeneration", () => {
  const none = facts(0, "");
  const fifth = facts(5, "e", 17, 50);
  for (const [what, known, claim, decision] of [
    ["takes a device that never told of generations", none, undefined, "unchanged"],
    ["refuses a device that told of them once and does not now", fifth, undefined, "outdated"],
    ["takes a store that has none yet", none, { token: undefined, sent: 3, taken: 4 }, "unchanged"],
    ["refuses a store from before the first", fifth, { token: undefined, sent: 17, taken: 50 }, "outdated"],
    ["takes the current one", fifth, { token: token(5, "e"), sent: 17, taken: 50 }, "unchanged"],
    [
      "takes the current one further on than was heard",
      fifth,
      { token: token(5, "e"), sent: 18, taken: 51 },
      "unchanged",
    ],
    [
      "refuses the current one that has encrypted less",
      fifth,
      { token: token(5, "e"), sent: 16, taken: 50 },
      "outdated",
    ],
    [
      "refuses the current one that has taken in less",
      fifth,
      { token: token(5, "e"), sent: 17, taken: 49 },
      "outdated",
    ],
    ["refuses an older one", fifth, { token: token(4, "d"), sent: 17, taken: 50 }, "outdated"],
    ["refuses another of the same place", fifth, { token: token(5, "x"), sent: 17, taken: 50 }, "outdated"],
    ["records the next one", fifth, { token: token(6, "f"), sent: 17, taken: 50 }, { number: 6, id: "f" }],
    [
      "refuses the next one when it has encrypted less",
      fifth,
      { token: token(6, "f"), sent: 2, taken: 50 },
      "outdated",
    ],
    [
      "learns from the device when the database went back",
      fifth,
      { token: token(9, "i"), sent: 40, taken: 90 },
      { number: 9, id: "i" },
    ],
    [
      "learns from the device when the database knows of none",
      none,
      { token: token(9, "i"), sent: 40, taken: 90 },
      { number: 9, id: "i" },
    ],
    ["takes no token of another device", fifth, { token: token(6, "f", 2), sent: 17, taken: 50 }, "outdated"],
  ] as const) {
    it(what, () => {
      expect(decideGeneration(known, claim)).to.deep.equal(decision);
    });
  }
});

describe("offerGeneration", () => {
  it("offers another one each time, each after the one that is known", () => {
    const offers = [1, 2].map(() =>
      openGeneration(vault, offerGeneration(vault, 7, { number: 5, id: "e" })),
    ) as GenerationToken[];
    expect(offers.map(({ device, number }) => [device, number])).to.deep.equal([
      [7, 6],
      [7, 6],
    ]);
    expect(offers[0]?.id).to.not.equal(offers[1]?.id);
  });

  it("makes what nobody else can make", () => {
    const offer = offerGeneration(vault, 7, { number: 5, id: "e" });
    expect(openGeneration(new Vault(Buffer.alloc(32, 8)), offer)).to.equal(undefined);
    expect(openGeneration(vault, "")).to.equal(undefined);
    expect(openClaim(vault, { token: "made up", sent: 1, taken: 2 as Seq })).to.deep.equal({
      token: undefined,
      sent: 1,
      taken: 2,
    });
  });
});
