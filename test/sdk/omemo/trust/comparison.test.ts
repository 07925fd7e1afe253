import { expect } from "chai";
import { InvalidInput } from "../../../../src/errors.js";
import type { DeviceId } from "../../../../src/ids.js";
import { type Comparison, compare, verifyBySafetyNumber } from "../../../../sdk/omemo/trust/comparison.js";
import type { Decided } from "../../../../sdk/omemo/trust/decisions.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import { device, JULIET, ROMEO } from "./keys.js";

const ids = (...numbers: number[]): DeviceId[] => numbers.map(device);

const compared = (at: Endpoint, address: string, own: DeviceId[], theirs: DeviceId[]): Comparison =>
  at.storage.read((view) => compare(view, at, address, { own, theirs }));

const verified = (
  at: Endpoint,
  address: string,
  own: DeviceId[],
  theirs: DeviceId[],
  digits: string,
): Decided =>
  at.storage.transaction((transaction) =>
    verifyBySafetyNumber({ self: at, clock: at.clock }, transaction, address, { own, theirs }, digits),
  );

describe("compare", () => {
  let world: Endpoints;
  let a1: Endpoint;
  let a2: Endpoint;
  let b1: Endpoint;
  let b2: Endpoint;
  beforeEach(() => {
    world = new Endpoints();
    [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    [b1, b2] = [world.endpoint(ROMEO, 11), world.endpoint(ROMEO, 12)];
  });

  it("gives the same digits at every device of both people", () => {
    const digits = [
      compared(a1, ROMEO, ids(2), ids(11, 12)),
      compared(a2, ROMEO, ids(1), ids(12, 11)),
      compared(b1, JULIET, ids(12), ids(1, 2)),
      compared(b2, JULIET, ids(11), ids(2, 1)),
    ].map((one) => one.digits);
    expect(new Set(digits).size).equal(1);
  });

  it("does not depend on what either side trusts", () => {
    const { digits } = compared(a1, ROMEO, ids(2), ids(11, 12));
    world.decide(a1, "distrusted", b1);
    world.decide(a1, "verified", a2);
    expect(compared(a1, ROMEO, ids(2), ids(11, 12)).digits).equal(digits);
  });

  it("counts listed devices alone, and names those whose identity is not known", () => {
    const all = compared(a1, ROMEO, ids(2), ids(11, 12));
    const some = compared(a1, ROMEO, ids(2), ids(11));
    expect(some.digits).not.equal(all.digits);
    expect(compared(a1, ROMEO, ids(2, 3), ids(11, 13))).eql({ ...some, unknown: [3, 13] });
  });

  it("names the own devices that the number does not vouch for", () => {
    expect(compared(a1, ROMEO, ids(2), ids(11)).unverifiedOwn).eql([2]);
    world.decide(a1, "verified", a2);
    expect(compared(a1, ROMEO, ids(2), ids(11)).unverifiedOwn).eql([]);
  });

  it("compares nobody with themselves, nor with somebody of whom nothing is known", () => {
    expect(() => compared(a1, JULIET, [], ids(2))).throw(InvalidInput);
    expect(() => compared(a1, ROMEO, [], ids(13))).throw(InvalidInput);
  });
});

describe("verifyBySafetyNumber", () => {
  it("verifies the other person's listed devices, and not the own ones", () => {
    const world = new Endpoints();
    const [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    const [b1, b2, b3] = [11, 12, 13].map((number) => world.endpoint(ROMEO, number)) as [
      Endpoint,
      Endpoint,
      Endpoint,
    ];
    const { digits } = compared(b1, JULIET, ids(12), ids(1, 2));
    expect(verified(a1, ROMEO, ids(2), ids(11, 12), digits).changes).lengthOf(2);
    expect([b1, b2, b3, a2].map((one) => a1.levelOf(one))).eql([
      "verified",
      "verified",
      "trusted",
      "trusted",
    ]);
  });

  it("verifies nothing when a device came since the number was read", () => {
    const world = new Endpoints();
    const [a1, b1] = [world.endpoint(JULIET, 1), world.endpoint(ROMEO, 11)];
    const { digits } = compared(a1, ROMEO, [], ids(11));
    world.endpoint(ROMEO, 12);
    expect(() => verified(a1, ROMEO, [], ids(11, 12), digits)).throw(InvalidInput);
    expect(a1.levelOf(b1)).equal("trusted");
  });
});
