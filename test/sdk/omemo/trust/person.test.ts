import { expect } from "chai";
import { InvalidInput } from "../../../../src/errors.js";
import type { Fingerprint } from "../../../../sdk/omemo/port.js";
import {
  decide,
  forgetDevice,
  hasVerified,
  identitiesOf,
  judge,
  MAX_DEVICES,
  MAX_IDENTITIES,
  meet,
  type Meeting,
  type Person,
  STRANGER,
} from "../../../../sdk/omemo/trust/person.js";
import type { TrustLevel, TrustPolicy } from "../../../../sdk/omemo/trust/policy.js";
import { device, key, madeUp, print } from "./keys.js";

const BLIND = "blind-before-verification";
const POLICIES: readonly TrustPolicy[] = [BLIND, "always-ask", "verified-only"];
const NOW = 1_700_000_000_000;

const sees = (person: Person, id: number, fingerprint: Fingerprint, policy: TrustPolicy = BLIND): Person =>
  meet(person, { device: device(id), fingerprint }, policy, NOW).person;

const meeting = (
  person: Person,
  id: number,
  fingerprint: Fingerprint,
  policy: TrustPolicy = BLIND,
): Meeting => meet(person, { device: device(id), fingerprint }, policy, NOW).meeting;

const byUser = (person: Person, fingerprint: Fingerprint, level: TrustLevel): Person =>
  decide(person, { fingerprint, level, by: "user", at: NOW });

const sends = (person: Person, id: number, fingerprint: Fingerprint, policy: TrustPolicy = BLIND): boolean =>
  judge(person, policy).maySend(device(id), fingerprint);

describe("meet", () => {
  it("trusts a newcomer blindly only under the policy that says so", () => {
    for (const policy of POLICIES) {
      const person = sees(STRANGER, 1, print(1), policy);
      expect(sends(person, 1, print(1), policy)).equal(policy === BLIND);
      expect(meeting(STRANGER, 1, print(1), policy)).eql({
        kind: "added",
        counts: policy === BLIND ? "trusted" : "undecided",
      });
    }
  });

  it("leaves a newcomer undecided under every policy once something of the person is verified", () => {
    const person = byUser(sees(STRANGER, 1, print(1)), print(1), "verified");
    for (const policy of POLICIES) {
      expect(sends(sees(person, 2, print(2), policy), 2, print(2), policy)).false;
    }
  });

  it("tells of nothing when a device shows what it showed before", () => {
    const person = sees(STRANGER, 1, print(1));
    const again = meet(person, { device: device(1), fingerprint: print(1) }, BLIND, NOW + 1);
    expect(again).eql({ person, meeting: { kind: "known" } });
    expect(again.person).equal(person);
  });

  it("tells of another identity at a device under every policy, and goes on only under blind trust", () => {
    for (const policy of POLICIES) {
      const person = byUser(sees(STRANGER, 1, print(1), policy), print(1), "trusted");
      expect(meeting(person, 1, print(2), policy)).eql({
        kind: "changed",
        before: print(1),
        counts: policy === BLIND ? "trusted" : "undecided",
      });
      const changed = sees(person, 1, print(2), policy);
      expect(sends(changed, 1, print(2), policy)).equal(policy === BLIND);
      expect(sends(changed, 1, print(1), policy)).false;
    }
  });

  it("stops sending to a device with another identity once something is verified, until that is decided", () => {
    const person = byUser(sees(STRANGER, 1, print(1)), print(1), "verified");
    const changed = sees(person, 1, print(2));
    expect(sends(changed, 1, print(2))).false;
    expect(sends(byUser(changed, print(2), "trusted"), 1, print(2))).true;
    expect(sends(byUser(changed, print(2), "verified"), 1, print(2), "verified-only")).true;
    expect(sends(sees(changed, 1, print(1)), 1, print(1))).true;
  });

  it("knows a verified identity again under another device id", () => {
    const person = byUser(sees(STRANGER, 1, print(1)), print(1), "verified");
    const moved = sees(forgetDevice(person, device(1)), 7, print(1));
    expect(sends(moved, 7, print(1), "verified-only")).true;
    expect(sends(moved, 1, print(1), "verified-only")).false;
  });

  it("has what was decided in advance count for the device that comes", () => {
    const ahead = byUser(byUser(STRANGER, print(1), "verified"), print(2), "distrusted");
    expect(meeting(ahead, 1, print(1), "verified-only")).eql({ kind: "added", counts: "verified" });
    expect(meeting(ahead, 2, print(2))).eql({ kind: "added", counts: "distrusted" });
  });

  it("keeps the Ed25519 form that OMEMO 2 shows, also of an identity that 0.3 had shown", () => {
    const { fingerprint, ed25519 } = key(1);
    const shown = meet(
      sees(STRANGER, 1, fingerprint),
      { device: device(1), fingerprint, ed25519 },
      BLIND,
      NOW,
    );
    expect(shown.meeting).eql({ kind: "known" });
    expect(shown.person.identities.get(fingerprint)).include({ ed25519, level: "trusted" });
    expect(sees(shown.person, 2, fingerprint).identities.get(fingerprint)).include({ ed25519 });
  });

  it("keeps the Ed25519 form that the device showed, whatever a decision calls it", () => {
    const { fingerprint, ed25519 } = key(1);
    const met = meet(STRANGER, { device: device(1), fingerprint, ed25519 }, BLIND, NOW).person;
    const decision = { fingerprint, level: "verified", by: "own-device", at: NOW } as const;
    const decided = decide(met, { ...decision, ed25519: key(2).ed25519 });
    expect(decided.identities.get(fingerprint)).include({ ed25519 });
    const ahead = decide(STRANGER, { ...decision, ed25519: key(2).ed25519 });
    const shown = meet(ahead, { device: device(1), fingerprint, ed25519 }, BLIND, NOW).person;
    expect(shown.identities.get(fingerprint)).include({ ed25519 });
  });

  it("remembers so many devices and no more", () => {
    let person = STRANGER;
    for (let id = 1; id <= MAX_DEVICES; id += 1) person = sees(person, id, madeUp(id));
    const next = meet(person, { device: device(MAX_DEVICES + 1), fingerprint: madeUp(1) }, BLIND, NOW);
    expect(next).eql({ person, meeting: { kind: "no-room" } });
  });

  it("forgets the oldest that nobody decided on when one device shows ever other identities", () => {
    let person = byUser(byUser(STRANGER, print(1), "verified"), print(2), "distrusted");
    for (let count = 1; count <= MAX_DEVICES + 100; count += 1) {
      person = meet(person, { device: device(1), fingerprint: madeUp(count) }, BLIND, NOW + count).person;
    }
    expect(person.identities.size).equal(MAX_DEVICES);
    expect(person.identities.has(madeUp(1))).false;
    expect(person.identities.get(print(1))).include({ level: "verified" });
    expect(person.identities.get(print(2))).include({ level: "distrusted" });
    expect(person.devices.get(device(1))).equal(madeUp(MAX_DEVICES + 100));
  });
});

