import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import {
  MAX_ENVELOPE_BYTES,
  MAX_RPAD_LENGTH,
  type OpenedEnvelope,
  readEnvelope,
  writeEnvelope,
} from "../../src/envelope.js";
import { Jid } from "../../src/jid.js";
import { childElements, escapeXMLText, parseXml } from "../../src/xml.js";
import { hostileTree, throwsOnlyInvalidInput } from "../support/omemo-arbitraries.js";

const NS = "urn:xmpp:sce:1";
const BODY = "<body xmlns='jabber:client'>O Romeo, Romeo!</body>";
const JULIET = "juliet@example.org";
const ROMEO = "romeo@example.org";
const TIME = Date.parse("2026-01-31T09:30:00.123Z");

const within = (inner: string): string => `<envelope xmlns='${NS}'>${inner}</envelope>`;
const content = (inner: string, beside = ""): string => within(`<content>${inner}</content>${beside}`);
const childrenOf = ({ content }: OpenedEnvelope): string[] => childElements(content).map(String);
const nested = (levels: number): string =>
  `<a xmlns='a'>${"<a>".repeat(levels - 1)}${"</a>".repeat(levels - 1)}</a>`;

describe("readEnvelope", () => {
  it("reads what writeEnvelope wrote", () => {
    const opened = readEnvelope(
      writeEnvelope({ content: BODY, from: JULIET, to: `${ROMEO}/orchard`, time: TIME }),
    );
    expect(childrenOf(opened)).eql([`<body xmlns="jabber:client">O Romeo, Romeo!</body>`]);
    expect([opened.from?.toString(), opened.to?.toString(), opened.time]).eql([JULIET, ROMEO, TIME]);
    const bare = readEnvelope(Buffer.from(writeEnvelope({ content: "" })));
    expect(childrenOf(bare)).eql([]);
    expect([bare.from, bare.to, bare.time]).eql([undefined, undefined, undefined]);
  });

  it("reads whatever text writeEnvelope wrote", () => {
    const noCharacter = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
    const texts = fc.string({ unit: "binary" }).map((text) => text.replaceAll(noCharacter, "ä"));
    fc.assert(
      fc.property(texts, fc.boolean(), fc.integer({ min: 0, max: 4e12 }), (text, asBytes, time) => {
        const body = `<body xmlns='jabber:client'>${escapeXMLText(text)}</body>`;
        const written = writeEnvelope({ content: body, from: JULIET, time });
        const opened = readEnvelope(asBytes ? Buffer.from(written) : written);
        expect(opened.content.getChildText("body", "jabber:client")).equal(text);
        expect(opened.time).equal(time);
      }),
    );
  });

  // The shape of XEP-0384 0.8 §5.5.1 and of XEP-0420 §4
  it("reads what other apps write: white space, any order, affixes of others, long padding", () => {
    const opened = readEnvelope(`
      <envelope xmlns='${NS}'>
        <rpad>${"r".repeat(5000)}</rpad>
        <time stamp='2026-01-31T10:30:00+01:00'/>
        <from jid='Juliet@example.org/balcony'/>
        <other xmlns='else'/>
        <content>
          <body xmlns='jabber:client'>
            O Romeo, Romeo!
          </body>
          <x xmlns='jabber:x:oob'><url>https://example.org/</url></x>
        </content>
      </envelope>
    `);
    expect(childElements(opened.content).map(({ name }) => name)).eql(["body", "x"]);
    expect(opened.content.getChildText("body", "jabber:client")?.trim()).equal("O Romeo, Romeo!");
    expect([opened.from?.bare, opened.from?.resource, opened.time]).eql([
      JULIET,
      "balcony",
      Date.parse("2026-01-31T09:30:00Z"),
    ]);
  });

  it("takes prefixes off, so that what comes out stands alone", () => {
    const opened = readEnvelope(
      `<s:envelope xmlns:s='${NS}' xmlns:c='jabber:client' xmlns:o='jabber:x:oob'><s:content>` +
        `<c:body xml:lang='en' o:no='1'>O <c:b>Romeo</c:b></c:body><o:x><o:url/></o:x></s:content>` +
        `<s:from jid='${JULIET}'/></s:envelope>`,
    );
    expect(opened.from?.bare).equal(JULIET);
    expect(childrenOf(opened)).eql([
      `<body xmlns="jabber:client" xml:lang="en">O <b>Romeo</b></body>`,
      `<x xmlns="jabber:x:oob"><url/></x>`,
    ]);
  });

  const refused: Record<string, string | Uint8Array> = {
    nothing: "",
    "text alone": "O Romeo",
    "another element": `<content xmlns='${NS}'/>`,
    "another namespace": content(BODY).replace(NS, "urn:xmpp:sce:0"),
    "no namespace": "<envelope><content/></envelope>",
    "no content": within(`<from jid='${JULIET}'/>`),
    "content of another namespace": within("<content xmlns='else'/>"),
    "two contents": within("<content/><content/>"),
    "two froms": content("", `<from jid='${JULIET}'/><from jid='${JULIET}'/>`),
    "two tos, one by prefix": content("", `<to jid='${JULIET}'/><s:to xmlns:s='${NS}' jid='${ROMEO}'/>`),
    "two times": content("", "<time stamp='2026-01-31T09:30:00Z'/>".repeat(2)),
    "a from without a JID": content("", "<from/>"),
    "a from that is no JID": content("", "<from jid='a b'/>"),
    "a to that is no JID": content("", "<to jid='@'/>"),
    "a time without a stamp": content("", "<time/>"),
    "a time without a zone": content("", "<time stamp='2026-01-31T09:30:00'/>"),
    "a time that is none": content("", "<time stamp='2026-13-31T09:30:00Z'/>"),
    "two envelopes": content(BODY) + content(BODY),
    "text before": `O${content(BODY)}`,
    "text after": `${content(BODY)}O`,
    "a closing tag too many": `${content(BODY)}</wrapper>`,
    "a stream of its own": `</wrapper><wrapper>${content(BODY)}`,
    "an element that is not closed": content(BODY).replace("</envelope>", ""),
    "a tag that is cut": content(BODY).slice(0, -1),
    "a DOCTYPE": `<!DOCTYPE envelope [<!ENTITY a 'b'>]>${content(BODY)}`,
    "an entity": content("<body xmlns='jabber:client'>&a;</body>"),
    "a processing instruction": content("<?php ?>"),
    "an XML declaration": `<?xml version='1.0'?>${content(BODY)}`,
    "a comment": content("<!-- -->"),
    "a prefix that is not bound": content("<c:body/>"),
    "a prefix of no name": content(`<:body xmlns='jabber:client'/>`),
    "two colons in a name": content("<a:b:c xmlns:a='a'/>"),
    "an attribute twice": content("<a xmlns='a' b='1' b='2'/>"),
    "an attribute that every object has": content("<a xmlns='a' __proto__='1'/>"),
    "too deep a tree": content(nested(31)),
    "too many elements": content("<a xmlns='a'/>".repeat(2000)),
    "too many attributes": content(`<a ${Array.from({ length: 40 }, (_, i) => `a${i}='1'`).join(" ")}/>`),
    "too large an envelope": content(`<a xmlns='a'>${" ".repeat(MAX_ENVELOPE_BYTES)}</a>`),
    "too large an envelope in bytes": content(`<a xmlns='a'>${"€".repeat(MAX_ENVELOPE_BYTES / 3)}</a>`),
    "bytes that are no UTF-8": Buffer.from(content("<a xmlns='a'>\xff</a>"), "latin1"),
    "overlong UTF-8": Buffer.from(content("<a xmlns='a'>\xc0\xaf</a>"), "latin1"),
    "a surrogate in UTF-8": Buffer.from(content("<a xmlns='a'>\xed\xa0\x80</a>"), "latin1"),
    "a character cut at the end": Buffer.from(`${content(BODY)}\xe2`, "latin1"),
    "a NUL": content("<a xmlns='a'>\0</a>"),
    "a reference to NUL": content("<a xmlns='a'>&#0;</a>"),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => readEnvelope(text)).throw(InvalidInput);
    });
  }

  it("takes as deep a tree, and as large an envelope, as it may", () => {
    expect(childrenOf(readEnvelope(content(nested(30))))).length(1);
    const room = MAX_ENVELOPE_BYTES - content("<a xmlns='a'></a>").length;
    expect(
      readEnvelope(content(`<a xmlns='a'>${" ".repeat(room)}</a>`))
        .content.getChild("a")
        ?.getText(),
    ).length(room);
  });

  it("throws nothing but InvalidInput, whatever the tree, the text or the bytes", () => {
    throwsOnlyInvalidInput(readEnvelope, hostileTree("envelope", NS).map(String));
    throwsOnlyInvalidInput(readEnvelope, fc.string({ unit: "binary" }));
    throwsOnlyInvalidInput(readEnvelope, fc.uint8Array());
    const flipped = fc.tuple(fc.nat(), fc.nat(255)).map(([place, byte]) => {
      const whole = Buffer.from(content(BODY, `<from jid='${JULIET}'/><time stamp='2026-01-31T09:30:00Z'/>`));
      whole[place % whole.length] = byte;
      return whole;
    });
    throwsOnlyInvalidInput(readEnvelope, flipped);
  });
});

