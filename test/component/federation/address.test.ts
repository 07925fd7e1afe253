import { expect } from "chai";
import { strangerJid, strangerLocal } from "../../../component/federation/address.js";
import { Jid } from "../../../src/jid.js";
import { isPhoneNumber } from "../../../src/phone-number.js";

describe("strangerLocal", () => {
  const table: readonly (readonly [jid: string, local: string | undefined])[] = [
    ["tybalt@example.net", "tybalt\\40example.net"],
    ["tybalt@example.net/sword", "tybalt\\40example.net"],
    ["d\\27artagnan@example.net", "d\\5c27artagnan\\40example.net"],
    ["a\\40b@example.net", "a\\5c40b\\40example.net"],
    ["+15551230001@example.net", "+15551230001\\40example.net"],
    ["example.net", undefined],
    [`${"x".repeat(1000)}@${"y".repeat(20)}.example`, undefined],
  ];
  for (const [jid, local] of table)
    it(`turns ${jid.slice(0, 40)} into ${local ?? "nothing"}, and back`, () => {
      expect(strangerLocal(Jid.parse(jid))).to.equal(local);
      if (local === undefined) return;
      expect(strangerJid(local)?.toString()).to.equal(Jid.parse(jid).bare);
      expect(isPhoneNumber(local)).to.equal(false);
    });
});

describe("strangerJid", () => {
  it("knows one address for everybody, and none for what was not made here", () => {
    for (const local of [
      "+15551230001",
      "tybalt",
      "\\40example.net",
      "tybalt\\40",
      "a\\20b\\40example.net",
      "x\\40a\\5cb",
    ])
      expect(strangerJid(local), local).to.equal(undefined);
  });
});
