import { expect } from "chai";
import { writeEnvelope } from "../../../src/envelope.js";
import { NS } from "../../../src/namespaces.js";
import { readEncrypted2, writeEncrypted2 } from "../../../src/omemo2.js";
import type { ControlMessage, Sealed } from "../../../sdk/omemo/mod.js";
import { sealPayload } from "../../../sdk/omemo/versions/payload-omemo2.js";
import { encrypt, parseSession } from "../../../sdk/ratchet/mod.js";
import { copyOf, expectRefused, reopened } from "./forgery.js";
import {
  contentOf,
  encryptedOf,
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

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

inEachVersion((_, newWorld) => {
  describe("Omemo.open, what is repeated", () => {
    const cast = useLovers(newWorld);

    it("refuses a first message again, also after a restart", async () => {
      const first = await send(cast.juliet, ROMEO, "a");
      expect(textOf(open(cast.romeo, JULIET, first))).to.equal("a");
      expectRefused(cast.romeo, JULIET, first, ["duplicate"]);
      cast.romeo = reopened(cast.world, cast.romeo);
      expectRefused(cast.romeo, JULIET, first, ["duplicate"]);
    });

    it("refuses a first message again when its session is long gone, within its prekey's time and after", async () => {
      const fresh = copyOf(cast.juliet.storage);
      const first = await send(cast.juliet, ROMEO, "a");
      open(cast.romeo, JULIET, first);
      // More sessions than are kept beside the current one
      for (let session = 0; session < 8; session += 1) {
        cast.juliet = reopened(cast.world, cast.juliet, copyOf(fresh));
        open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "again"));
      }
      for (const waitMs of [0, HOUR_MS, 2 * DAY_MS, 40 * DAY_MS]) {
        cast.world.clock.advance(waitMs);
        cast.romeo = reopened(cast.world, cast.romeo);
        await cast.romeo.omemo.announce();
        expectRefused(cast.romeo, JULIET, first, ["no-prekey", "duplicate"]);
      }
    });

    it("opens a first message once more in a store of before, and once", async () => {
      const before = copyOf(cast.romeo.storage);
      const first = await send(cast.juliet, ROMEO, "a");
      open(cast.romeo, JULIET, first);
      // That a store is one of before is for its generation to tell: it cannot know itself
      cast.romeo = reopened(cast.world, cast.romeo, before);
      expect(textOf(open(cast.romeo, JULIET, first))).to.equal("a");
      expectRefused(cast.romeo, JULIET, first, ["duplicate"]);
    });

    it("refuses a first message in a copy of the store of after", async () => {
      const first = await send(cast.juliet, ROMEO, "a");
      open(cast.romeo, JULIET, first);
      cast.romeo = reopened(cast.world, cast.romeo, copyOf(cast.romeo.storage));
      expectRefused(cast.romeo, JULIET, first, ["duplicate"]);
    });

    it("shows neither of two messages as the other when the sender's store was put back between", async () => {
      open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
      open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "b"));
      const before = copyOf(cast.juliet.storage);
      const one = seal(cast.juliet, ROMEO, "one");
      cast.juliet = reopened(cast.world, cast.juliet, before);
      const other = seal(cast.juliet, ROMEO, "other");
      // One key for both: the second is lost, and told as what it looks like
      expect(textOf(open(cast.romeo, JULIET, other))).to.equal("other");
      expectRefused(cast.romeo, JULIET, one, ["duplicate", "bad-mac"]);
    });

    it("refuses every message of a talk again, in any order and after a restart", async () => {
      const talk: Sealed[] = [];
      for (let round = 0; round < 6; round += 1) {
        const sealed = await send(cast.juliet, ROMEO, `${round}`);
        talk.push(sealed);
        open(cast.romeo, JULIET, sealed);
        if (round % 2) open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "yes"));
      }
      cast.romeo = reopened(cast.world, cast.romeo);
      for (const sealed of [...talk, ...talk.toReversed()]) {
        expectRefused(cast.romeo, JULIET, sealed, ["duplicate"]);
      }
    });

    it("begins repairs at a rate that forged messages cannot raise", async () => {
      const controls: ControlMessage[] = [];
      cast.romeo.omemo.close();
      cast.romeo = cast.world.open(ROMEO, 22, {
        storage: cast.romeo.storage,
        account: cast.romeo.account.bare,
        enqueue: (_transaction, control) => void controls.push(control),
      });
      open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
      open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "b"));
      const sealed = seal(cast.juliet, ROMEO, "true");
      const forged = { payload: sealed.payload.replace(/>([A-Za-z0-9+/]{40})/, ">AAAA$1") };
      const at = open(cast.romeo, JULIET, forged);
      expect(textOf(at)).to.match(/^!/);
      controls.length = 0;
      for (let minute = 0; minute < 24 * 60; minute += 1) {
        open(cast.romeo, JULIET, forged);
        cast.world.clock.advance(60_000);
        if (minute % 100 === 0) await settle();
      }
      expect(controls.filter(({ purpose }) => purpose === "repair").length).to.be.at.most(12);
      expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("true");
    });
  });
});

