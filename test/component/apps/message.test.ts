import { expect } from "chai";
import { readAppMessage } from "../../../component/apps/message.js";
import { StanzaError } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { parseXml } from "../../../src/xml.js";

const CHAT_STATES = "http://jabber.org/protocol/chatstates";
const read = (content: string, attributes = "id='m1' type='chat'") => {
  const element = parseXml(`<message xmlns='${NS.component}' ${attributes}>${content}</message>`);
  return readAppMessage({ element, type: element.attrs["type"] as string | undefined });
};
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof StanzaError) return error.condition;
    throw error;
  }
  return "none";
};

describe("readAppMessage", () => {
  it("keeps a body, with the namespace that a payload needs", () => {
    expect(read("<body>hi</body>")).to.include({
      id: "m1",
      passing: "",
      payload: `<body xmlns="${NS.client}">hi</body>`,
    });
  });

  it("takes the origin id for the id, and remembers the other one", () => {
    const origin = `<origin-id xmlns='${NS.stanzaIds}' id='o1'/>`;
    const message = read(`<body>hi</body>${origin}`);
    expect(message.id).to.equal("o1");
    expect(message.traits.stanzaId).to.equal("m1");
    expect(message.payload).not.to.include("origin-id");
  });

  it("gives an id to a message without one", () => {
    expect(read("<body>hi</body>", "").id).to.match(/^\S{20}$/);
  });

  it("reads what the app asks for", () => {
    const asks = `<request xmlns='${NS.receipts}'/><markable xmlns='${NS.chatMarkers}'/>`;
    expect(read(`<body>hi</body>${asks}`).traits).to.include({ wantsReceipt: true, wantsMarker: true });
    expect(read("<body>hi</body>").traits).to.include({ wantsReceipt: false, wantsMarker: false });
  });

  // XEP-0184 §5.3, XEP-0333 §4
  for (const [content, kind] of [
    [`<received xmlns='${NS.receipts}' id='a'/>`, "received"],
    [`<received xmlns='${NS.chatMarkers}' id='a'/>`, "received"],
    [`<displayed xmlns='${NS.chatMarkers}' id='a'/>`, "displayed"],
    [`<acknowledged xmlns='${NS.chatMarkers}' id='a'/>`, "displayed"],
  ] as const)
    it(`reads ${content} as a notice and keeps nothing of it`, () => {
      expect(read(content)).to.deep.include({ payload: "", passing: "", notices: [{ kind, id: "a" }] });
    });

  for (const [what, content] of [
    ["a chat state alone", `<composing xmlns='${CHAT_STATES}'/>`],
    ["what is not to be stored", `<body>hi</body><no-store xmlns='${NS.hints}'/>`],
    ["what is not to be stored for good", `<body>hi</body><no-permanent-store xmlns='${NS.hints}'/>`],
  ] as const)
    it(`passes on and does not keep ${what}`, () => {
      const message = read(content);
      expect(message.payload).to.equal("");
      expect(message.passing).not.to.equal("");
    });

  it("does not keep the chat state that comes with a body", () => {
    expect(read(`<body>hi</body><active xmlns='${CHAT_STATES}'/>`).payload).not.to.include("active");
  });

  it("keeps a thread with what is said, and takes one alone for nothing", () => {
    expect(read("<body>hi</body><thread>t</thread>").payload).to.include("<thread");
    expect(read("<thread>t</thread>")).to.include({ payload: "", passing: "" });
  });

  for (const forged of [
    `<delay xmlns='${NS.delay}'/>`,
    "<x xmlns='jabber:x:delay'/>",
    `<stanza-id xmlns='${NS.stanzaIds}' id='a' by='b'/>`,
    `<sent xmlns='${NS.carbons}'/>`,
    "<forwarded xmlns='urn:xmpp:forward:0'/>",
    `<result xmlns='${NS.archive}'/>`,
    `<event xmlns='${NS.pubsubEvent}'/>`,
    `<x xmlns='${NS.mucUser}'/>`,
    `<addresses xmlns='${NS.addresses}'/>`,
    `<deliver xmlns='${NS.mailbox}'/>`,
    "<error/>",
  ])
    it(`leaves out ${forged}, and refuses it alone`, () => {
      expect(read(`<body>hi</body>${forged}`).payload).to.equal(read("<body>hi</body>").payload);
      expect(refusal(() => read(forged))).to.equal("not-allowed");
    });

  it("tells a message that was encrypted anew from another one by what does not change", () => {
    const encrypted = (payload: string, sid = 7) =>
      `<encrypted xmlns='${NS.omemo}'><header sid='${sid}'><iv>AA</iv></header><payload>${payload}</payload></encrypted>`;
    expect(read(encrypted("one")).identity).to.equal(read(encrypted("two")).identity);
    expect(read(encrypted("one")).identity).not.to.equal(read(encrypted("one", 8)).identity);
    expect(read("<body>one</body>").identity).not.to.equal(read("<body>two</body>").identity);
  });

  it("refuses what is too large, a groupchat, and an id that is none", () => {
    expect(refusal(() => read(`<body>${"x".repeat(100_000)}</body>`))).to.equal("policy-violation");
    expect(refusal(() => read("<body>hi</body>", "type='groupchat' id='a'"))).to.equal("not-allowed");
    expect(refusal(() => read("<body>hi</body>", `id='${"x".repeat(65)}'`))).to.equal("bad-request");
  });
});
