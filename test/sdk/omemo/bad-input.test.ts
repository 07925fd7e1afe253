import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { type OmemoMessage, readEncrypted, writeEncrypted } from "../../../src/omemo.js";
import type { OpenFailure, Sealed } from "../../../sdk/omemo/mod.js";
import {
  contentOf,
  type Device,
  encryptedOf,
  JULIET,
  open,
  ROMEO,
  seal,
  send,
  textOf,
  World,
} from "./world.js";

const flip = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at < 0 ? bytes.length + at : at) ? byte ^ 1 : byte));

/** Changes the only key of a message. */
function withKey(message: OmemoMessage, change: (data: Uint8Array) => Uint8Array): OmemoMessage {
  return { ...message, keys: message.keys.map((key) => ({ ...key, data: change(key.data) })) };
}

interface Case {
  readonly what: string;
  readonly alter: (message: OmemoMessage) => OmemoMessage;
  readonly reason: OpenFailure;
}

const CASES: readonly Case[] = [
  {
    what: "a flipped bit in the payload",
    alter: (m) => ({ ...m, payload: flip(m.payload!, 0) }),
    reason: "bad-mac",
  },
  {
    what: "a payload cut short",
    alter: (m) => ({ ...m, payload: m.payload!.subarray(1) }),
    reason: "bad-mac",
  },
  { what: "another IV", alter: (m) => ({ ...m, iv: flip(m.iv, 0) }), reason: "bad-mac" },
  {
    what: "a longer IV",
    alter: (m) => ({ ...m, iv: Buffer.concat([m.iv, Buffer.alloc(4)]) }),
    reason: "bad-mac",
  },
  {
    what: "a flipped bit in the MAC of its key",
    alter: (m) => withKey(m, (d) => flip(d, -1)),
    reason: "bad-mac",
  },
  {
    what: "a key of another version",
    alter: (m) => withKey(m, (d) => Buffer.concat([Buffer.from([0x23]), d.subarray(1)])),
    reason: "malformed",
  },
  { what: "a key of one byte", alter: (m) => withKey(m, () => Buffer.alloc(1)), reason: "malformed" },
  { what: "a key of noise", alter: (m) => withKey(m, () => Buffer.alloc(1024, 0x33)), reason: "malformed" },
  {
    what: "no key for this device",
    alter: (m) => ({ ...m, keys: m.keys.map((key) => ({ ...key, rid: 999 as DeviceId })) }),
    reason: "not-for-this-device",
  },
  { what: "no keys at all", alter: (m) => ({ ...m, keys: [] }), reason: "not-for-this-device" },
  {
    what: "a prekey message that says that it is none",
    alter: (m) => ({ ...m, keys: m.keys.map((key) => ({ ...key, isPreKey: !key.isPreKey })) }),
    reason: "malformed",
  },
];

