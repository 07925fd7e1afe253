import { expect } from "chai";
import type { Fingerprint } from "../../../sdk/omemo/mod.js";
import { sealControl } from "./controls.js";
import { inEachVersion, JULIET, messageOf, open, ROMEO, send, textOf, World } from "./world.js";

const SAID = "<said xmlns='urn:example:said'/>";

inEachVersion((version, newWorld) => {
  describe("Omemo.sealControl", () => {
    it("makes an empty message that only carries the session on, without a body for other apps", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const sealed = await sealControl(juliet, { to: ROMEO.bare });
      expect(sealed?.devices).eql({ recipient: 1, own: 0 });
      const message = messageOf(sealed!);
      expect(message.getChild("body")).equal(undefined);
      expect(message.getChild("encrypted", version.profile.namespace)?.getChild("payload")).equal(undefined);
      expect(open(romeo, JULIET, sealed!)).eql({ kind: "key-transport", device: 11 });
      expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "back")))).equal("back");
    });

    it("reaches only the devices that are named", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      const romeo = await world.device(ROMEO, 22);
      const tablet = await world.device(ROMEO, 23);
      const sealed = await sealControl(juliet, { to: ROMEO.bare, devices: [tablet.id] });
      expect(open(tablet, JULIET, sealed!).kind).equal("key-transport");
      expect(open(romeo, JULIET, sealed!)).eql({
        kind: "failed",
        device: 11,
        reason: "not-for-this-device",
        isSilent: true,
      });
    });

    it("reaches the own other devices when it goes to the own number", async () => {
      const world = newWorld();
      const tablet = await world.device(JULIET, 12);
      const juliet = await world.device(JULIET, 11);
      const sealed = await sealControl(juliet, { to: JULIET.bare });
      expect(sealed?.devices).eql({ recipient: 0, own: 1 });
      expect(open(tablet, JULIET, sealed!).kind).equal("key-transport");
    });

    it("makes nothing when there is nobody who could read it", async () => {
      const world = newWorld();
      const juliet = await world.device(JULIET, 11);
      expect(await sealControl(juliet, { to: JULIET.bare })).equal(undefined);
      expect(await sealControl(juliet, { to: ROMEO.bare })).equal(undefined);
    });
  });
});

describe("Omemo.sealControl", () => {
  it("carries elements to the devices that show one of the identities that are named, in OMEMO 2", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    const romeo = await world.device(ROMEO, 22);
    const tablet = await world.device(ROMEO, 23);
    const old = await world.device(ROMEO, 24, { versions: ["0.3"] });
    const sealed = await sealControl(juliet, {
      to: ROMEO.bare,
      identities: [romeo.omemo.fingerprint, old.omemo.fingerprint],
      elements: [SAID],
    });
    const opened = open(romeo, JULIET, sealed!);
    expect(opened.kind).equal("content");
    expect("elements" in opened && opened.elements.map(String).join()).contain("urn:example:said");
    for (const other of [tablet, old]) {
      expect(open(other, JULIET, sealed!)).include({ reason: "not-for-this-device", isSilent: true });
    }
    const nobody = ["00".repeat(32) as Fingerprint];
    expect(await sealControl(juliet, { to: ROMEO.bare, identities: nobody })).equal(undefined);
  });

  it("is not taken for silent when it says that somebody wrote", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    await world.device(ROMEO, 22);
    const sealed = await send(juliet, ROMEO, "hello");
    const later = await world.device(ROMEO, 23);
    expect(open(later, JULIET, sealed)).eql({ kind: "failed", device: 11, reason: "not-for-this-device" });
  });
});
