import { expect } from "chai";
import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import { OmemoError } from "../../../sdk/omemo/mod.js";
import { axolotl, generateIdentity, generateSignedPreKey } from "../../../sdk/ratchet/mod.js";
import { expectRefused, LOW_ORDER_POINTS, withKeys } from "./forgery.js";
import {
  contentOf,
  type Device,
  inEachVersion,
  JULIET,
  MERCUTIO,
  open,
  ROMEO,
  seal,
  send,
  settle,
  textOf,
  useLovers,
  World,
} from "./world.js";

const DAY_MS = 24 * 60 * 60_000;

/** What a promise was refused with, by its code. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OmemoError || error instanceof InvalidInput) return error.code;
    throw error;
  }
  return "not refused";
}

inEachVersion((version, newWorld) => {
  const { profile } = version;

  describe("Omemo.prepare and receiveDeviceList, hostile lists and bundles", () => {
    const cast = useLovers(newWorld);

    const listOf = (ids: readonly number[]): Element =>
      parseXml(version.writeDeviceList(ids as readonly DeviceId[]));
    const publishList = (of: Device, ids: readonly number[]): void =>
      cast.world.server.put(of.account.bare, version.deviceList, listOf(ids));
    const bundleOf = (of: Device): OmemoBundle =>
      version.readBundle(cast.world.server.content(of.account.bare, version.bundle(of.id)) as Element);
    const publishBundle = (of: Device, bundle: OmemoBundle): void =>
      cast.world.server.put(of.account.bare, version.bundle(of.id), parseXml(version.writeBundle(bundle)));
    const push = (at: Device, from: Jid, list: Element): void =>
      at.omemo.receiveDeviceList(
        from,
        xml("items", { node: version.deviceList.node }, xml("item", { id: "current" }, list)),
      );
    const TEN_THOUSAND = Array.from({ length: 10_000 }, (_, index) => index + 1);

    it("refuses a list of 10,000 devices, and asks for no bundle", async () => {
      publishList(cast.romeo, TEN_THOUSAND);
      const before = contentOf(cast.juliet.storage);
      const asked = cast.world.server.fetches.length;
      expect(await codeOf(cast.juliet.omemo.prepare(ROMEO))).to.equal("no-devices");
      const fetched = cast.world.server.fetches.slice(asked);
      expect(fetched.filter((where) => where.includes("bundle"))).to.deep.equal([]);
      expect(contentOf(cast.juliet.storage).length - before.length).to.be.at.most(2);
    });

    it("goes on with the list that it knows when one of 10,000 devices is pushed or published", async () => {
      open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
      const before = contentOf(cast.juliet.storage);
      push(cast.juliet, ROMEO, listOf(TEN_THOUSAND));
      expect(contentOf(cast.juliet.storage)).to.deep.equal(before);
      publishList(cast.romeo, TEN_THOUSAND);
      cast.world.later();
      expect(textOf(open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "b")))).to.equal("b");
    });

    it("begins the own list anew when it was replaced by one of 10,000 devices", async () => {
      publishList(cast.juliet, TEN_THOUSAND);
      await cast.juliet.omemo.announce();
      const list = cast.world.server.content(cast.juliet.account.bare, version.deviceList) as Element;
      expect(version.readDeviceList(list)).to.deep.equal([11]);
    });

    it("fetches a few bundles at a time for the longest list, and keeps a refusal for each that has none", async () => {
      let running = 0;
      let most = 0;
      cast.world.server.before = async (what, where) => {
        if (what !== "get" || !where.includes("bundle")) return;
        running += 1;
        most = Math.max(most, running);
        await settle();
        running -= 1;
      };
      publishList(cast.romeo, [22, ...Array.from({ length: 63 }, (_, index) => 1000 + index)]);
      const sealed = await send(cast.juliet, ROMEO, "a");
      expect(most).to.be.within(1, 8);
      expect(sealed.skipped.length).to.equal(63);
      expect(new Set(sealed.skipped.map(({ reason }) => reason))).to.deep.equal(new Set(["no-bundle"]));
      const asked = cast.world.server.fetches.length;
      await send(cast.juliet, ROMEO, "b");
      expect(cast.world.server.fetches.length, "nothing is asked for again at once").to.equal(asked);
      expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("a");
    });

    it("skips bundles with keys of small order, though they are signed", async () => {
      const identity = generateIdentity();
      const good = bundleOf(cast.romeo);
      const signed = (publicKey: Uint8Array) => ({
        id: 1,
        publicKey,
        signature: profile.sign(identity, publicKey),
      });
      const published = (point: Buffer): Buffer => profile.encodePublicKey(point);
      const spk = generateSignedPreKey(axolotl, identity, 1);
      const usable = published(axolotl.decodePublicKey(spk.publicKey));
      const identityKey = profile.encodeIdentity(identity);
      for (const point of LOW_ORDER_POINTS) {
        const asIdentity = version.name === "2" ? point : published(point);
        const bundles: OmemoBundle[] = [
          { ...good, identityKey: asIdentity },
          { ...good, identityKey, signedPreKey: signed(published(point)) },
          { identityKey, signedPreKey: signed(usable), preKeys: [{ id: 1, publicKey: published(point) }] },
        ];
        for (const bundle of bundles) {
          publishBundle(cast.romeo, bundle);
          cast.world.later();
          expect(await codeOf(cast.juliet.omemo.prepare(ROMEO))).to.equal("no-devices");
        }
      }
      await settle();
      const skipped = cast.juliet.events.flatMap((event) =>
        event.kind === "device-skipped" ? [event.skipped] : [],
      );
      expect(skipped.length).to.equal(3 * LOW_ORDER_POINTS.length);
      expect(new Set(skipped.map(({ reason }) => reason))).to.deep.equal(new Set(["malformed-bundle"]));
      publishBundle(cast.romeo, good);
      cast.world.later();
      expect(textOf(open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "true")))).to.equal("true");
    });

    it("skips bundles with keys of wrong lengths, and one with a million prekeys' worth of text", async () => {
      const good = bundleOf(cast.romeo);
      const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 31);
      const bundles: OmemoBundle[] = [
        { ...good, identityKey: cut(good.identityKey) },
        { ...good, identityKey: Buffer.concat([good.identityKey, Buffer.alloc(1)]) },
        { ...good, signedPreKey: { ...good.signedPreKey, publicKey: Buffer.alloc(0) } },
        { ...good, signedPreKey: { ...good.signedPreKey, signature: Buffer.alloc(63) } },
        { ...good, signedPreKey: { ...good.signedPreKey, signature: Buffer.alloc(64) } },
        { ...good, signedPreKey: { ...good.signedPreKey, id: 2 ** 32 } },
        { ...good, preKeys: [{ id: 1, publicKey: Buffer.alloc(1000) }] },
        { ...good, preKeys: [] },
        { ...good, preKeys: Array.from({ length: 1000 }, (_, id) => ({ ...good.preKeys[0]!, id })) },
        { ...good, preKeys: [good.preKeys[0]!, good.preKeys[0]!] },
        { ...good, preKeys: [{ ...good.preKeys[0]!, publicKey: Buffer.alloc(1_000_000) }] },
      ];
      for (const bundle of bundles) {
        publishBundle(cast.romeo, bundle);
        cast.world.later();
        expect(await codeOf(cast.juliet.omemo.prepare(ROMEO))).to.equal("no-devices");
      }
    });

    it("notices that a device leaves between its list and its bundle", async () => {
      cast.world.server.before = (what, where) => {
        if (what === "get" && where.includes("bundle"))
          cast.world.server.put(cast.romeo.account.bare, version.bundle(cast.romeo.id), undefined);
      };
      expect(await codeOf(cast.juliet.omemo.prepare(ROMEO))).to.equal("no-devices");
    });

    it("tells of an identity that changes between two fetches, and sends in no session of the one before", async () => {
      await cast.juliet.omemo.prepare(ROMEO);
      const impostor = await cast.world.device(ROMEO, 22);
      cast.juliet.clock.advance(DAY_MS);
      const sealed = await send(cast.juliet, ROMEO, "a");
      await settle();
      const changes = cast.juliet.events.filter(({ kind }) => kind === "identity-changed");
      expect(changes.length).to.equal(1);
      expect(textOf(open(impostor, JULIET, sealed))).to.equal("a");
      expectRefused(cast.romeo, JULIET, sealed, ["no-prekey", "bad-mac", "malformed"]);
    });

    it("sends nothing to an identity that takes the place of a verified one", async () => {
      open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
      open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "b"));
      cast.juliet.omemo.trust.decide(ROMEO, cast.romeo.omemo.fingerprint, "verified");
      const impostor = await cast.world.device(ROMEO, 22);
      open(cast.juliet, ROMEO, await send(impostor, JULIET, "it is me"));
      cast.juliet.clock.advance(DAY_MS);
      expect(await codeOf(cast.juliet.omemo.prepare(ROMEO))).to.equal("untrusted-identity");
      expect(() => seal(cast.juliet, ROMEO, "secret"))
        .to.throw(OmemoError)
        .with.property("code", "untrusted-identity");
    });

    it("takes nobody's identity for another's: a bundle copied whole leads nowhere", async () => {
      const mercutio = await cast.world.device(MERCUTIO, 22);
      // All of Romeo's, signed as it should be, and even under the same device id
      publishBundle(mercutio, bundleOf(cast.romeo));
      cast.juliet.omemo.trust.decide(ROMEO, cast.romeo.omemo.fingerprint, "verified");
      const sealed = await send(cast.juliet, MERCUTIO, "for Mercutio");
      const [known] = cast.juliet.omemo.trust.devices(MERCUTIO);
      expect(known?.trust, "what is verified of one is not of another").to.equal("trusted");
      expect(textOf(open(mercutio, JULIET, sealed))).to.match(/^!/);
      if (version.name === "2") {
        // The server hands it to Romeo, as if it were for him
        expectRefused(cast.romeo, JULIET, sealed, ["not-for-this-device"]);
        const readdressed = withKeys(version, sealed, (keys) =>
          keys.map((key) => ({ ...key, jid: ROMEO.bare })),
        );
        expectRefused(cast.romeo, JULIET, readdressed, ["bad-envelope"]);
      } else {
        // OMEMO 0.3 encrypts no addressee: what reaches Romeo is readable to him, as the same keys are his
        expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("for Mercutio");
      }
    });

    it("refuses the identity key of somebody else over prekeys of one's own", async () => {
      const mercutio = await cast.world.device(MERCUTIO, 33);
      publishBundle(mercutio, { ...bundleOf(mercutio), identityKey: bundleOf(cast.romeo).identityKey });
      expect(await codeOf(cast.juliet.omemo.prepare(MERCUTIO))).to.equal("no-devices");
      await settle();
      expect(cast.juliet.events).to.deep.include({
        kind: "device-skipped",
        skipped: { address: MERCUTIO.bare, device: 33, reason: "malformed-bundle" },
      });
    });

    it("takes its own device id in somebody else's list for a device of theirs", async () => {
      const twin = await cast.world.device(ROMEO, 11);
      const sealed = await send(cast.juliet, ROMEO, "a");
      expect(sealed.devices).to.deep.equal({ recipient: 2, own: 0 });
      expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("a");
      expect(textOf(open(twin, JULIET, sealed))).to.equal("a");
      expect(textOf(open(cast.juliet, ROMEO, await send(twin, JULIET, "b")))).to.equal("b");
    });

    it("tells of each device that the server adds to the own list", async () => {
      await send(cast.juliet, ROMEO, "a");
      // Somebody who has the account but not the device: the keys are theirs
      const intruder = await cast.world.device(JULIET, 666);
      push(cast.juliet, cast.juliet.account, listOf([11, 666]));
      await send(cast.juliet, ROMEO, "b");
      await settle();
      const added = cast.juliet.events.flatMap((event) => (event.kind === "device-added" ? [event] : []));
      expect(added).to.deep.equal([
        {
          kind: "device-added",
          address: JULIET.bare,
          device: 666,
          fingerprint: intruder.omemo.fingerprint,
          trust: "trusted",
        },
      ]);
    });

    for (const policy of ["always-ask", "verified-only"] as const) {
      it(`encrypts for no device that the server adds to the own list, under ${policy}`, async () => {
        cast.juliet = cast.world.open(JULIET, 11, { storage: cast.juliet.storage, trustPolicy: policy });
        cast.juliet.omemo.trust.decide(ROMEO, cast.romeo.omemo.fingerprint, "verified");
        const intruder = await cast.world.device(JULIET, 666);
        push(cast.juliet, cast.juliet.account, listOf([11, 666]));
        const sealed = await send(cast.juliet, ROMEO, "a");
        expect(sealed.skipped).to.deep.equal([
          { address: JULIET.bare, device: 666, reason: "undecided-identity" },
        ]);
        expectRefused(intruder, JULIET, sealed, ["not-for-this-device"], ROMEO);
        expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("a");
      });
    }

    it("encrypts for no device that the server adds to the own list once an own one is verified", async () => {
      const laptop = await cast.world.device(JULIET, 12);
      await send(cast.juliet, ROMEO, "a");
      cast.juliet.omemo.trust.decide(JULIET, laptop.omemo.fingerprint, "verified");
      await cast.world.device(JULIET, 666);
      push(cast.juliet, cast.juliet.account, listOf([11, 12, 666]));
      const sealed = await send(cast.juliet, ROMEO, "b");
      expect(sealed.devices).to.deep.equal({ recipient: 1, own: 1 });
      expect(sealed.skipped).to.deep.equal([
        { address: JULIET.bare, device: 666, reason: "undecided-identity" },
      ]);
    });
  });
});

describe("Omemo.prepare, a device with two identities", () => {
  it("writes to one of them, in one version, and tells of no more than it has met", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    await world.device(ROMEO, 22, { versions: ["2"] });
    await world.device(ROMEO, 22, { versions: ["0.3"] });
    const sealed = await send(juliet, ROMEO, "a");
    expect(sealed.devices).to.deep.equal({ recipient: 1, own: 0 });
    await settle();
    expect(juliet.events.filter(({ kind }) => kind === "identity-changed")).to.deep.equal([]);
    expect(juliet.omemo.trust.identities(ROMEO).length).to.equal(1);
  });

  it("writes to neither when the one that is verified is not the one that it shows first", async () => {
    const world = new World();
    const juliet = await world.device(JULIET, 11);
    await world.device(ROMEO, 22, { versions: ["2"] });
    const true03 = await world.device(ROMEO, 22, { versions: ["0.3"] });
    juliet.omemo.trust.decide(ROMEO, true03.omemo.fingerprint, "verified");
    expect(await codeOf(juliet.omemo.prepare(ROMEO))).to.equal("untrusted-identity");
  });
});