describe("Omemo.open, OMEMO 0.3", () => {
  let world: World;
  let juliet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World(["0.3"]);
    juliet = await world.device(JULIET, 11);
    romeo = await world.device(ROMEO, 22);
  });

  const establish = async (): Promise<void> => {
    open(romeo, JULIET, await send(juliet, ROMEO, "a"));
    open(juliet, ROMEO, await send(romeo, JULIET, "b"));
  };

  /** Opens an altered message, which changes nothing, so that the true one can be opened afterwards. */
  const expectFailure = (sealed: Sealed, altered: string, reason: OpenFailure): void => {
    const before = contentOf(romeo.storage);
    const opened = open(romeo, JULIET, { payload: altered });
    expect(opened.kind === "failed" && opened.reason).equal(reason);
    expect(contentOf(romeo.storage)).eql(before);
    expect(textOf(open(romeo, JULIET, sealed))).equal("true");
  };

  for (const { what, alter, reason } of CASES) {
    for (const isFirst of [true, false]) {
      it(`refuses ${what} in a ${isFirst ? "first" : "later"} message, and opens the true one after it`, async () => {
        if (!isFirst) await establish();
        const sealed = await send(juliet, ROMEO, "true");
        const altered = writeEncrypted(alter(readEncrypted(encryptedOf(sealed))));
        // Before the first message there is no session that would find it malformed
        const isForSession = isFirst && what.includes("says that it is none");
        expectFailure(sealed, altered, isForSession ? "no-session" : reason);
      });
    }
  }

  const MALFORMED: Record<string, string> = {
    "without a header": "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
    "of another namespace": "<encrypted xmlns='urn:example:other'><header sid='1'/></encrypted>",
    "without an IV": "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>",
    "of device 0":
      "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='0'><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted>",
  };
  for (const [what, text] of Object.entries(MALFORMED)) {
    it(`refuses an element ${what}`, () => {
      const result = open(romeo, JULIET, { payload: text });
      expect(result).eql({ kind: "failed", device: undefined, reason: "malformed" });
    });
  }

  it("refuses a message of a session that it does not have", async () => {
    await establish();
    romeo.storage.transaction((t) => {
      for (const [key] of t.scan("omemo/1/session/")) t.delete(key);
    });
    expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "c")))).equal("!no-session");
  });

  it("takes no message of one person for that of another", async () => {
    await establish();
    const sealed = seal(juliet, ROMEO, "true");
    const mercutio = Jid.parse("+15551230003@phone.example.org");
    expect(textOf(open(romeo, mercutio, sealed))).equal("!no-session");
    expect(textOf(open(romeo, JULIET, sealed))).equal("true");
  });

  it("takes the address of a person for the same whatever the resource", async () => {
    await establish();
    const full = Jid.parse(`${JULIET.bare}/balcony`);
    expect(textOf(open(romeo, full, seal(juliet, Jid.parse(`${ROMEO.bare}/garden`), "c")))).equal("c");
  });

  it("refuses a prekey message without a one-time prekey", async () => {
    await juliet.omemo.prepare(ROMEO);
    const sealed = seal(juliet, ROMEO, "true");
    const without = withKey(readEncrypted(encryptedOf(sealed)), dropPreKeyId);
    expectFailure(sealed, writeEncrypted(without), "no-prekey");
  });

  it("refuses a message too far ahead, and opens it once those between arrived", async () => {
    await establish();
    const messages = Array.from({ length: 1003 }, (_, i) => seal(juliet, ROMEO, `${i}`));
    const last = messages.at(-1) as Sealed;
    expect(textOf(open(romeo, JULIET, last))).equal("!too-many-skipped");
    expect(textOf(open(romeo, JULIET, messages[10] as Sealed))).equal("10");
    expect(textOf(open(romeo, JULIET, last))).equal("1002");
    expect(textOf(open(romeo, JULIET, messages[0] as Sealed))).equal("0");
  }).timeout(60_000);

  it("tells a key transport from a message", async () => {
    await establish();
    const message = readEncrypted(encryptedOf(seal(juliet, ROMEO, "unseen")));
    const transport = writeEncrypted({ ...message, payload: undefined });
    expect(open(romeo, JULIET, { payload: transport })).eql({ kind: "key-transport", device: 11 });
    expect(textOf(open(romeo, JULIET, { payload: transport }))).equal("!duplicate");
    expect(textOf(open(romeo, JULIET, seal(juliet, ROMEO, "seen")))).equal("seen");
  });

  it("tries the keys of all devices with its id, but not for ever", async () => {
    await establish();
    const sealed = seal(juliet, ROMEO, "true");
    const message = readEncrypted(encryptedOf(sealed));
    const [key] = message.keys;
    const other = { rid: romeo.id, isPreKey: false, data: Buffer.alloc(80, 0x33) };
    const among = (others: number): string =>
      writeEncrypted({ ...message, keys: [...Array.from({ length: others }, () => other), key!] });
    const at = (payload: string): string => textOf(open(romeo, JULIET, { payload }));
    expect(at(among(4))).match(/^!/);
    expect(at(among(3))).equal("true");
  });
});

/** Takes field 1 (the one-time prekey's id, below 128) out of a prekey message. Its MAC does not cover it. */
function dropPreKeyId(data: Uint8Array): Uint8Array {
  const bytes = Buffer.from(data);
  const at = bytes.indexOf(0x08, 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 2)]);
}
