import { expect } from "chai";
import { ScramExchange, type ScramMechanism, ScramPassword } from "../../../sdk/connection/scram.js";
import { LinkError } from "../../../src/errors.js";

interface Vector {
  source: string;
  mechanism: ScramMechanism;
  nonce: string;
  first: string;
  challenge: string;
  final: string;
  verdict: string;
}

const VECTORS: Vector[] = [
  {
    source: "RFC 5802 §5",
    mechanism: "SCRAM-SHA-1",
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    verdict: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    source: "RFC 7677 §3",
    mechanism: "SCRAM-SHA-256",
    nonce: "rOprNGfwEbeRWgbNEkqO",
    first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    final:
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    verdict: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
];

describe("ScramExchange", () => {
  for (const vector of VECTORS) {
    it(`speaks ${vector.mechanism} as in ${vector.source}`, async () => {
      const exchange = new ScramExchange(vector.mechanism, "user", new ScramPassword("pencil"), vector.nonce);
      expect(exchange.first()).equal(vector.first);
      expect(await exchange.final(vector.challenge)).equal(vector.final);
      exchange.verify(vector.verdict);
      expect(() => exchange.verify("v=AAAA"))
        .throw(LinkError)
        .include({ code: "server-not-authenticated" });
      expect(() => exchange.verify("e=other-error")).throw(LinkError);
    });
  }

  it("escapes what a saslname must not contain", () => {
    expect(new ScramExchange("SCRAM-SHA-1", "a=b,c", new ScramPassword("p"), "n").first()).equal(
      "n,,n=a=3Db=2Cc,r=n",
    );
  });

  it("draws a fresh nonce each time", () => {
    const password = new ScramPassword("p");
    const nonces = Array.from({ length: 100 }, () =>
      new ScramExchange("SCRAM-SHA-1", "user", password).first(),
    );
    expect(new Set(nonces).size).equal(100);
  });

  for (const [what, challenge] of [
    ["a mandatory extension", "m=x,r=nserver,s=QSXCR+Q6sek8bf92,i=4096"],
    ["no salt", "r=nserver,s=,i=4096"],
    ["another order", "s=QSXCR+Q6sek8bf92,r=nserver,i=4096"],
    ["a negative iteration count", "r=nserver,s=QSXCR+Q6sek8bf92,i=-4096"],
    ["nothing", ""],
  ]) {
    it(`refuses a challenge with ${what}`, async () => {
      const exchange = new ScramExchange("SCRAM-SHA-1", "user", new ScramPassword("pencil"), "n");
      const error: unknown = await exchange.final(challenge ?? "").catch((reason: unknown) => reason);
      expect(error).instanceOf(LinkError).include({ code: "bad-challenge" });
    });
  }
});
