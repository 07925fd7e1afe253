import { expect } from "chai";
import { StanzaError } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { versionAxolotl } from "../../../sdk/omemo/versions/version-axolotl.js";
import { versionOmemo2 } from "../../../sdk/omemo/versions/version-omemo2.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import {
  type Device,
  encryptedOf,
  JULIET,
  messageOf,
  open,
  ROMEO,
  seal,
  send,
  settle,
  textOf,
  World,
} from "./world.js";

const NAMESPACES = [NS.omemo2, NS.omemo];

/** The versions in which a message is encrypted. */
function versionsOf(sealed: Pick<Sealed, "payload">): string[] {
  const elements = messageOf(sealed).getChildren("encrypted");
  return VERSIONS.filter(({ profile }) =>
    elements.some((element) => element.attrs.xmlns === profile.namespace),
  ).map(({ name }) => name);
}

describe("two versions of OMEMO", () => {
  let world: World;
  let juliet: Device;
  beforeEach(async () => {
    world = new World();
    juliet = await world.device(JULIET, 11);
  });

  it("send each device what it announces, in one message", async () => {
    const old = await world.device(ROMEO, 22, { versions: ["0.3"] });
    const recent = await world.device(ROMEO, 23, { versions: ["2"] });
    const both = await world.device(ROMEO, 24);
    const own = await world.device(JULIET, 12, { versions: ["0.3"] });
    world.later();
    const sealed = await send(juliet, ROMEO, "to all");
    expect(sealed.devices).eql({ recipient: 3, own: 1 });
    expect(sealed.skipped).eql([]);
    for (const device of [old, recent, both]) expect(textOf(open(device, JULIET, sealed))).equal("to all");
    expect(textOf(open(own, JULIET, sealed, ROMEO))).equal("to all");
    const receivers = NAMESPACES.map((namespace) =>
      [...String(encryptedOf(sealed, namespace)).matchAll(/rid="(\d+)"/g)].map(([, id]) => Number(id)),
    );
    expect(receivers).eql([
      [23, 24],
      [22, 12],
    ]);
  });

  it("are both named beside the message, with one hint and one body", async () => {
    await world.device(ROMEO, 22, { versions: ["0.3"] });
    await world.device(ROMEO, 23, { versions: ["2"] });
    const message = messageOf(await send(juliet, ROMEO, "secret words"));
    const named = message.getChildren("encryption", NS.encryption).map(({ attrs }) => attrs.namespace);
    expect(named).have.members(NAMESPACES);
    expect(message.getChildren("store", NS.hints).length).equal(1);
    expect(message.getChildren("body").length).equal(1);
    expect(String(message)).not.contain("secret words");
  });

  it("show one fingerprint of one identity, whichever was met first", async () => {
    const romeo = await world.device(ROMEO, 22);
    const observers = [];
    for (const [index, versions] of (["0.3", "2"] as const).entries()) {
      const observer = await world.device(JULIET, 13 + index, { versions: [versions] });
      await observer.omemo.prepare(ROMEO);
      observers.push(observer.omemo.trust.devices(ROMEO)[0]?.fingerprint);
    }
    expect(observers).eql([romeo.omemo.fingerprint, romeo.omemo.fingerprint]);
  });

  it("share one trust: who shows another identity in one is written to with the former in none", async () => {
    juliet = await world.device(JULIET, 11, { trustPolicy: "always-ask" });
    const first = await world.device(ROMEO, 22);
    await world.device(ROMEO, 23);
    await juliet.omemo.prepare(ROMEO).catch(() => {});
    for (const { fingerprint } of juliet.omemo.trust.identities(ROMEO)) {
      juliet.omemo.trust.decide(ROMEO, fingerprint, "trusted");
    }
    expect((await send(juliet, ROMEO, "a")).devices.recipient).equal(2);
    // A message of the new identity shows the change; in OMEMO 0.3 the server still has the former
    const impostor = world.open(ROMEO, 22, { versions: ["2"] });
    await impostor.omemo.announce();
    open(juliet, ROMEO, await send(impostor, JULIET, "it is me"));
    await settle();
    world.later();
    const sealed = await send(juliet, ROMEO, "b");
    expect(sealed.skipped).eql([{ address: ROMEO.bare, device: 22, reason: "undecided-identity" }]);
    expect(textOf(open(first, JULIET, sealed))).equal("!not-for-this-device");
    expect(versionsOf(sealed)).eql(["2"]);
    expect(juliet.events.filter(({ kind }) => kind === "identity-changed").length).equal(1);
  });

  it("go on in OMEMO 0.3 when the bundle of OMEMO 2 is missing or bad, without a word", async () => {
    const romeo = await world.device(ROMEO, 22);
    const bundle = world.server.content(romeo.account.bare, versionOmemo2.bundle(romeo.id));
    for (const item of [undefined, xml("bundle", { xmlns: NS.omemo2 })]) {
      world.server.put(romeo.account.bare, versionOmemo2.bundle(romeo.id), item);
      const sealed = await send(juliet, ROMEO, "a");
      expect(versionsOf(sealed)).eql(["0.3"]);
      expect(textOf(open(romeo, JULIET, sealed))).equal("a");
    }
    await settle();
    expect(juliet.events).eql([]);
    world.server.put(romeo.account.bare, versionOmemo2.bundle(romeo.id), bundle);
    world.later();
    const sealed = await send(juliet, ROMEO, "b");
    expect(versionsOf(sealed)).eql(["2"]);
    expect(textOf(open(romeo, JULIET, sealed))).equal("b");
  });

  it("change over when a device begins to announce OMEMO 2, and back when it stops", async () => {
    const romeo = await world.device(ROMEO, 22, { versions: ["0.3"] });
    expect(versionsOf(await send(juliet, ROMEO, "a"))).eql(["0.3"]);
    romeo.omemo.close();
    const renewed = await world.device(ROMEO, 22, { storage: romeo.storage });
    world.later();
    const sealed = await send(juliet, ROMEO, "b");
    expect(versionsOf(sealed)).eql(["2"]);
    expect(textOf(open(renewed, JULIET, sealed))).equal("b");
    const empty = parseXml(versionOmemo2.writeDeviceList([]));
    world.server.put(romeo.account.bare, versionOmemo2.deviceList, empty);
    world.later();
    expect(versionsOf(await send(juliet, ROMEO, "c"))).eql(["0.3"]);
  });

  it("say once that a device cannot be written to in any", async () => {
    const romeo = await world.device(ROMEO, 22);
    await world.device(ROMEO, 23);
    for (const { bundle } of VERSIONS) world.server.put(romeo.account.bare, bundle(romeo.id), undefined);
    const sealed = await send(juliet, ROMEO, "a");
    await settle();
    const skipped = { address: ROMEO.bare, device: 22, reason: "no-bundle" };
    expect(sealed.skipped).eql([skipped]);
    expect(juliet.events).eql([{ kind: "device-skipped", skipped }]);
  });
});

