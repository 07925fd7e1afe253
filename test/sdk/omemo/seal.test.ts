import { expect } from "chai";
import { systemClock } from "../../../src/clock.js";
import { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { xml } from "../../../src/xml.js";
import { DEFAULT_TIMES, type OmemoContext } from "../../../sdk/omemo/context.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { KnownDevices } from "../../../sdk/omemo/devices/listed-devices.js";
import { News } from "../../../sdk/omemo/news.js";
import { loadOwnKeys } from "../../../sdk/omemo/own/own-keys.js";
import { sealMessage } from "../../../sdk/omemo/sealing/seal.js";
import type { Outgoing } from "../../../sdk/omemo/sealing/seal-devices.js";
import { DEFAULT_TRUST_POLICY } from "../../../sdk/omemo/trust/mod.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import { type Device, JULIET, open, ROMEO, textOf, World } from "./world.js";

const BENVOLIO = Jid.parse("+15551230004@phone.example.org");

/** Encrypts what the service of a device has no method for. */
function sealAt(device: Device, world: World, outgoing: Outgoing): Sealed {
  const { storage, account, number, id } = device;
  const keys = loadOwnKeys(storage, number.bare, id);
  const context: OmemoContext = {
    storage,
    account,
    connection: world.server.portOf(account.bare),
    clock: systemClock,
    news: new News(storage, () => {}),
    keys,
    times: DEFAULT_TIMES,
    versions: VERSIONS,
    self: { address: number.bare, fingerprint: device.omemo.fingerprint },
    trustPolicy: DEFAULT_TRUST_POLICY,
    listed: new KnownDevices({ self: keys, versions: VERSIONS, trustPolicy: DEFAULT_TRUST_POLICY }),
  };
  return storage.transaction((transaction) => sealMessage(context, transaction, outgoing));
}

describe("sealMessage", () => {
  const receipt = xml("received", { xmlns: "urn:xmpp:receipts", id: "a" });
  let world: World;
  let juliet: Device;
  beforeEach(async () => {
    world = new World();
    // The envelopes are held to the time of day
    world.clock.advance(Date.now() - world.clock.now());
    juliet = await world.device(JULIET, 11);
  });

  it("sends elements to whom they can be sent encrypted, and to no other device", async () => {
    const old = await world.device(ROMEO, 22, { versions: ["0.3"] });
    const recent = await world.device(ROMEO, 23);
    await juliet.omemo.prepare(ROMEO);
    const content = { text: undefined, elements: [receipt] };
    const sealed = sealAt(juliet, world, { to: ROMEO.bare, recipients: [ROMEO.bare], content });
    expect(sealed.devices).eql({ recipient: 1, own: 0 });
    expect(sealed.skipped).eql([{ address: ROMEO.bare, device: 22, reason: "old-version" }]);
    const opened = open(recent, JULIET, sealed);
    expect(opened.kind === "content" && opened.elements.map(String)).eql([String(receipt)]);
    expect(textOf(open(old, JULIET, sealed))).match(/^!/);
    expect(sealed.payload).not.contain(NS.omemo);
  });

  it("encrypts once for the devices of several people, under the name that the envelope has", async () => {
    const romeo = await world.device(ROMEO, 22);
    const benvolio = await world.device(BENVOLIO, 22);
    await juliet.omemo.prepare(ROMEO);
    await juliet.omemo.prepare(BENVOLIO);
    const room = Jid.parse("verona@groups.example.org");
    const recipients = [ROMEO.bare, BENVOLIO.bare];
    const content = { text: "to all", elements: [] };
    const sealed = sealAt(juliet, world, { to: room.bare, recipients, content });
    expect(sealed.devices).eql({ recipient: 2, own: 0 });
    for (const device of [romeo, benvolio]) {
      expect(textOf(open(device, JULIET, sealed))).equal("!bad-envelope");
      expect(textOf(open(device, JULIET, sealed, room))).equal("to all");
    }
  });
});
