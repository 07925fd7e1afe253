import { expect } from "chai";
import fc from "fast-check";
import { isReceiptState, joinReceipts, RECEIPT_STATES, receiptRank } from "../../src/receipt-state.js";

const state = fc.constantFrom(...RECEIPT_STATES);

describe("joinReceipts", () => {
  it("is commutative", () => {
    fc.assert(
      fc.property(state, state, (a, b) => expect(joinReceipts(a, b)).to.equal(joinReceipts(b, a)) && true),
    );
  });

  it("is associative", () => {
    fc.assert(
      fc.property(state, state, state, (a, b, c) => {
        expect(joinReceipts(a, joinReceipts(b, c))).to.equal(joinReceipts(joinReceipts(a, b), c));
      }),
    );
  });

  it("is the further one of the two", () => {
    expect(joinReceipts("accepted", "read")).to.equal("read");
    expect(joinReceipts("delivered", "undecryptable")).to.equal("delivered");
    expect(joinReceipts("expired", "delivered")).to.equal("delivered");
  });

  it("is idempotent", () => {
    for (const one of RECEIPT_STATES) expect(joinReceipts(one, one)).to.equal(one);
  });

  it("never steps back, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(state), fc.array(state), (before, after) => {
        const reached = before.reduce(joinReceipts, "accepted");
        const later = after.reduce(joinReceipts, reached);
        expect(receiptRank(later)).to.be.at.least(receiptRank(reached));
      }),
    );
  });

  it("leads to the same state in any order", () => {
    fc.assert(
      fc.property(
        fc
          .array(state)
          .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(shuffled.reduce(joinReceipts, "accepted")).to.equal(all.reduce(joinReceipts, "accepted"));
        },
      ),
    );
  });
});

describe("isReceiptState", () => {
  it("knows the states and nothing else", () => {
    for (const one of RECEIPT_STATES) expect(isReceiptState(one)).to.equal(true);
    for (const one of [undefined, "", "Read", "toString", "seen"])
      expect(isReceiptState(one)).to.equal(false);
  });
});