describe("the lists of two versions", () => {
  let world: World;
  let juliet: Device;
  beforeEach(async () => {
    world = new World();
    juliet = await world.device(JULIET, 11);
    world.server.fetches.length = 0;
  });

  it("are asked for at the same time", async () => {
    const romeo = await world.device(ROMEO, 22);
    world.server.fetches.length = 0;
    const answers: (() => void)[] = [];
    world.server.before = (_, where) =>
      where.includes("bundles") ? undefined : new Promise((resolve) => answers.push(resolve));
    const prepared = juliet.omemo.prepare(ROMEO);
    await settle();
    expect(world.server.fetches).have.members(
      VERSIONS.map(({ deviceList }) => `${romeo.account.bare} ${deviceList.node}`),
    );
    for (const answer of answers) answer();
    await prepared;
  });

  it("are not asked for again when one is not there, or not shown", async () => {
    await world.device(ROMEO, 22, { versions: ["0.3"] });
    for (const error of [undefined, new StanzaError("forbidden", "Prosody tells no difference")]) {
      world.server.before = (_, where) => {
        if (error && where.endsWith(versionOmemo2.deviceList.node) && !where.includes("0001")) throw error;
      };
      world.later();
      world.server.fetches.length = 0;
      await send(juliet, ROMEO, "a");
      const asked = world.server.fetches.length;
      await send(juliet, ROMEO, "b");
      expect(world.server.fetches.length).equal(asked);
    }
  });

  it("are both needed: a list that may come later is not taken for none", async () => {
    await world.device(ROMEO, 22);
    world.server.before = (_, where) => {
      if (where.endsWith(versionOmemo2.deviceList.node)) throw new StanzaError("resource-constraint", "wait");
    };
    const failure = await juliet.omemo.prepare(ROMEO).catch((error: unknown) => error);
    expect(failure).property("condition", "resource-constraint");
    expect(() => seal(juliet, ROMEO, "a"))
      .throw()
      .with.property("code", "not-prepared");
  });

  it("are told apart by device: a list of ten thousand ids is refused and the other one used", async () => {
    const romeo = await world.device(ROMEO, 22);
    const ids = Array.from({ length: 10_000 }, (_, index) => (index + 1) as DeviceId);
    world.server.put(
      romeo.account.bare,
      versionOmemo2.deviceList,
      parseXml(versionOmemo2.writeDeviceList(ids)),
    );
    expect(versionsOf(await send(juliet, ROMEO, "a"))).eql(["0.3"]);
    expect(juliet.omemo.trust.devices(ROMEO).map(({ device }) => device)).eql([22]);
  });
});

