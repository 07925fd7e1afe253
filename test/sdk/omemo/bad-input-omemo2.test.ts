import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { type Omemo2Message, readEncrypted2, writeEncrypted2 } from "../../../src/omemo2.js";
import type { OpenFailure, Sealed } from "../../../sdk/omemo/mod.js";
import {
  contentOf,
  type Device,
  encryptedOf,
  incoming,
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

const MERCUTIO = Jid.parse("+15551230003@phone.example.org");
const HOUR_MS = 60 * 60 * 1000;

const flip = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === (at < 0 ? bytes.length + at : at) ? byte ^ 1 : byte));

function withKey(message: Omemo2Message, change: (data: Uint8Array) => Uint8Array): Omemo2Message {
  return { ...message, keys: message.keys.map((key) => ({ ...key, data: change(key.data) })) };
}

interface Case {
  readonly what: string;
  readonly alter: (message: Omemo2Message) => Omemo2Message;
  readonly reason: OpenFailure;
}

const CASES: readonly Case[] = [
  {
    what: "a flipped bit in the payload",
    alter: (m) => ({ ...m, payload: flip(m.payload!, 0) }),
    reason: "bad-mac",
  },
  {
    what: "a flipped bit at its end",
    alter: (m) => ({ ...m, payload: flip(m.payload!, -1) }),
    reason: "bad-mac",
  },
  {
    what: "a payload cut short",
    alter: (m) => ({ ...m, payload: m.payload!.subarray(16) }),
    reason: "bad-mac",
  },
  { what: "a flipped bit in its key", alter: (m) => withKey(m, (d) => flip(d, -1)), reason: "bad-mac" },
  { what: "a key of noise", alter: (m) => withKey(m, () => Buffer.alloc(1024, 0x33)), reason: "malformed" },
  { what: "a key of one byte", alter: (m) => withKey(m, () => Buffer.alloc(1)), reason: "malformed" },
  {
    what: "a key for another device",
    alter: (m) => ({ ...m, keys: m.keys.map((key) => ({ ...key, rid: 999 as DeviceId })) }),
    reason: "not-for-this-device",
  },
  {
    what: "a key for somebody else's device of the same id",
    alter: (m) => ({ ...m, keys: m.keys.map((key) => ({ ...key, jid: MERCUTIO.bare })) }),
    reason: "not-for-this-device",
  },
  { what: "no keys", alter: (m) => ({ ...m, keys: [] }), reason: "not-for-this-device" },
  {
    what: "a payload of which only a key is there",
    alter: (m) => ({ ...m, payload: Buffer.alloc(16) }),
    reason: "bad-mac",
  },
];

describe("Omemo.open, OMEMO 2", () => {
  let world: World;
  let juliet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World(["2"]);
    juliet = await world.device(JULIET, 11);
    romeo = await world.device(ROMEO, 22);
  });

  const establish = async (): Promise<void> => {
    open(romeo, JULIET, await send(juliet, ROMEO, "a"));
    open(juliet, ROMEO, await send(romeo, JULIET, "b"));
  };

  /** Fails to open something, which changes nothing, so that the true message can be opened afterwards. */
  const expectFailure = (sealed: Sealed, attempt: () => string, reason: OpenFailure): void => {
    const before = contentOf(romeo.storage);
    expect(attempt()).equal(`!${reason}`);
    expect(contentOf(romeo.storage)).eql(before);
    expect(textOf(open(romeo, JULIET, sealed))).equal("true");
  };

  for (const { what, alter, reason } of CASES) {
    for (const isFirst of [true, false]) {
      it(`refuses ${what} in a ${isFirst ? "first" : "later"} message, and opens the true one after it`, async () => {
        if (!isFirst) await establish();
        const sealed = await send(juliet, ROMEO, "true");
        const payload = writeEncrypted2(alter(readEncrypted2(encryptedOf(sealed, NS.omemo2))));
        // Half of it may be there, but for its MAC
        expectFailure(sealed, () => textOf(open(romeo, JULIET, { payload })), reason);
      });
    }
  }

  for (const isFirst of [true, false]) {
    const name = isFirst ? "first" : "later";
    it(`refuses a ${name} message that went to somebody else`, async () => {
      if (!isFirst) await establish();
      const sealed = await send(juliet, ROMEO, "true");
      expectFailure(sealed, () => textOf(open(romeo, JULIET, sealed, MERCUTIO)), "bad-envelope");
    });

    it(`refuses a ${name} message of another time than the service says`, async () => {
      if (!isFirst) await establish();
      const sealed = await send(juliet, ROMEO, "true");
      for (const offsetMs of [-25 * HOUR_MS, 31 * 24 * HOUR_MS]) {
        const said = { ...incoming(romeo, JULIET), at: world.clock.now() + offsetMs };
        const attempt = (): string =>
          textOf(romeo.storage.transaction((t) => romeo.omemo.open(t, said, messageOf(sealed))));
        const before = contentOf(romeo.storage);
        expect(attempt()).equal("!bad-envelope");
        expect(contentOf(romeo.storage)).eql(before);
      }
      expect(textOf(open(romeo, JULIET, sealed))).equal("true");
    });
  }

  it("refuses a message that a server shows as another person's, and pins nothing of it", async () => {
    // Mercutio, or the server, published Juliet's bundle as his own
    const sealed = await send(juliet, ROMEO, "true");
    expectFailure(sealed, () => textOf(open(romeo, MERCUTIO, sealed)), "bad-envelope");
    await settle();
    expect(romeo.omemo.trust.devices(MERCUTIO)).eql([]);
  });

  it("opens a message that waited a day for a network", async () => {
    await establish();
    const sealed = seal(juliet, ROMEO, "late");
    world.clock.advance(23 * HOUR_MS);
    expect(textOf(open(romeo, JULIET, sealed))).equal("late");
  });

  it("opens keys for the own account as for the own number", async () => {
    const sealed = await send(juliet, ROMEO, "true");
    const message = readEncrypted2(encryptedOf(sealed, NS.omemo2));
    const keys = message.keys.map((key) => ({ ...key, jid: romeo.account.bare }));
    expect(textOf(open(romeo, JULIET, { payload: writeEncrypted2({ ...message, keys }) }))).equal("true");
  });

  it("tells an empty message from one with a content", async () => {
    await establish();
    const message = readEncrypted2(encryptedOf(seal(juliet, ROMEO, "unseen"), NS.omemo2));
    const payload = writeEncrypted2({ ...message, payload: undefined });
    expect(open(romeo, JULIET, { payload })).eql({ kind: "key-transport", device: 11 });
    expect(textOf(open(romeo, JULIET, { payload }))).equal("!duplicate");
  });

  it("refuses a text that cannot stand in XML, whatever the recipient speaks", async () => {
    await juliet.omemo.prepare(ROMEO);
    const before = contentOf(juliet.storage);
    for (const text of ["\0", "a\u0008", "\ufffe"]) {
      expect(() => seal(juliet, ROMEO, text))
        .throw()
        .with.property("code", "invalid-input");
    }
    expect(contentOf(juliet.storage)).eql(before);
  });
});
