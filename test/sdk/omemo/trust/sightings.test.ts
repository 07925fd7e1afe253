import { expect } from "chai";
import { openMemoryStorage } from "../../../../sdk/storage/memory.js";
import type { TrustPolicy } from "../../../../sdk/omemo/trust/policy.js";
import { keepSighting, type Sighted, verdictsOn } from "../../../../sdk/omemo/trust/sightings.js";
import { contentOf } from "./endpoints.js";
import { device, key, print, ROMEO } from "./keys.js";

describe("keepSighting", () => {
  const storage = openMemoryStorage();
  const sees = (id: number, number: number, policy: TrustPolicy = "blind-before-verification"): Sighted =>
    storage.transaction((transaction) =>
      keepSighting(transaction, ROMEO, { device: device(id), ...key(number) }, { policy, now: 5 }),
    );

  it("tells the first device of a person from one that joins, and both from one that changes", () => {
    expect(sees(22, 1)).eql({ meeting: { kind: "added", counts: "trusted" }, wasKnown: false });
    expect(sees(23, 2)).eql({ meeting: { kind: "added", counts: "trusted" }, wasKnown: true });
    expect(sees(23, 3, "always-ask")).eql({
      meeting: { kind: "changed", before: print(2), counts: "undecided" },
      wasKnown: true,
    });
  });

  it("writes nothing when nothing is new", () => {
    const before = contentOf(storage);
    expect(sees(22, 1)).eql({ meeting: { kind: "known" }, wasKnown: true });
    expect(contentOf(storage)).eql(before);
  });

  it("has content go to what it kept, as the policy says", () => {
    const { maySend, counts } = storage.read((view) => verdictsOn(view, ROMEO, "blind-before-verification"));
    expect([maySend(device(22), print(1)), maySend(device(23), print(2)), maySend(device(23), print(3))]).eql(
      [true, false, false],
    );
    expect([counts(print(1)), counts(print(3)), counts(print(9))]).eql(["trusted", "undecided", "undecided"]);
  });
});
