import { expect } from "chai";
import { RememberedJids } from "../../component/remembered-jids.js";

describe("RememberedJids", () => {
  it("reads a JID once", () => {
    const jids = new RememberedJids();
    const jid = jids.read("romeo@example.org/orchard");
    expect(jid?.resource).to.equal("orchard");
    expect(jids.read("romeo@example.org/orchard")).to.equal(jid);
    expect(jids.read("@")).to.equal(undefined);
  });

  it("remembers no long ones, so that nobody fills it with them", () => {
    const jids = new RememberedJids();
    const short = jids.read("juliet@example.org");
    const before = jids.characters;
    for (let count = 0; count < 3_000; count += 1)
      expect(jids.read(`a@example.org/${count}${"x".repeat(900)}`)?.local).to.equal("a");
    expect(jids.characters).to.equal(before);
    expect(jids.read("juliet@example.org")).to.equal(short);
  });

  it("is bounded by what they take, not by how many there are", () => {
    const jids = new RememberedJids();
    for (let count = 0; count < 20_000; count += 1) {
      jids.read(`a@example.org/${count}${"x".repeat(200)}`);
      expect(jids.characters).to.be.at.most(1_500_000);
    }
    for (let count = 0; count < 100_000; count += 1) jids.read(`${count}`);
    expect(jids.characters).to.be.at.most(1_500_000);
  });
});
