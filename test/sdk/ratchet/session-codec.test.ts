import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  axolotl,
  decrypt,
  encrypt,
  MalformedState,
  parseSession,
  serialiseSession,
} from "../../../sdk/ratchet/mod.js";
import type { Profile } from "../../../sdk/ratchet/mod.js";
import { MAX_SKIP } from "../../../sdk/ratchet/session.js";
import { connectedDevices, Device, PROFILES } from "./device.js";

/** Sessions in every shape there is. */
function shapes(profile: Profile): [string, Uint8Array][] {
  const [fresh, romeo] = [new Device(profile), new Device(profile)];
  fresh.initiate(romeo.bundle(1));
  const begun = fresh.stored!;
  const first = fresh.encrypt(Buffer.from("x"));
  fresh.encrypt(Buffer.from("lost"));
  const pending = fresh.stored!;
  romeo.decrypt(first);
  romeo.decrypt(fresh.encrypt(Buffer.from("x")));
  const other = new Device(profile);
  other.initiate(new Device(profile).bundle(profile.isPreKeyMandatory ? 1 : undefined));
  const [juliet] = connectedDevices(profile);
  return [
    ["begun", begun],
    [profile.isPreKeyMandatory ? "begun with another" : "begun without one-time prekey", other.stored!],
    ["waiting for the first answer", pending],
    ["accepted, with a skipped message key", romeo.stored!],
    ["answered", juliet.stored!],
  ];
}

describe("parseSession", () => {
  for (const [shape, stored] of PROFILES.flatMap((profile) =>
    shapes(profile).map(([shape, stored]) => [`of ${profile.namespace}, ${shape}`, stored] as const),
  )) {
    it(`reads back a session ${shape}`, () => {
      const session = parseSession(stored);
      expect(serialiseSession(session)).to.deep.equal(Buffer.from(stored));
      expect(parseSession(new Uint8Array(stored))).to.deep.equal(session);
    });

    it(`refuses a session ${shape} that is cut short or goes on`, () => {
      for (let size = 0; size < stored.length; size++) {
        expect(() => parseSession(stored.subarray(0, size)), `${size} bytes`).to.throw(MalformedState);
      }
      expect(() => parseSession(Buffer.concat([stored, Buffer.of(0)]))).to.throw(MalformedState);
    });
  }

  it("refuses other versions, unknown profiles and unknown flags", () => {
    const [, [, stored]] = shapes(axolotl) as [unknown, [string, Uint8Array]];
    for (const [at, value] of [
      [0, 0],
      [0, 2],
      [1, 0],
      [1, 9],
      [2, 0x80],
    ] as const) {
      const other = Buffer.from(stored);
      other[at] = value;
      expect(() => parseSession(other), `byte ${at} = ${value}`).to.throw(MalformedState);
    }
  });

  it("refuses more receiving chains or skipped message keys than there can be", () => {
    const session = parseSession(connectedDevices()[0].stored!);
    const [chain] = session.receiving;
    const many = { ...session, receiving: Array.from({ length: 6 }, () => chain!) };
    expect(() => parseSession(serialiseSession(many))).to.throw(MalformedState, "chains");
    const long = { ...chain!, skipped: Buffer.alloc(36 * (MAX_SKIP + 1)) };
    expect(() => parseSession(serialiseSession({ ...session, receiving: [long, long] }))).to.throw(
      MalformedState,
      "skipped",
    );
  });

  for (const name of ["session-v1.json", "session-v1-omemo2.json"]) {
    it(`goes on with sessions that were stored by the first version of this layout, ${name}`, () => {
      const file = new URL(`../../vectors/${name}`, import.meta.url);
      const fixture = JSON.parse(readFileSync(file, "utf8")) as Record<
        "juliet" | "romeo" | "skipped" | "next",
        string
      >;
      const romeo = parseSession(Buffer.from(fixture.romeo, "hex"));
      const juliet = parseSession(Buffer.from(fixture.juliet, "hex"));
      const skipped = decrypt(romeo, Buffer.from(fixture.skipped, "hex"));
      expect(skipped.plaintext.toString()).to.equal("skipped");
      const next = decrypt(skipped.session, Buffer.from(fixture.next, "hex"));
      expect(next.plaintext.toString()).to.equal("next");
      const answer = encrypt(next.session, Buffer.from("answer"));
      expect(decrypt(juliet, answer.message).plaintext.toString()).to.equal("answer");
    });
  }
});

describe("serialiseSession", () => {
  it("stays small: an answered session takes less than 500 bytes", () => {
    expect(connectedDevices()[0].stored!.length).to.be.lessThan(500);
  });
});