describe("Omemo.open, envelopes that disagree with their stanza", () => {
  const cast = useLovers(() => new World(["2"]));

  /** A message of hers whose envelope says something else than a sender would write. */
  function forge(envelope: string): Pick<Sealed, "payload"> {
    const sealed = seal(cast.juliet, ROMEO, "x");
    const { payload, keyMaterial } = sealPayload(Buffer.from(envelope));
    const read = readEncrypted2(encryptedOf(sealed, NS.omemo2));
    const pair = cast.juliet.storage.read((view) => view.scan("omemo/1/session-2/"))[0];
    if (!pair) throw new Error("no session");
    const { message } = encrypt(parseSession(pair[1]), keyMaterial);
    const keys = read.keys.map((key) => ({ ...key, isPreKey: false, data: message }));
    return { payload: writeEncrypted2({ ...read, keys, payload }) };
  }

  const body = `<body xmlns='${NS.client}'>x</body>`;
  const CASES: readonly (readonly [
    what: string,
    envelope: (now: number) => Parameters<typeof writeEnvelope>[0],
  ])[] = [
    ["from somebody else", (time) => ({ content: body, from: MERCUTIO.bare, to: ROMEO.bare, time })],
    ["from the reader", (time) => ({ content: body, from: ROMEO.bare, to: ROMEO.bare, time })],
    ["to somebody else", (time) => ({ content: body, from: JULIET.bare, to: MERCUTIO.bare, time })],
    ["to its sender", (time) => ({ content: body, from: JULIET.bare, to: JULIET.bare, time })],
    ["of the day after tomorrow", (now) => ({ content: body, from: JULIET.bare, time: now + 2 * DAY_MS })],
    ["of two months ago", (now) => ({ content: body, from: JULIET.bare, time: now - 60 * DAY_MS })],
  ];

  const establish = async (): Promise<void> => {
    cast.world.clock.advance(100 * DAY_MS);
    await cast.romeo.omemo.announce();
    await cast.juliet.omemo.announce();
    open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
    open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "b"));
  };

  it("opens one that agrees", async () => {
    await establish();
    const time = cast.world.clock.now();
    const sealed = forge(writeEnvelope({ content: body, from: JULIET.bare, to: ROMEO.bare, time }));
    expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("x");
  });

  for (const [what, envelope] of CASES) {
    it(`refuses one ${what}, though it is authentic`, async () => {
      await establish();
      expectRefused(cast.romeo, JULIET, forge(writeEnvelope(envelope(cast.world.clock.now()))), [
        "bad-envelope",
      ]);
    });
  }

  const BROKEN: Record<string, string> = {
    "that is none": body,
    "of another namespace": `<envelope xmlns='urn:xmpp:sce:0'><content>${body}</content></envelope>`,
    "without content": `<envelope xmlns='${NS.sce}'/>`,
    "with two contents": `<envelope xmlns='${NS.sce}'><content>${body}</content><content/></envelope>`,
    "with two senders": `<envelope xmlns='${NS.sce}'><content>${body}</content><from jid='${JULIET.bare}'/><from jid='${MERCUTIO.bare}'/></envelope>`,
    "with a DTD": `<!DOCTYPE a [<!ENTITY b 'c'>]><envelope xmlns='${NS.sce}'><content>${body}</content></envelope>`,
    "nested 1,000 deep": `<envelope xmlns='${NS.sce}'><content>${"<a>".repeat(1000)}${"</a>".repeat(1000)}</content></envelope>`,
    "of 10,000 elements": `<envelope xmlns='${NS.sce}'><content>${"<a xmlns='b'/>".repeat(4800)}</content></envelope>`,
    "with a sender that is no address": `<envelope xmlns='${NS.sce}'><content>${body}</content><from jid='@'/></envelope>`,
    "with a time that is none": `<envelope xmlns='${NS.sce}'><content>${body}</content><time stamp='now'/></envelope>`,
    "of nothing": "",
    "that is no UTF-8": "\u0000\ufffe",
  };
  for (const [what, text] of Object.entries(BROKEN)) {
    it(`refuses an envelope ${what}, though it is authentic`, async () => {
      await establish();
      expectRefused(cast.romeo, JULIET, forge(text), ["malformed"]);
    });
  }

  it("drops what must not come out of an envelope, and shows the rest", async () => {
    await establish();
    const hidden = [
      `<body xmlns='${NS.omemo2}'>y</body>`,
      `<deliver xmlns='${NS.mailbox}'><entry seq='1'/></deliver>`,
      `<store xmlns='${NS.hints}'/>`,
      `<message xmlns='${NS.client}'><body>y</body></message>`,
    ];
    const sealed = forge(
      `<envelope xmlns='${NS.sce}'><content>${hidden.join("")}${body}</content><from jid='${JULIET.bare}'/></envelope>`,
    );
    const opened = open(cast.romeo, JULIET, sealed);
    expect(opened).to.deep.include({ kind: "plaintext", plaintext: "x", elements: [] });
    expect(contentOf(cast.romeo.storage).join("")).not.to.include(Buffer.from("deliver").toString("hex"));
  });
});