describe("decide", () => {
  it("has room for decisions when devices have taken all of theirs, and an end to it", () => {
    let person = STRANGER;
    for (let id = 1; id <= MAX_DEVICES; id += 1) person = sees(person, id, madeUp(id));
    for (let count = MAX_DEVICES + 1; count <= MAX_IDENTITIES; count += 1) {
      person = byUser(person, madeUp(count), "verified");
    }
    expect(() => byUser(person, print(1), "verified")).throw(InvalidInput);
    expect(judge(byUser(person, madeUp(1), "distrusted"), BLIND).counts(madeUp(1))).equal("distrusted");
  });

  it("ends blind trust in the other identities when one is verified", () => {
    const person = sees(sees(STRANGER, 1, print(1)), 2, print(2));
    const verified = byUser(person, print(1), "verified");
    expect([sends(verified, 1, print(1)), sends(verified, 2, print(2))]).eql([true, false]);
  });

  it("does not begin to trust blindly again when the verified identity is distrusted", () => {
    const verified = byUser(sees(STRANGER, 1, print(1)), print(1), "verified");
    const lost = byUser(verified, print(1), "distrusted");
    expect(hasVerified(lost)).true;
    expect(sends(sees(lost, 1, print(2)), 1, print(2))).false;
  });

  it("trusts blindly again when the verification is taken back", () => {
    const verified = byUser(sees(STRANGER, 1, print(1)), print(1), "verified");
    const back = byUser(verified, print(1), "undecided");
    expect(hasVerified(back)).false;
    expect(sends(back, 1, print(1))).false;
    expect(sends(sees(back, 2, print(2)), 2, print(2))).true;
  });
});

describe("a policy that changes", () => {
  it("trusts nothing by itself that a stricter one had left undecided", () => {
    const person = sees(STRANGER, 1, print(1), "always-ask");
    expect(sends(person, 1, print(1), BLIND)).false;
  });

  it("lets what was trusted blindly count for nothing, and for what it was when it changes back", () => {
    const person = sees(STRANGER, 1, print(1), BLIND);
    expect(sends(person, 1, print(1), "always-ask")).false;
    expect(sends(person, 1, print(1), "verified-only")).false;
    expect(sends(person, 1, print(1), BLIND)).true;
  });

  it("lets what the person accepted count for less only where verification is asked for", () => {
    const person = byUser(sees(STRANGER, 1, print(1)), print(1), "trusted");
    expect(POLICIES.map((policy) => sends(person, 1, print(1), policy))).eql([true, true, false]);
  });
});

describe("judge", () => {
  it("sends to nobody in a session with an identity that was never met", () => {
    for (const policy of POLICIES) expect(sends(STRANGER, 1, print(1), policy)).false;
  });

  it("never sends to what is undecided or distrusted, whoever said so", () => {
    for (const by of ["first-use", "user", "own-device", "contact-device"] as const) {
      for (const level of ["undecided", "distrusted"] as const) {
        const person = decide(sees(STRANGER, 1, print(1)), { fingerprint: print(1), level, by, at: NOW });
        for (const policy of POLICIES) expect(sends(person, 1, print(1), policy)).false;
      }
    }
  });
});

describe("identitiesOf", () => {
  it("lists each identity with what it counts as and the devices that show it", () => {
    let person = sees(sees(sees(STRANGER, 1, print(1)), 2, print(1)), 3, print(2));
    person = byUser(byUser(person, print(1), "verified"), print(3), "distrusted");
    expect(identitiesOf(person, BLIND)).eql([
      { fingerprint: print(1), trust: "verified", by: "user", at: NOW, devices: [1, 2] },
      { fingerprint: print(2), trust: "undecided", by: "first-use", at: NOW, devices: [3] },
      { fingerprint: print(3), trust: "distrusted", by: "user", at: NOW, devices: [] },
    ]);
  });
});
