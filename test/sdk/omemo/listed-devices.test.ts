import { expect } from "chai";
import { KnownDevices, type ListedDevice } from "../../../sdk/omemo/devices/listed-devices.js";
import { writeList } from "../../../sdk/omemo/records.js";
import { DEFAULT_TRUST_POLICY } from "../../../sdk/omemo/trust/mod.js";
import { decide, meet, type Person, STRANGER } from "../../../sdk/omemo/trust/person.js";
import { writePerson } from "../../../sdk/omemo/trust/records.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage, Transaction } from "../../../sdk/storage/port.js";
import { device, JULIET, key, print, ROMEO } from "./trust/keys.js";

const READER = {
  self: { address: JULIET, device: device(11) },
  versions: VERSIONS,
  trustPolicy: DEFAULT_TRUST_POLICY,
};

/** Lists devices in both versions. */
function list(transaction: Transaction, address: string, ids: readonly number[]): void {
  for (const { name } of VERSIONS) writeList(transaction, name, address, { at: 1, devices: ids.map(device) });
}

describe("KnownDevices", () => {
  const met = meet(STRANGER, { device: device(22), ...key(1) }, DEFAULT_TRUST_POLICY, 1).person;
  const level = (wanted: "verified" | "distrusted"): Person =>
    decide(met, { fingerprint: print(1), level: wanted, by: "user", at: 2 });
  let storage: Storage;
  let known: KnownDevices;
  beforeEach(() => {
    storage = openMemoryStorage();
    known = new KnownDevices(READER);
  });
  const of = (address: string): readonly ListedDevice[] | undefined =>
    storage.read((view) => known.of(view, address));

  it("knows nobody's devices before the lists of all versions are known", () => {
    storage.transaction((transaction) =>
      writeList(transaction, "2", ROMEO, { at: 1, devices: [device(22)] }),
    );
    expect(of(ROMEO)).equal(undefined);
    storage.transaction((transaction) => list(transaction, ROMEO, []));
    expect(of(ROMEO)).eql([]);
  });

  it("leaves out this device and no other of the same id", () => {
    storage.transaction((transaction) => {
      list(transaction, JULIET, [11, 12]);
      list(transaction, ROMEO, [11]);
    });
    expect(of(JULIET)?.map((one) => one.device)).eql([12]);
    expect(of(ROMEO)?.map((one) => one.device)).eql([11]);
  });

  it("gives the same devices as long as the records are the same", () => {
    storage.transaction((transaction) => {
      list(transaction, ROMEO, [22]);
      writePerson(transaction, ROMEO, met);
    });
    const first = of(ROMEO);
    expect(first?.[0]?.ways.map(({ version }) => version.name)).eql(["2", "0.3"]);
    expect(of(ROMEO)).equal(first);
    storage.transaction((transaction) => list(transaction, ROMEO, [22, 23]));
    expect(of(ROMEO)?.map((one) => one.device)).eql([22, 23]);
  });

  it("is never ahead of a transaction or behind it, also when it is undone", () => {
    storage.transaction((transaction) => {
      list(transaction, ROMEO, [22]);
      writePerson(transaction, ROMEO, level("verified"));
    });
    expect(of(ROMEO)?.[0]?.refusal).equal(undefined);
    const undone = (): void =>
      storage.transaction((transaction) => {
        writePerson(transaction, ROMEO, level("distrusted"));
        expect(known.of(transaction, ROMEO)?.[0]?.refusal).equal("distrusted-identity");
        throw new Error("undone");
      });
    expect(undone).throw("undone");
    expect(of(ROMEO)?.[0]?.refusal).equal(undefined);
    storage.transaction((transaction) => writePerson(transaction, ROMEO, level("distrusted")));
    expect(of(ROMEO)?.[0]?.refusal).equal("distrusted-identity");
  });

  it("keeps no more than it may, however many people there are and however often their lists change", () => {
    const ids = Array.from({ length: 64 }, (_, index) => index + 1);
    known = new KnownDevices(READER, 1024 * 1024);
    for (let round = 0; round < 3; round++) {
      for (let person = 0; person < 40; person++) {
        const address = `+1555123${1000 + person}@phone.example.org`;
        storage.transaction((transaction) => list(transaction, address, ids.slice(round)));
        expect(of(address)?.length).equal(ids.length - round);
        expect(known.sizeBytes).within(1, 1024 * 1024);
      }
    }
    known = new KnownDevices(READER, 1024);
    expect(of("+15551231000@phone.example.org")?.length).equal(62);
    expect(known.sizeBytes).equal(0);
  });
});
