import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import type { Fingerprint } from "../../../sdk/omemo/mod.js";
import {
  contentOf,
  type Device,
  encryptedOf,
  JULIET,
  open,
  ROMEO,
  seal,
  send,
  settle,
  textOf,
  World,
} from "./world.js";

const device = (id: number): DeviceId => id as DeviceId;

describe("trust on first use", () => {
  let world: World;
  let juliet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World();
    juliet = await world.device(JULIET, 11);
    romeo = await world.device(ROMEO, 22);
  });

  /** Somebody sets up the same device id at Romeo's account with new keys. */
  const reinstall = (): Promise<Device> => world.device(ROMEO, 22);

  const talk = async (): Promise<void> => {
    open(romeo, JULIET, await send(juliet, ROMEO, "a"));
    open(juliet, ROMEO, await send(romeo, JULIET, "b"));
  };

  it("takes the first identity of a device without a word", async () => {
    await talk();
    await settle();
    expect(juliet.events).eql([]);
    expect(juliet.omemo.devices(ROMEO)).eql([
      {
        device: 22,
        fingerprint: romeo.omemo.fingerprint,
        changedTo: undefined,
        hasSession: true,
        isListed: true,
      },
    ]);
  });

  it("refuses a message of a changed identity, changes nothing, and tells it once", async () => {
    await talk();
    const impostor = await reinstall();
    const first = await send(impostor, JULIET, "it is me");
    const before = contentOf(juliet.storage);
    expect(textOf(open(juliet, ROMEO, first))).equal("!untrusted-identity");
    expect(contentOf(juliet.storage)).eql(before);
    expect(textOf(open(juliet, ROMEO, await send(impostor, JULIET, "really")))).equal("!untrusted-identity");
    await settle();
    expect(juliet.events).eql([
      {
        kind: "identity-changed",
        address: ROMEO.bare,
        device: 22,
        pinned: romeo.omemo.fingerprint,
        claimed: impostor.omemo.fingerprint,
      },
    ]);
  });

  it("writes no more to a device that showed another identity", async () => {
    await talk();
    open(juliet, ROMEO, await send(await reinstall(), JULIET, "it is me"));
    await settle();
    expect(() => seal(juliet, ROMEO, "secret"))
      .throw()
      .with.property("code", "untrusted-identity");
    const failure = await juliet.omemo.prepare(ROMEO).catch((error: unknown) => error);
    expect(failure).property("code", "untrusted-identity");
  });

  it("refuses a bundle of a changed identity, but writes to the other devices", async () => {
    await talk();
    const tablet = await world.device(ROMEO, 23);
    world.later();
    const impostor = await reinstall();
    // Without a session, the bundle is what shows the change
    const other = await world.device(JULIET, 12);
    await other.omemo.prepare(ROMEO);
    const again = await world.device(ROMEO, 22);
    world.clock.advance(25 * 60 * 60 * 1000);
    const sealed = await send(other, ROMEO, "secret");
    await settle();
    expect(sealed.skipped).eql([{ address: ROMEO.bare, device: 22, reason: "untrusted-identity" }]);
    expect(other.events.filter(({ kind }) => kind === "identity-changed")).eql([
      {
        kind: "identity-changed",
        address: ROMEO.bare,
        device: 22,
        pinned: impostor.omemo.fingerprint,
        claimed: again.omemo.fingerprint,
      },
    ]);
    expect(textOf(open(tablet, JULIET, sealed))).equal("secret");
    expect(textOf(open(again, JULIET, sealed))).equal("!not-for-this-device");
  });

  it("goes on with the new identity once it is accepted, in both directions", async () => {
    await talk();
    const renewed = await reinstall();
    open(juliet, ROMEO, await send(renewed, JULIET, "lost"));
    await settle();
    juliet.omemo.acceptIdentity(ROMEO, device(22), renewed.omemo.fingerprint);
    expect(juliet.omemo.devices(ROMEO)).deep.include({
      device: 22,
      fingerprint: renewed.omemo.fingerprint,
      changedTo: undefined,
      hasSession: false,
      isListed: true,
    });
    expect(textOf(open(juliet, ROMEO, await send(renewed, JULIET, "again")))).equal("again");
    expect(textOf(open(renewed, JULIET, await send(juliet, ROMEO, "hello")))).equal("hello");
    expect(textOf(open(juliet, ROMEO, await send(romeo, JULIET, "old keys")))).match(/^!/);
  });

  it("accepts no other identity than the one that was shown last", async () => {
    await talk();
    const renewed = await reinstall();
    const accept = (fingerprint: Fingerprint): void =>
      juliet.omemo.acceptIdentity(ROMEO, device(22), fingerprint);
    expect(() => accept(renewed.omemo.fingerprint))
      .throw()
      .with.property("code", "identity-mismatch");
    open(juliet, ROMEO, await send(renewed, JULIET, "x"));
    await settle();
    expect(() => accept(juliet.omemo.fingerprint))
      .throw()
      .with.property("code", "identity-mismatch");
    accept(renewed.omemo.fingerprint);
  });

  it("writes again to a device that shows its first identity after all", async () => {
    await talk();
    const node = "eu.siacs.conversations.axolotl.bundles:22";
    const own = world.server.content(romeo.account.bare, node);
    open(juliet, ROMEO, await send(await reinstall(), JULIET, "x"));
    await settle();
    world.server.put(romeo.account.bare, node, own);
    world.later();
    expect((await send(juliet, ROMEO, "to the first")).devices.recipient).equal(1);
  });

  it("tells of a device that joins those that are known, and of none at first contact", async () => {
    await world.device(ROMEO, 23);
    await send(juliet, ROMEO, "a");
    await settle();
    expect(juliet.events).eql([]);
    const third = await world.device(ROMEO, 24);
    world.later();
    await send(juliet, ROMEO, "b");
    const fourth = await world.device(ROMEO, 25);
    open(juliet, ROMEO, await send(fourth, JULIET, "c"));
    await settle();
    expect(juliet.events).eql(
      [third, fourth].map(({ id, omemo }) => ({
        kind: "device-added",
        address: ROMEO.bare,
        device: id,
        fingerprint: omemo.fingerprint,
      })),
    );
  });

  it("tells of every other device of one's own", async () => {
    const tablet = await world.device(JULIET, 12);
    world.later();
    await send(juliet, ROMEO, "a");
    await settle();
    expect(juliet.events).eql([
      {
        kind: "device-added",
        address: JULIET.bare,
        device: 12,
        fingerprint: tablet.omemo.fingerprint,
      },
    ]);
  });

  it("tells of new devices only when a number was registered by somebody else", async () => {
    await talk();
    const stranger = await world.device(ROMEO, 77, { account: "another@example.org" });
    world.later();
    const sealed = await send(juliet, ROMEO, "who are you?");
    await settle();
    expect(juliet.events).eql([
      { kind: "device-added", address: ROMEO.bare, device: 77, fingerprint: stranger.omemo.fingerprint },
    ]);
    expect(textOf(open(stranger, JULIET, sealed))).equal("who are you?");
    expect(textOf(open(romeo, JULIET, sealed))).equal("!not-for-this-device");
  });

  it("tells nothing that a transaction took back", async () => {
    await talk();
    const tablet = await world.device(ROMEO, 23);
    const message = await send(tablet, JULIET, "a");
    expect(() =>
      juliet.storage.transaction((transaction) => {
        juliet.omemo.open(transaction, ROMEO, encryptedOf(message));
        throw new Error("rolled back");
      }),
    ).throw("rolled back");
    await settle();
    expect(juliet.events).eql([]);
    open(juliet, ROMEO, message);
    await settle();
    expect(juliet.events.map(({ kind }) => kind)).eql(["device-added"]);
  });
});