describe("what comes out of an envelope", () => {
  const DROPPED: Record<string, string> = {
    "a hint": "<store xmlns='urn:xmpp:hints'/>",
    "a hint by prefix": "<h:no-store xmlns:h='urn:xmpp:hints'/>",
    "a stanza id": "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='example.org'/>",
    "a stanza id by prefix": "<s:stanza-id xmlns:s='urn:xmpp:sid:0' id='1' by='example.org'/>",
    addresses: "<addresses xmlns='http://jabber.org/protocol/address'/>",
    "the name of an encryption": "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>",
    "a second envelope": `<envelope xmlns='${NS}'><content/></envelope>`,
    "an element without a namespace of its own": "<body>O Romeo</body>",
    "an element that denies its namespace": "<body xmlns=''>O Romeo</body>",
    "an encrypted element": "<encrypted xmlns='urn:xmpp:omemo:2'/>",
    "an encrypted element of 0.3": "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
    "a carbon copy": "<received xmlns='urn:xmpp:carbons:2'/>",
    "an archived message": "<result xmlns='urn:xmpp:mam:2'/>",
    "a delay": "<delay xmlns='urn:xmpp:delay' stamp='2026-01-31T09:30:00Z'/>",
    "a stream management element": "<a xmlns='urn:xmpp:sm:3' h='1'/>",
    "a pubsub event": "<event xmlns='http://jabber.org/protocol/pubsub#event'/>",
    "what a room says": "<x xmlns='http://jabber.org/protocol/muc#user'/>",
    "what the component says": "<deliver xmlns='urn:twotick:mailbox:1'/>",
    "a stanza": "<message xmlns='jabber:client'/>",
    "an error": "<error xmlns='jabber:client'/>",
  };
  for (const [what, text] of Object.entries(DROPPED)) {
    it(`is not ${what}`, () => {
      const opened = readEnvelope(content(`${text}${BODY}${text}`));
      expect(childrenOf(opened)).eql([parseXml(BODY).toString()]);
    });
  }

  it("is what a person says, with the sender's own id", () => {
    const kept = [
      "<body xmlns='jabber:client'/>",
      "<subject xmlns='jabber:client'/>",
      "<thread xmlns='jabber:client'/>",
      "<origin-id xmlns='urn:xmpp:sid:0' id='1'/>",
      "<received xmlns='urn:xmpp:receipts' id='1'/>",
      "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
      "<trust-message xmlns='urn:xmpp:tm:1'/>",
      "<any xmlns='urn:example:any'/>",
    ];
    expect(childrenOf(readEnvelope(content(kept.join(" text "))))).eql(
      kept.map((text) => parseXml(text).toString()),
    );
  });
});

