import { expect } from "chai";
import { messageId } from "../../src/ids.js";
import { type MessageContent, readContent, writeContent } from "../../src/message-content.js";
import { parseXml } from "../../src/xml.js";

const of = messageId("said-1");

function again(content: MessageContent): MessageContent | undefined {
  const { text, elements } = writeContent(content);
  return readContent(
    text,
    elements.map((element) => parseXml(String(element))),
  );
}

describe("message content", () => {
  const contents: readonly MessageContent[] = [
    { kind: "text", text: "hello", quote: undefined, replaces: undefined },
    { kind: "text", text: "<hello>", quote: undefined, replaces: of },
    {
      kind: "text",
      text: "> 👩‍👩‍👧 yes",
      quote: { id: of, author: undefined, text: "👍\nb > c" },
      replaces: undefined,
    },
    { kind: "text", text: "yes", quote: { id: of, author: "+15551230001@phone.example.org" }, replaces: of },
    { kind: "reaction", of, emojis: ["👩‍👩‍👧", "👍"] },
    { kind: "reaction", of, emojis: [] },
    { kind: "retraction", of },
  ];
  for (const content of contents) {
    it(`is read as it was written: ${JSON.stringify(content)}`, () => {
      expect(again(content)).to.deep.equal(content);
    });
  }

  // XEP-0461 §3.2, XEP-0428 §3
  it("repeats what it answers for apps that do not know answers, and says which characters these are", () => {
    const { text, elements } = writeContent({ kind: "text", text: "yes", quote: { id: of, text: "👍\nb" } });
    expect(text).to.equal("> 👍\n> b\nyes");
    expect(elements.map(String).join("")).to.equal(
      '<reply xmlns="urn:xmpp:reply:0" id="said-1"/>' +
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="8"/></fallback>',
    );
  });

  it("repeats no more than 200 characters of it", () => {
    const { text } = writeContent({ kind: "text", text: "yes", quote: { id: of, text: "a".repeat(201) } });
    expect(text).to.equal(`> ${"a".repeat(200)}…\nyes`);
  });

  // XEP-0424 §4
  it("is a text for apps that do not know retractions", () => {
    expect(writeContent({ kind: "retraction", of }).text).to.match(/taken back/);
  });

  it("takes what cannot be read for not there", () => {
    const read = (xml: string, text?: string): MessageContent | undefined =>
      readContent(text, [parseXml(xml)]);
    expect(read("<retract xmlns='urn:xmpp:message-retract:1'/>")).to.equal(undefined);
    expect(read("<retract xmlns='urn:other' id='x'/>", "hello")).to.include({ kind: "text", text: "hello" });
    expect(read("<replace xmlns='urn:xmpp:message-correct:0' id=''/>", "hello")).to.include({
      replaces: undefined,
    });
    expect(
      readContent("hello", [
        parseXml("<reply xmlns='urn:xmpp:reply:0' id='said-1'/>"),
        parseXml(
          "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='2' end='-1'/></fallback>",
        ),
      ]),
    ).to.deep.include({ text: "hello" });
  });

  // XEP-0444 §4.1
  it("counts each emoji once, and no more than 32", () => {
    const many = Array.from({ length: 40 }, (_, index) => `<reaction>${index % 35}</reaction>`).join("");
    const content = readContent(undefined, [
      parseXml(
        `<reactions xmlns='urn:xmpp:reactions:0' id='said-1'>${many}<reaction> </reaction></reactions>`,
      ),
    ]);
    expect(content?.kind === "reaction" && content.emojis).to.have.lengthOf(32);
  });
});
