import { expect } from "chai";
import type { Context } from "../../../component/capability.js";
import { federationSchema } from "../../../component/federation/config.js";
import { knownStranger } from "../../../component/federation/stranger.js";
import { Vault } from "../../../component/store/vault.js";
import { Jid } from "../../../src/jid.js";

describe("knownStranger", () => {
  const vault = new Vault(Buffer.alloc(32));
  const known = (from: string, federation: object): string | undefined => {
    const config = {
      federation: federationSchema.parse(federation),
      host: { domain: "example.org" },
      link: { domain: "phone.example.org" },
    };
    return knownStranger({ config, vault } as unknown as Context, Jid.parse(from))?.address;
  };
  const allowed = true;

  for (const [what, from, federation] of [
    ["while federation is off", "tybalt@verona.example", {}],
    ["from a domain that is not listed", "tybalt@mantua.example", { allowed, domains: ["verona.example"] }],
    ["from below a domain that is listed", "t@sub.verona.example", { allowed, domains: ["verona.example"] }],
    ["who is an account of the host", "tybalt@example.org", { allowed }],
    ["at the component's own domain", "tybalt@phone.example.org", { allowed }],
    ["without a localpart", "verona.example", { allowed }],
  ] as const)
    it(`knows nobody ${what}`, () => {
      expect(known(from, federation)).to.equal(undefined);
    });

  for (const [what, domains] of [
    ["from a domain that is listed, in whatever letters", ["Verona.Example", "mantua.example"]],
    ["from everywhere when none is listed", []],
  ] as const)
    it(`knows somebody ${what}`, () => {
      expect(known("tybalt@verona.example/x", { allowed, domains })).to.equal(
        "tybalt\\40verona.example@phone.example.org",
      );
    });
});
