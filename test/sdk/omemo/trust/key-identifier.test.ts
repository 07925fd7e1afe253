import { expect } from "chai";
import { InvalidInput } from "../../../../src/errors.js";
import { NS } from "../../../../src/namespaces.js";
import { keyIdentifier, readKeyIdentifier } from "../../../../sdk/omemo/trust/key-identifier.js";
import { key, print } from "./keys.js";

describe("keyIdentifier", () => {
  it("names a key by the form of OMEMO 2 where it is known, and by that of 0.3 otherwise", () => {
    expect(keyIdentifier(key(1))).eql({ encryption: NS.omemo2, id: Buffer.from(key(1).ed25519, "hex") });
    expect(keyIdentifier({ fingerprint: print(1) })).eql({
      encryption: NS.omemo,
      id: Buffer.from(print(1), "hex"),
    });
  });
});

describe("readKeyIdentifier", () => {
  it("finds one fingerprint in both forms, for keys of either sign", () => {
    for (let number = 1; number < 12; number += 1) {
      for (const reference of [key(number), { fingerprint: print(number) }]) {
        const { encryption, id } = keyIdentifier(reference);
        expect(readKeyIdentifier(encryption, id)).eql(reference);
      }
    }
    const signs = Array.from({ length: 11 }, (_, index) => key(index + 1).ed25519.at(-2) ?? "");
    expect(new Set(signs.map((digit) => digit >= "8")).size).equal(2);
  });

  it("refuses another length, another encryption and what is no point of the curve", () => {
    const { id } = keyIdentifier(key(1));
    expect(() => readKeyIdentifier(NS.omemo2, id.subarray(1))).throw(InvalidInput);
    expect(() => readKeyIdentifier(NS.omemo, Buffer.concat([Buffer.of(5), id]))).throw(InvalidInput);
    expect(() => readKeyIdentifier("urn:xmpp:openpgp:0", id)).throw(InvalidInput);
    expect(() => readKeyIdentifier(NS.omemo2, Buffer.alloc(32, 255))).throw(InvalidInput);
  });
});