describe("writeEnvelope", () => {
  const rpad = (text: string): string => parseXml(text).getChildText("rpad", NS) ?? "none";

  it("always pads, by 0 to 200 random characters", () => {
    expect(rpad(writeEnvelope({ content: BODY, rpadLength: 0 }))).equal("");
    expect(rpad(writeEnvelope({ content: BODY, rpadLength: MAX_RPAD_LENGTH }))).length(200);
    const pads = Array.from({ length: 400 }, () => rpad(writeEnvelope({ content: BODY })));
    const lengths = new Set(pads.map(({ length }) => length));
    expect(Math.max(...lengths)).within(150, 200);
    expect(Math.min(...lengths)).within(0, 50);
    expect(lengths.size).greaterThan(100);
    expect(new Set(pads.filter(({ length }) => length > 20)).size).greaterThan(300);
  });

  it("writes bare JIDs alone", () => {
    const text = writeEnvelope({ content: BODY, from: "Juliet@example.org/balcony", to: `${ROMEO}/orchard` });
    expect(parseXml(text).getChild("from")?.attrs).eql({ jid: JULIET });
    expect(parseXml(text).getChild("to")?.attrs).eql({ jid: ROMEO });
    expect(Jid.parse(ROMEO).isFull).equal(false);
  });

  const refused: Record<string, Parameters<typeof writeEnvelope>[0]> = {
    "a from that is no JID": { content: BODY, from: "a'/><b c='" },
    "a to that is no JID": { content: BODY, to: "" },
    "more padding than is usual": { content: BODY, rpadLength: MAX_RPAD_LENGTH + 1 },
    "less padding than none": { content: BODY, rpadLength: -1 },
    "a time that is none": { content: BODY, time: Number.NaN },
    "a content that is too large": {
      content: `<body xmlns='jabber:client'>${"a".repeat(MAX_ENVELOPE_BYTES)}</body>`,
    },
    "a content that leaves its element": { content: `</content><from jid='${ROMEO}'/><content>` },
    "a content that is not well-formed": { content: "<body xmlns='jabber:client'>" },
    "a content that would not come out": { content: `${BODY}<store xmlns='urn:xmpp:hints'/>` },
    "a content without a namespace": { content: "<body/>" },
  };
  for (const [what, envelope] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => writeEnvelope(envelope)).throw(InvalidInput);
    });
  }
});
