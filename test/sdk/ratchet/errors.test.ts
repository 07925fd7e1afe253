import { expect } from "chai";
import * as ratchet from "../../../sdk/ratchet/mod.js";

describe("RatchetError", () => {
  const errors: [ratchet.RatchetError, string][] = [
    [new ratchet.BadMac(), "bad-mac"],
    [new ratchet.BadSignature(), "bad-signature"],
    [new ratchet.DuplicateMessage(), "duplicate-message"],
    [new ratchet.MalformedKey("x"), "malformed-key"],
    [new ratchet.MalformedMessage("x"), "malformed-message"],
    [new ratchet.MalformedState("x"), "malformed-state"],
    [new ratchet.NoPreKey("x"), "no-pre-key"],
    [new ratchet.NoSession(), "no-session"],
    [new ratchet.TooManySkippedKeys(1001, 1000), "too-many-skipped-keys"],
    [new ratchet.UntrustedIdentity(Buffer.alloc(33)), "untrusted-identity"],
  ];
  for (const [error, code] of errors) {
    it(`has the stable code ${code} in ${error.name}`, () => {
      expect(error).to.be.instanceOf(ratchet.RatchetError);
      expect(error).to.include({ code, name: error.constructor.name });
    });
  }

  it("keeps what led to it", () => {
    const cause = new Error("x");
    expect(new ratchet.MalformedMessage("y", cause).cause).to.equal(cause);
    expect(new ratchet.MalformedMessage("y")).to.not.have.property("cause");
  });
});
