import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { decodeDelivery, encodeDelivery, encodeEntry } from "../../src/frame-deliver.js";
import { decodeItem, encodeItem, type Item } from "../../src/frame-cbor.js";
import { encodePayload } from "../../src/frame-payload.js";
import { decodeSubmit, encodeAnswer, encodeSubmit, type FramedAnswer } from "../../src/frame-submit.js";
import { frameNumber, readFrame, writeFrame } from "../../src/frame.js";
import type { DeviceId, MessageId, Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Entry } from "../../src/mailbox-deliver.js";
import { readSubmit, writeSubmit } from "../../src/mailbox-submit.js";
import { parseXml } from "../../src/xml.js";

const DOMAIN = "phone.example.org";
const JULIET = `+15551230002@${DOMAIN}`;
const BODY = "<body xmlns='jabber:client'>But soft</body>";
const MARKER = "<displayed xmlns='urn:xmpp:chat-markers:0' id='m0'/>";
const IDS = ["AAECAwQFBgcICQoLDA0O", "m 1".replace(" ", "-"), "!", "x".repeat(64)] as MessageId[];

function refusal(work: () => unknown): StanzaError {
  try {
    work();
  } catch (error) {
    if (error instanceof StanzaError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("decodeSubmit", () => {
  it("reads what readSubmit reads of the same messages", () => {
    for (const payload of [BODY, MARKER, `${BODY}<store xmlns='urn:xmpp:hints'/>`]) {
      const messages = IDS.map((id) => ({ id, to: Jid.parse(JULIET), payload }));
      const acknowledgement = { seq: 44 as Seq, undecryptable: [43 as Seq] };
      const asXml = readSubmit(parseXml(writeSubmit({ acknowledgement, messages, sent: 7 })));
      const encoded = messages.map(({ id, to }) => ({
        id,
        to: to.toString(),
        payload: encodePayload(payload, DOMAIN),
      }));
      const frame = encodeSubmit({ acknowledgement, messages: encoded, sent: 7 }, DOMAIN);
      const asFrame = decodeSubmit(frame, DOMAIN);
      expect({
        ...asFrame,
        messages: asFrame.messages.map((one) => ({ ...one, compact: undefined })),
      }).to.deep.equal({
        ...asXml,
        messages: asXml.messages.map((one) => ({ ...one, compact: undefined })),
      });
    }
  });

  it("refuses a message by itself as readSubmit does, and takes those beside it", () => {
    const good = [1, 15551230002, encodeItem([BODY])];
    const bad: [Item, Item, string][] = [
      [15551230002, encodeItem(["<a/>"]), "bad-request"],
      [15551230002, encodeItem(["<entry xmlns='urn:twotick:mailbox:1'/>"]), "bad-request"],
      [15551230002, encodeItem([BODY + MARKER]), "bad-request"],
      [15551230002, encodeItem([0, MARKER]), "bad-request"],
      [
        15551230002,
        encodeItem([`<body xmlns='jabber:client'>${"x".repeat(98_304)}</body>`]),
        "policy-violation",
      ],
      [15551230002, encodeItem([99]), "bad-request"],
      [15551230002, "text", "bad-request"],
      ["@", encodeItem([BODY]), "jid-malformed"],
      [1, encodeItem([BODY]), "bad-request"],
    ];
    const messages = bad.map(([to, payload], index) => [`m${index}`, to, payload]);
    const frame = encodeItem([null, null, [...messages, ["good", ...good.slice(1)]]]);
    const { messages: taken, refused } = decodeSubmit(frame, DOMAIN);
    expect(taken.map(({ id }) => String(id))).to.deep.equal(["good"]);
    expect(refused.map(({ error }) => error.condition)).to.deep.equal(
      bad.map(([, , condition]) => condition),
    );
  });

  it("refuses the whole frame for what no answer could name", () => {
    const message = ["m", 15551230002, encodeItem([BODY])];
    const bad: [Item, string][] = [
      ["x", "bad-request"],
      [[null, null], "bad-request"],
      [[null, null, [[]]], "bad-request"],
      [[null, null, [["has space", ...message.slice(1)]]], "bad-request"],
      [[null, null, [[new Uint8Array(49), ...message.slice(1)]]], "bad-request"],
      [[null, null, [[new Uint8Array(0), ...message.slice(1)]]], "bad-request"],
      [[[], null, [message]], "bad-request"],
      [[7, null, [message]], "bad-request"],
      [[null, "x", [message]], "bad-request"],
      [[null, null, Array.from({ length: 101 }, () => message)], "policy-violation"],
    ];
    for (const [item, condition] of bad)
      expect(refusal(() => decodeSubmit(encodeItem(item), DOMAIN)).condition).to.equal(condition);
  });

  it("ignores what a later version adds at the end", () => {
    const message = ["m", 15551230002, encodeItem([BODY]), "more"];
    const { messages } = decodeSubmit(encodeItem([null, null, [message], "more"]), DOMAIN);
    expect(messages).to.have.length(1);
  });
});

describe("encodeAnswer, encodeEntry", () => {
  const entries: Entry[] = [
    {
      kind: "message",
      seq: 1 as Seq,
      isRedelivery: false,
      from: JULIET,
      to: "romeo@example.org",
      id: IDS[0] as MessageId,
      at: 1_700_000_000_123,
      payload: `<body xmlns="jabber:client">x</body>`,
    },
    {
      kind: "receipt",
      seq: 2 as Seq,
      isRedelivery: true,
      state: "read",
      from: JULIET,
      device: 7 as DeviceId,
      at: 5,
      ids: IDS,
    },
    {
      kind: "receipt",
      seq: 9 as Seq,
      isRedelivery: false,
      state: "expired",
      from: JULIET,
      device: undefined,
      at: 5,
      ids: [],
    },
  ];
  const answers: FramedAnswer[] = [
    { number: 1, outcomes: IDS.map((id) => ({ id, acceptedAt: 77, isDuplicate: false })) },
    {
      number: 2,
      outcomes: [
        { id: IDS[0] as MessageId, acceptedAt: 77, isDuplicate: true },
        {
          id: IDS[1] as MessageId,
          error: new StanzaError("conflict", "no", { applicationCondition: "id-reused" }),
        },
      ],
    },
    {
      number: 3,
      error: new StanzaError("resource-constraint", "full", {
        applicationCondition: "x",
        applicationNamespace: "urn:y",
      }),
    },
    { number: 4, outcomes: [] },
  ];
  const encoded = encodeDelivery(
    answers.map((answer) => encodeAnswer(answer)),
    entries.map((entry) => encodeEntry(entry, DOMAIN)),
  );

  it("come back from decodeDelivery", () => {
    const read = decodeDelivery(encoded, DOMAIN, () => IDS);
    expect(read.entries).to.deep.equal(entries);
    const plain = (list: readonly FramedAnswer[]) => JSON.parse(JSON.stringify(list)) as unknown;
    expect(plain(read.answers)).to.deep.equal(plain(answers));
    const third = read.answers[2];
    expect(third && "error" in third && third.error).to.include({
      condition: "resource-constraint",
      applicationNamespace: "urn:y",
    });
  });

  it("leave out an answer to what was not asked", () => {
    const read = decodeDelivery(encoded, DOMAIN, (number) => (number === 2 ? IDS : undefined));
    expect(read.answers.map(({ number }) => number)).to.deep.equal([2]);
  });

  it("are left out, but for their number, when they are of a kind that is not known", () => {
    const odd = [
      [2, 4, false],
      [0, 5, false],
      [1, 6, false, 9, JULIET, null, 5, []],
    ];
    const read = decodeDelivery(encodeItem([[], odd]), DOMAIN, () => undefined);
    expect(read.unread.map(Number)).to.deep.equal([4, 5, 6]);
    expect(read.entries).to.deep.equal([]);
    for (const entry of [[], [0], [0, "x"]])
      expect(
        refusal(() => decodeDelivery(encodeItem([[], [entry]]), DOMAIN, () => undefined)).condition,
      ).to.equal("bad-request");
  });
});

describe("readFrame", () => {
  const frame = (text: string) => parseXml(`<frame xmlns='urn:twotick:mailbox:1' n='x'>${text}</frame>`);

  it("reads back what writeFrame wrote, with its number", () => {
    const written = parseXml(writeFrame(encodeItem([1, "a"]), 12));
    expect(decodeItem(readFrame(written))).to.deep.equal([1, "a"]);
    expect(frameNumber(written)).to.equal(12);
  });

  it("refuses what is not base64, or too large, and knows no number that is none", () => {
    for (const text of ["", "%", "AQ", "AR==", "AAAA".repeat(140_000)])
      expect(refusal(() => readFrame(frame(text))).condition).to.equal("bad-request");
    expect(frameNumber(frame("AAAA"))).to.equal(undefined);
  });
});