describe("Omemo.open, a message in two versions", () => {
  let world: World;
  let juliet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World();
    juliet = await world.device(JULIET, 11);
    romeo = await world.device(ROMEO, 22);
  });

  /** Says the same to one device in both versions, as no device of ours does. */
  const sayTwice = async (text: string): Promise<{ payload: string }> => {
    const parts: string[] = [];
    for (const { deviceList, readDeviceList, writeDeviceList } of VERSIONS) {
      const list = world.server.content(romeo.account.bare, deviceList) as Element;
      world.later();
      parts.push(String(messageOf(await send(juliet, ROMEO, text)).getChild("encrypted")));
      expect(readDeviceList(list)).eql([22]);
      world.server.put(romeo.account.bare, deviceList, parseXml(writeDeviceList([])));
    }
    return { payload: parts.join("") };
  };

  it("is opened in OMEMO 2, once", async () => {
    const message = await sayTwice("a");
    expect(versionsOf(message)).eql(["2", "0.3"]);
    expect(textOf(open(romeo, JULIET, message))).equal("a");
    expect(textOf(open(romeo, JULIET, message))).equal("!duplicate");
  });

  it("is opened in OMEMO 0.3 when the other part is damaged", async () => {
    const { payload } = await sayTwice("a");
    const damaged = payload.replace(/<payload>..../, "<payload>AAAA");
    expect(textOf(open(romeo, JULIET, { payload: damaged }))).equal("a");
  });

  it("is not taken from the other part when the envelope is a wrong one", async () => {
    const message = await sayTwice("a");
    expect(textOf(open(romeo, JULIET, message, JULIET))).equal("!bad-envelope");
  });

  it("is no message when both parts are missing", () => {
    expect(textOf(open(romeo, JULIET, { payload: "" }))).equal("!malformed");
  });
});

describe("one-time prekeys of two versions", () => {
  it("are the same, and one that was used in one version is gone from both", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    const ids = (): number[][] =>
      VERSIONS.map(({ bundle, readBundle }) =>
        readBundle(world.server.content(juliet.account.bare, bundle(juliet.id)) as Element).preKeys.map(
          ({ id }) => id,
        ),
      );
    expect(ids()[0]).eql(ids()[1]);
    for (const [index, versions] of (["0.3", "2"] as const).entries()) {
      const romeo = await world.device(ROMEO, 22 + index, { versions: [versions] });
      expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "a")))).equal("a");
      await settle();
      world.clock.advance(1000);
      await settle();
      const [one, other] = ids();
      expect(one).eql(other);
      expect(one).include(101 + index);
      expect(one?.length).equal(100);
    }
  });

  it("are each published as their version has it, under its own signature", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    const [recent, old] = [versionOmemo2, versionAxolotl].map((version) => {
      const item = world.server.content(juliet.account.bare, version.bundle(juliet.id)) as Element;
      const { identityKey, signedPreKey } = version.readBundle(item);
      expect(version.profile.verify(identityKey, signedPreKey.publicKey, signedPreKey.signature)).equal(true);
      return { identityKey, signedPreKey };
    });
    expect(old?.signedPreKey.publicKey.subarray(1)).eql(recent?.signedPreKey.publicKey);
    expect(old?.signedPreKey.signature).not.eql(recent?.signedPreKey.signature);
  });
});
