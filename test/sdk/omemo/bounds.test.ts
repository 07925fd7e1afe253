import { expect } from "chai";
import { OMEMO_DEVICE_LIST_NODE } from "../../../src/namespaces.js";
import type { DeviceId } from "../../../src/ids.js";
import { writeDeviceList } from "../../../src/omemo-device-list.js";
import { parseXml, xml } from "../../../src/xml.js";
import { writeDevice } from "../../../sdk/omemo/records.js";
import type { Fingerprint } from "../../../sdk/omemo/mod.js";
import { limitedStorage } from "../client/limited-storage.js";
import { contentOf, type Device, JULIET, open, ROMEO, send, settle, textOf, World } from "./world.js";

describe("what a hostile or unlucky peer may cost", () => {
  let world: World;
  let juliet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World();
    juliet = await world.device(JULIET, 11);
    romeo = await world.device(ROMEO, 22);
  });

  const list = (ids: readonly number[]) =>
    xml(
      "items",
      { node: OMEMO_DEVICE_LIST_NODE },
      xml("item", {}, parseXml(writeDeviceList(ids as DeviceId[]))),
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
    const kept = contentOf(juliet.storage).filter((line) => line.startsWith("omemo/1/prepared/"));
    expect(kept.length).to.be.at.most(63);
  });

  it("keeps nothing of a device that left the list while its bundle was fetched", async () => {
    let answer = (): void => {};
    const asked = new Promise<void>((reached) => {
      world.server.before = (what, where) => {
        if (what !== "get" || !where.endsWith("bundles:22")) return;
        reached();
        return new Promise((resolve) => (answer = resolve));
      };
    });
    const prepared = juliet.omemo.prepare(ROMEO).catch(() => {});
    await asked;
    juliet.omemo.receiveDeviceList(ROMEO, list([23]));
    answer();
    await prepared;
    expect(contentOf(juliet.storage).filter((line) => line.startsWith("omemo/1/prepared/"))).to.deep.equal(
      [],
    );
  });

  it("meets no more than 512 devices of one person, and goes on with those that it knows", async () => {
    open(juliet, ROMEO, await send(romeo, JULIET, "a"));
    juliet.storage.transaction((transaction) => {
      for (let id = 1000; id < 1511; id++) {
        writeDevice(transaction, ROMEO.bare, id as DeviceId, { pinned: "00" as Fingerprint });
      }
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

  it("tells that a changed identity could not be noted as the disk is full, and notes it the next time", async () => {
    const storage = limitedStorage();
    world = new World();
    juliet = await world.device(JULIET, 11, { storage });
    romeo = await world.device(ROMEO, 22);
    open(juliet, ROMEO, await send(romeo, JULIET, "a"));
    const impostor = await world.device(ROMEO, 22);
    const first = await send(impostor, JULIET, "it is me");
    open(juliet, ROMEO, first);
    storage.isFull = true;
    await settle();
    expect(juliet.events.map(({ kind }) => kind)).eql(["storage-failed"]);
    storage.isFull = false;
    open(juliet, ROMEO, first);
    await settle();
    expect(juliet.events.map(({ kind }) => kind)).eql(["storage-failed", "identity-changed"]);
  });
});
