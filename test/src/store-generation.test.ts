import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import type { DeviceId, Seq } from "../../src/ids.js";
import { readAttach, readAttached, writeAttach, writeAttached } from "../../src/mailbox-attach.js";
import { readSubmit, writeSubmit } from "../../src/mailbox-submit.js";
import { readToken, writeToken } from "../../src/store-generation.js";
import { parseXml } from "../../src/xml.js";

describe("generations of a store on the wire", () => {
  const device = 7 as DeviceId;
  const last = 4 as Seq;
  const proof = { token: "session" };

  for (const token of [undefined, "b7Qx"]) {
    it(`reads the claim ${token} that it writes`, () => {
      const attach = { device, last, proof, generation: { token, sent: 17, taken: 5 as Seq } };
      expect(readAttach(parseXml(writeAttach(attach).toString()))).to.deep.equal(attach);
    });
  }

  it("reads the next generation, its confirmation, and the count of a submit", () => {
    const attached = { number: "+15551230001@x", token: "t", tokenExpiresAt: 0, generation: "b7Qx" };
    expect(readAttached(parseXml(writeAttached(attached).toString()))).to.deep.equal(attached);
    expect(readToken(parseXml(writeToken("b7Qx")))).to.equal("b7Qx");
    expect(readSubmit(parseXml(writeSubmit({ messages: [], sent: 17 }))).sent).to.equal(17);
    expect(readSubmit(parseXml(writeSubmit({ messages: [] }))).sent).to.equal(undefined);
  });

  it("does without any", () => {
    expect(readAttach(parseXml(writeAttach({ device, last, proof }).toString()))).to.deep.equal({
      device,
      last,
      proof,
    });
  });

  for (const [what, from, to] of [
    ["no count", "sent='17'", ""],
    ["a count that is none", "sent='17'", "sent='-1'"],
    ["no last entry", "taken='5'", ""],
  ] as const) {
    it(`refuses a claim with ${what}`, () => {
      const generation = { token: "x", sent: 17, taken: 5 as Seq };
      const written = writeAttach({ device, last, proof, generation }).toString().replaceAll('"', "'");
      expect(written).to.include(from);
      expect(() => readAttach(parseXml(written.replace(from, to)))).to.throw(StanzaError);
    });
  }
});
