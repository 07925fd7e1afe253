import { expect } from "chai";
import { openMemoryStorage } from "../../../../sdk/storage/memory.js";
import { decide, meet, type Person, STRANGER } from "../../../../sdk/omemo/trust/person.js";
import { people, readPerson, writePerson } from "../../../../sdk/omemo/trust/records.js";
import { device, JULIET, key, print, ROMEO } from "./keys.js";

const BLIND = "blind-before-verification";

describe("writePerson", () => {
  it("keeps identities apart from the devices that show them, each with level, time and source", () => {
    const storage = openMemoryStorage();
    const met = meet(STRANGER, { device: device(22), ...key(1) }, BLIND, 5).person;
    const verified = decide(met, { fingerprint: print(2), level: "verified", by: "own-device", at: 7 });
    const person = decide(verified, { fingerprint: print(2), level: "distrusted", by: "user", at: 8 });
    storage.transaction((transaction) => writePerson(transaction, ROMEO, person));
    const stored = storage.read((view) => readPerson(view, ROMEO));
    expect([...stored.devices]).eql([[22, print(1)]]);
    expect(stored.identities.get(print(1))).eql({
      level: "trusted",
      by: "first-use",
      at: 5,
      wasVerified: false,
      ed25519: key(1).ed25519,
    });
    expect(stored.identities.get(print(2))).eql({
      level: "distrusted",
      by: "user",
      at: 8,
      wasVerified: true,
      ed25519: undefined,
    });
    expect(storage.read((view) => readPerson(view, JULIET))).equal(STRANGER);
  });
});

describe("people", () => {
  it("goes through everybody, however many there are", () => {
    const storage = openMemoryStorage();
    const addresses = Array.from({ length: 600 }, (_, index) => `${10_000 + index}@phone.example.org`);
    const person: Person = decide(STRANGER, { fingerprint: print(1), level: "verified", by: "user", at: 1 });
    storage.transaction((transaction) => {
      for (const address of addresses) writePerson(transaction, address, person);
    });
    const found = storage.read((view) => [...people(view)]);
    expect(found.map(([address]) => address)).eql(addresses);
    expect(found.every(([, one]) => one.identities.has(print(1)))).true;
  });
});
