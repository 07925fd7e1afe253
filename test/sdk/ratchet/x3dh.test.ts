import { expect } from "chai";
import {
  acceptPreKeyMessage,
  axolotl,
  BadSignature,
  decrypt,
  encrypt,
  generateSignedPreKey,
  initiate,
  MalformedKey,
  MalformedMessage,
  matches,
  NoPreKey,
  parseSession,
  readPreKeyMessage,
  serialiseSession,
  UntrustedIdentity,
} from "../../../sdk/ratchet/mod.js";
import type { Bundle, OwnPreKeys, Profile } from "../../../sdk/ratchet/mod.js";
import { Device } from "./device.js";

const OPTIONS = { registrationId: 27183 };
const text = (words: string) => Buffer.from(words);
const published = (digits: string) => Buffer.from(`05${digits}`, "hex");
const LOW_ORDER = [
  published("00".repeat(32)),
  published(`01${"00".repeat(31)}`),
  published("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
  published("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
  published(`ec${"ff".repeat(30)}7f`),
];

function ownOf(device: Device): OwnPreKeys {
  return {
    signedPreKey: (id) => (id === device.signedPreKey.id ? device.signedPreKey : undefined),
    preKey: (id) => device.preKeys.get(id),
  };
}

/** OMEMO 0.3 in all but the rule that a one-time prekey is needed. */
const strict: Profile = { ...axolotl, isPreKeyMandatory: true };

describe("initiate", () => {
  let juliet: Device;
  let romeo: Device;
  beforeEach(() => {
    [juliet, romeo] = [new Device(), new Device()];
  });

  const begin = (bundle: Bundle) => initiate(axolotl, juliet.identity, bundle, OPTIONS);

  it("refuses a signed prekey that another identity signed", () => {
    const forged = generateSignedPreKey(axolotl, juliet.identity, 1);
    expect(() => begin({ ...romeo.bundle(1), signedPreKey: forged })).to.throw(BadSignature);
  });

  it("refuses a low-order key in any place, even when it is signed", () => {
    for (const publicKey of LOW_ORDER) {
      const signature = axolotl.sign(romeo.identity, publicKey);
      const signedPreKey = { id: 1, publicKey, signature };
      expect(() => begin({ ...romeo.bundle(1), signedPreKey })).to.throw(MalformedKey);
      expect(() => begin({ ...romeo.bundle(), preKey: { id: 1, publicKey } })).to.throw(MalformedKey);
      expect(() => begin({ ...romeo.bundle(1), identityKey: publicKey })).to.throw(/./);
    }
  });

  it("refuses keys of a wrong length or type", () => {
    const raw = romeo.identity.agreement.publicKey;
    const wrong = [Buffer.alloc(0), raw, Buffer.alloc(34, 5), Buffer.concat([Buffer.of(6), raw])];
    for (const key of wrong) {
      const bundle = romeo.bundle(1);
      expect(() => begin({ ...bundle, identityKey: key })).to.throw(MalformedKey);
      expect(() => begin({ ...bundle, preKey: { id: 1, publicKey: key } })).to.throw(MalformedKey);
      const signedPreKey = { ...bundle.signedPreKey, publicKey: key };
      expect(() => begin({ ...bundle, signedPreKey })).to.throw(MalformedKey);
    }
  });

  it("refuses prekey ids that are no uint32", () => {
    const bundle = romeo.bundle(1);
    for (const id of [-1, 1.5, 2 ** 32, Number.NaN, Infinity]) {
      expect(() => begin({ ...bundle, preKey: { ...bundle.preKey!, id } })).to.throw(MalformedKey);
      expect(() => begin({ ...bundle, signedPreKey: { ...bundle.signedPreKey, id } })).to.throw(MalformedKey);
    }
  });

  it("refuses an identity key other than the expected one", () => {
    const bundle = romeo.bundle(1);
    const expected = axolotl.encodeIdentity(juliet.identity);
    const options = { ...OPTIONS, expectedIdentityKey: expected };
    expect(() => initiate(axolotl, juliet.identity, bundle, options))
      .to.throw(UntrustedIdentity)
      .with.property("identityKey")
      .that.deep.equals(bundle.identityKey);
    initiate(axolotl, juliet.identity, bundle, { ...OPTIONS, expectedIdentityKey: bundle.identityKey });
  });

  it("refuses a bundle without one-time prekey where the profile needs one", () => {
    expect(() => initiate(strict, juliet.identity, romeo.bundle(), OPTIONS)).to.throw(NoPreKey);
    initiate(strict, juliet.identity, romeo.bundle(1), OPTIONS);
  });

  it("draws a new base key each time", () => {
    expect(begin(romeo.bundle(1)).baseKey).to.not.deep.equal(begin(romeo.bundle(1)).baseKey);
  });
});

describe("readPreKeyMessage", () => {
  it("tells what the message was built from", () => {
    const [juliet, romeo] = [new Device(), new Device()];
    for (const preKeyId of [undefined, 3]) {
      juliet.initiate(romeo.bundle(preKeyId));
      const message = readPreKeyMessage(axolotl, juliet.encrypt(text("x")).message);
      expect(message).to.include({ registrationId: 27183, preKeyId, signedPreKeyId: 1 });
      expect(message.identityKey).to.deep.equal(axolotl.encodeIdentity(juliet.identity));
      expect(message.baseKey).to.deep.equal(parseSession(juliet.stored!).baseKey);
    }
  });

  it("refuses other versions, and any message cut short", () => {
    const [juliet, romeo] = [new Device(), new Device()];
    juliet.initiate(romeo.bundle(1));
    const { message } = juliet.encrypt(text("x"));
    for (const version of [0x00, 0x22, 0x23, 0x44, 0xff]) {
      const other = Buffer.from(message);
      other[0] = version;
      expect(() => readPreKeyMessage(axolotl, other)).to.throw(MalformedMessage);
    }
    for (let size = 0; size < message.length; size++) {
      expect(() => readPreKeyMessage(axolotl, message.subarray(0, size)), `${size} bytes`).to.throw(
        MalformedMessage,
      );
    }
  });

  it("takes messages of senders that know a newer version but write this one", () => {
    const [juliet, romeo] = [new Device(), new Device()];
    juliet.initiate(romeo.bundle(1));
    const { message } = juliet.encrypt(text("x"));
    message[0] = 0x34;
    expect(romeo.decrypt({ isPreKeyMessage: true, message })).to.deep.equal(text("x"));
  });
});

describe("acceptPreKeyMessage", () => {
  let juliet: Device;
  let romeo: Device;
  beforeEach(() => {
    [juliet, romeo] = [new Device(), new Device()];
  });

  function firstMessage(preKeyId?: number, profile: Profile = axolotl) {
    const session = initiate(profile, juliet.identity, romeo.bundle(preKeyId), OPTIONS);
    return readPreKeyMessage(profile, encrypt(session, text("wherefore")).message);
  }

  it("gives the plaintext, the session and the one-time prekey to erase", () => {
    for (const preKeyId of [undefined, 2]) {
      const accepted = acceptPreKeyMessage(romeo.identity, ownOf(romeo), firstMessage(preKeyId));
      expect(accepted.plaintext).to.deep.equal(text("wherefore"));
      expect(accepted.preKeyId).to.equal(preKeyId);
      expect(accepted.session.remoteIdentityKey).to.deep.equal(axolotl.encodeIdentity(juliet.identity));
      expect(accepted.session.pending).to.equal(undefined);
    }
  });

  it("refuses a message whose prekeys are gone, a second one with the same one-time prekey included", () => {
    const message = firstMessage(1);
    const none = { ...ownOf(romeo), preKey: () => undefined };
    expect(() => acceptPreKeyMessage(romeo.identity, none, message)).to.throw(NoPreKey, "one-time");
    const replaced = { ...ownOf(romeo), signedPreKey: () => undefined };
    expect(() => acceptPreKeyMessage(romeo.identity, replaced, message)).to.throw(NoPreKey, "signed");
    expect(() => acceptPreKeyMessage(romeo.identity, ownOf(romeo), { ...message, preKeyId: 0 })).to.throw(
      NoPreKey,
    );
  });

  it("refuses a message without one-time prekey where the profile needs one", () => {
    const message = { ...firstMessage(), profile: strict };
    expect(() => acceptPreKeyMessage(romeo.identity, ownOf(romeo), message)).to.throw(NoPreKey);
  });

  it("refuses an identity key other than the expected one before anything is looked up", () => {
    const untouched = {
      signedPreKey: () => expect.fail("looked up"),
      preKey: () => expect.fail("looked up"),
    };
    const other = axolotl.encodeIdentity(romeo.identity);
    expect(() => acceptPreKeyMessage(romeo.identity, untouched, firstMessage(1), other)).to.throw(
      UntrustedIdentity,
    );
  });

  it("refuses a message in somebody else's name", () => {
    const mercutio = axolotl.encodeIdentity(new Device().identity);
    expect(() =>
      acceptPreKeyMessage(romeo.identity, ownOf(romeo), { ...firstMessage(1), identityKey: mercutio }),
    )
      .to.throw()
      .with.property("code", "bad-mac");
  });

  it("refuses low-order keys in any place", () => {
    const message = firstMessage(1);
    for (const key of LOW_ORDER) {
      const baseKey = key.subarray(1);
      expect(() => acceptPreKeyMessage(romeo.identity, ownOf(romeo), { ...message, baseKey })).to.throw(
        MalformedKey,
      );
      const forged = { ...message, identityKey: key };
      expect(() => acceptPreKeyMessage(romeo.identity, ownOf(romeo), forged)).to.throw(MalformedKey);
    }
  });
});

describe("matches", () => {
  it("knows the further messages of a session from those of another", () => {
    const [juliet, romeo] = [new Device(), new Device()];
    juliet.initiate(romeo.bundle(1));
    const [first, second] = [juliet.encrypt(text("1")), juliet.encrypt(text("2"))];
    juliet.initiate(romeo.bundle(2));
    const other = readPreKeyMessage(axolotl, juliet.encrypt(text("3")).message);
    romeo.decrypt(first);
    const session = parseSession(romeo.stored!);
    const further = readPreKeyMessage(axolotl, second.message);
    expect(matches(session, further)).to.equal(true);
    expect(decrypt(session, further.message).plaintext).to.deep.equal(text("2"));
    expect(matches(session, other)).to.equal(false);
    expect(matches(session, { ...further, identityKey: other.baseKey })).to.equal(false);
    expect(matches(parseSession(serialiseSession(session)), further)).to.equal(true);
  });
});
