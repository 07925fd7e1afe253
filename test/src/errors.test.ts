import { expect } from "chai";
import { InvalidInput, LinkError, StanzaError, StorageError, TwotickError } from "../../src/errors.js";

describe("TwotickError", () => {
  it("is the root of every family, each with its name, code and cause", () => {
    const cause = new Error("inner");
    const errors = [
      new InvalidInput("wrong", cause),
      new LinkError("timeout", "silent", { cause }),
      new StorageError("disk-full", "no room", cause),
      new StanzaError("conflict", "taken", { cause }),
    ];
    for (const error of errors) {
      expect(error).to.be.instanceOf(TwotickError);
      expect(error.name).to.equal(error.constructor.name);
      expect(error.cause).to.equal(cause);
    }
    expect(errors.map(({ code }) => code)).to.deep.equal([
      "invalid-input",
      "timeout",
      "disk-full",
      "conflict",
    ]);
  });

  it("has no cause when none is given", () => {
    expect(Object.hasOwn(new TwotickError("a-code", "text"), "cause")).to.equal(false);
  });
});

describe("LinkError", () => {
  it("says whether trying again cannot help", () => {
    expect(new LinkError("timeout", "silent").isFatal).to.equal(false);
    expect(new LinkError("not-authorized", "wrong", { isFatal: true }).isFatal).to.equal(true);
  });
});

describe("StanzaError", () => {
  it("has the type that goes with its condition, unless the thrower knows better", () => {
    const typeOf = (...args: ConstructorParameters<typeof StanzaError>) => new StanzaError(...args).type;
    expect(typeOf("bad-request", "")).to.equal("modify");
    expect(typeOf("forbidden", "")).to.equal("auth");
    expect(typeOf("resource-constraint", "")).to.equal("wait");
    expect(typeOf("item-not-found", "")).to.equal("cancel");
    expect(typeOf("item-not-found", "", { type: "wait" })).to.equal("wait");
  });
});
