import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import { parseXml, xml } from "../../../src/xml.js";
import type { Fingerprint } from "../../../sdk/omemo/mod.js";
import { type IdentityRecord, readPerson, writePerson } from "../../../sdk/omemo/trust/mod.js";
import { limitedStorage } from "../client/limited-storage.js";
import {
  contentOf,
  type Device,
  inEachVersion,
  JULIET,
  open,
  ROMEO,
  send,
  settle,
  textOf,
  World,
} from "./world.js";

inEachVersion((version, newWorld) => {
  const PREPARED = version.name === "2" ? "omemo/1/prepared-2/" : "omemo/1/prepared/";

  describe("what a hostile or unlucky peer may cost", () => {
    let world: World;
    let juliet: Device;
    let romeo: Device;
    beforeEach(async () => {
      world = newWorld();
      juliet = await world.device(JULIET, 11);
      romeo = await world.device(ROMEO, 22);
    });

    const list = (ids: readonly number[]) =>
      xml(
        "items",
        { node: version.deviceList.node },
        xml("item", {}, parseXml(version.writeDeviceList(ids as DeviceId[]))),
      );

    it("keeps nothing of devices that have left a list and were never written to", async () => {
      open(romeo, JULIET, await send(juliet, ROMEO, "a"));
      for (let round = 1; round <= 10; round++) {
        juliet.omemo.receiveDeviceList(
          ROMEO,
          list([22, ...Array.from({ length: 63 }, (_, index) => 1000 * round + index)]),
        );
        await send(juliet, ROMEO, "b");
      }
      const kept = contentOf(juliet.storage).filter((line) => line.startsWith(PREPARED));
      expect(kept.length).to.be.at.most(63);
    });

    it("keeps nothing of a device that left the list while its bundle was fetched", async () => {
      let answer = (): void => {};
      const asked = new Promise<void>((reached) => {
        world.server.before = (what, where) => {
          if (what !== "get" || !where.includes("bundles")) return;
          reached();
          return new Promise((resolve) => (answer = resolve));
        };
      });
      const prepared = juliet.omemo.prepare(ROMEO).catch(() => {});
      await asked;
      juliet.omemo.receiveDeviceList(ROMEO, list([23]));
      answer();
      await prepared;
      expect(contentOf(juliet.storage).filter((line) => line.startsWith(PREPARED))).to.deep.equal([]);
    });

    it("meets no more than 512 devices of one person, and goes on with those that it knows", async () => {
      open(juliet, ROMEO, await send(romeo, JULIET, "a"));
      juliet.storage.transaction((transaction) => {
        const person = readPerson(transaction, ROMEO.bare);
        const [[, one] = []] = person.identities;
        const identities = new Map(person.identities);
        const devices = new Map(person.devices);
        for (let id = 1000; id < 1511; id++) {
          const fingerprint = id.toString(16).padStart(64, "0") as Fingerprint;
          identities.set(fingerprint, one as IdentityRecord);
          devices.set(id as DeviceId, fingerprint);
        }
        writePerson(transaction, ROMEO.bare, { identities, devices });
      });
      const one = await world.device(ROMEO, 24);
      const before = contentOf(juliet.storage);
      expect(textOf(open(juliet, ROMEO, await send(one, JULIET, "and one more")))).equal("!too-many-devices");
      expect(contentOf(juliet.storage)).eql(before);
      world.later();
      const sealed = await send(juliet, ROMEO, "b");
      expect(sealed.skipped).eql([{ address: ROMEO.bare, device: 24, reason: "too-many-devices" }]);
      expect(textOf(open(romeo, JULIET, sealed))).equal("b");
    });

    it("opens nothing of a changed identity that cannot be noted as the disk is full, and tells it the next time", async () => {
      const storage = limitedStorage();
      world = newWorld();
      juliet = await world.device(JULIET, 11, { storage });
      romeo = await world.device(ROMEO, 22);
      open(juliet, ROMEO, await send(romeo, JULIET, "a"));
      await settle();
      const renewed = await world.device(ROMEO, 22);
      const first = await send(renewed, JULIET, "it is me");
      storage.isFull = true;
      expect(() => open(juliet, ROMEO, first)).throw();
      await settle();
      expect(juliet.events.map(({ kind }) => kind)).not.include("identity-changed");
      storage.isFull = false;
      expect(textOf(open(juliet, ROMEO, first))).equal("it is me");
      await settle();
      expect(juliet.events.filter(({ kind }) => kind === "identity-changed").length).equal(1);
    });
  });
});
