import { expect } from "chai";
import * as fc from "fast-check";
import { Element, xml } from "../../src/xml.js";
import { StreamParser, type StreamLimits } from "../../src/stream-parser.js";

const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s1'>`;

type Chunk = Uint8Array | string;

/** What a parser tells of the chunks, one line an event. */
function read(chunks: readonly Chunk[], limits?: Partial<StreamLimits>): string[] {
  const told: string[] = [];
  const parser = new StreamParser(limits);
  parser.on("start", (root) => told.push(`start ${root.name}`));
  parser.on("element", (element) => told.push(`element ${element.toString()}`));
  parser.on("refused", (head, error) => told.push(`refused ${head.toString()} ${error.message}`));
  parser.on("end", () => told.push("end"));
  parser.on("error", (error) => told.push(`error ${error.code}`));
  for (const chunk of chunks) parser.write(chunk);
  return told;
}

const readStanzas = (text: string, limits?: Partial<StreamLimits>) => read([HEADER + text], limits).slice(1);

const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
const text = fc.string({ unit: "binary", maxLength: 20 }).map((value) => value.replaceAll(NO_CHARACTER, "ä"));
const NO_CHARACTER = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const content = text.filter((value) => value !== "");
const { element } = fc.letrec<{ element: Element; child: Element | string }>((tie) => ({
  child: fc.oneof({ maxDepth: 3 }, content, tie("element")),
  element: fc
    .tuple(
      name,
      fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true }),
      fc.array(tie("child"), { maxLength: 4 }),
    )
    .map(([tag, attributes, children]) => xml(tag, attributes, ...children)),
}));

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return borders.slice(1).map((end, index) => bytes.slice(borders[index], end));
}

const HOSTILE: readonly (readonly [what: string, input: string, expected: string])[] = [
  ["a comment", "<a><!-- x --></a>", "restricted-xml"],
  ["a comment between stanzas", "<!-- x --><a/>", "restricted-xml"],
  ["a DTD", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "restricted-xml"],
  ["a processing instruction", "<a><?php x ?></a>", "restricted-xml"],
  ["a second XML declaration", "<?xml version='1.0'?><a/>", "restricted-xml"],
  ["an entity of a DTD", "<a>&lol9;</a>", "restricted-xml"],
  ["an entity of a DTD in an attribute", "<a b='&lol9;'/>", "restricted-xml"],
  ["an entity named like a method", "<a>&constructor;</a>", "restricted-xml"],
  ["an ampersand alone", "<a>b & c</a>", "not-well-formed"],
  ["a reference that is cut", "<a>&amp</a>", "not-well-formed"],
  ["a reference to NUL", "<a>&#0;</a>", "not-well-formed"],
  ["a reference to a surrogate", "<a>&#xD800;</a>", "not-well-formed"],
  ["a reference beyond Unicode", "<a>&#x110000;</a>", "not-well-formed"],
  ["a reference with letters", "<a>&#12a;</a>", "not-well-formed"],
  ["a control character", "<a>\u0001</a>", "not-well-formed"],
  ["a noncharacter", "<a>\uffff</a>", "not-well-formed"],
  ["an attribute twice", "<a b='1' b='2'/>", "not-well-formed"],
  ["an attribute without a value", "<a b/>", "not-well-formed"],
  ["an attribute without quotes", "<a b=1/>", "not-well-formed"],
  ["attributes without a space", "<a b='1'c='2'/>", "not-well-formed"],
  ["a < in an attribute", "<a b='<'/>", "not-well-formed"],
  ["a < in a tag", "<a <b/></a>", "not-well-formed"],
  ["a tag without a name", "< a/>", "not-well-formed"],
  ["a closing tag without a name", "<a></>", "not-well-formed"],
  ["a name that begins with a digit", "<1a/>", "not-well-formed"],
  ["a closing tag with attributes", "<a></a b='1'>", "not-well-formed"],
  ["a slash before the end of a tag", "<a / >", "not-well-formed"],
  ["a wrong closing tag", "<a></b>", "not-well-formed"],
  ["crossed tags", "<a><b></a></b>", "not-well-formed"],
  ["text between stanzas", "b", "bad-format"],
  ["CDATA between stanzas", "<![CDATA[b]]>", "bad-format"],
];

describe("StreamParser", () => {
  it("tells the header, each stanza with the stream as its parent, and the end", () => {
    const parser = new StreamParser();
    const stanzas: Element[] = [];
    parser.on("element", (stanza) => stanzas.push(stanza));
    let isEnded = false;
    parser.on("end", () => (isEnded = true));
    parser.write(
      `${HEADER}<message id='1'><body>a &lt; b &#x1F600; <![CDATA[<c>]]></body></message>\n<r/></stream:stream >`,
    );
    expect(stanzas.map(String)).to.deep.equal([
      '<message id="1"><body>a &lt; b 😀 &lt;c&gt;</body></message>',
      "<r/>",
    ]);
    expect(stanzas[0]).to.be.instanceOf(Element);
    expect(stanzas[0]?.getNS()).to.equal("jabber:client");
    expect([isEnded, parser.isOver]).to.deep.equal([true, true]);
  });

  it("reads back every tree that the library writes", () => {
    fc.assert(
      fc.property(element, (tree) => {
        expect(readStanzas(tree.toString())).to.deep.equal([`element ${tree.toString()}`]);
      }),
    );
  });

  it("tells the same however the bytes are cut", () => {
    const hostile = fc.constantFrom("", ...HOSTILE.map(([, input]) => input));
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 3 }),
        hostile,
        fc.array(fc.nat(), { maxLength: 12 }),
        (trees, bad, places) => {
          const limits = {
            maxDepth: 3,
            maxElements: 6,
            maxAttributes: 3,
            maxNameLength: 8,
            maxValueLength: 20,
          };
          const bytes = Buffer.from(`${HEADER}${trees.join(" ")}${bad}`);
          expect(read(cut(bytes, places), limits)).to.deep.equal(read([bytes], limits));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("tells the same of every hostile input a byte at a time", () => {
    for (const [, input] of HOSTILE) {
      const bytes = Buffer.from(`${HEADER}<ä/>${input}<b/>`);
      expect(read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).to.deep.equal(read([bytes]));
    }
  });

  it("keeps a character together that a chunk's border splits, in bytes and in strings", () => {
    const bytes = Buffer.from(`${HEADER}<body a='नमस्ते'>ä € 😀</body>`);
    const expected = ["start stream:stream", 'element <body a="नमस्ते">ä € 😀</body>'];
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).to.deep.equal(expected);
    }
    expect(read(Array.from(bytes.toString()))).to.deep.equal(expected);
  });

  for (const [what, input, condition] of HOSTILE) {
    it(`ends the stream with ${condition} for ${what}, after the stanzas before it`, () => {
      expect(readStanzas(`<before/>${input}<after/>`)).to.deep.equal([
        "element <before/>",
        `error ${condition}`,
      ]);
    });
  }

  for (const [what, bytes] of [
    ["a stray continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a character that is cut short", [0xe2, 0x82, 0x61]],
    ["a byte that UTF-8 does not have", [0xff]],
  ] as const) {
    it(`ends the stream with unsupported-encoding for ${what}`, () => {
      const input = Buffer.concat([
        Buffer.from(`${HEADER}<a>é</a><b>é`),
        Buffer.from(bytes),
        Buffer.from("</b>"),
      ]);
      const expected = ["start stream:stream", "element <a>é</a>", "error unsupported-encoding"];
      expect(read([input])).to.deep.equal(expected);
      expect(read(Array.from(input, (byte) => Uint8Array.of(byte)))).to.deep.equal(expected);
    });
  }

  it("takes an XML declaration only as the very first, and only of UTF-8", () => {
    expect(read([`<?xml version="1.0" encoding="utf-8"?><s>`])).to.deep.equal(["start s"]);
    expect(read([`<?xml version='1.0' encoding='ISO-8859-1'?><s>`])).to.deep.equal([
      "error unsupported-encoding",
    ]);
    expect(read([`<?pi version='1.0'?><s>`])).to.deep.equal(["error restricted-xml"]);
    expect(read([`<?xml ${"x".repeat(200)}`])).to.deep.equal(["error restricted-xml"]);
    expect(read([`<!DOCTYPE s><s>`])).to.deep.equal(["error restricted-xml"]);
  });

  it("fails once, then reads nothing and says so", () => {
    const parser = new StreamParser();
    let errors = 0;
    parser.on("error", () => (errors += 1));
    expect(parser.write(HEADER)).to.equal(true);
    expect(parser.write("<a>&nope;</a>")).to.equal(false);
    expect(parser.write("<a>&nope;</a>")).to.equal(false);
    expect([errors, parser.isOver]).to.deep.equal([1, true]);
  });

  it("reads nothing after the stream was closed", () => {
    expect(readStanzas("</stream:stream><a/>")).to.deep.equal(["end"]);
  });

  it("tells a stream that is cut within a stanza", () => {
    const parser = new StreamParser();
    let code = "";
    parser.on("error", (error) => (code = error.code));
    parser.end(`${HEADER}<a>`);
    expect(code).to.equal("not-well-formed");
  });

  it("ends when a listener throws, and lets the error through", () => {
    const parser = new StreamParser();
    parser.on("element", () => {
      throw new RangeError("mine");
    });
    let isTold = false;
    parser.on("error", () => (isTold = true));
    expect(() => parser.write(`${HEADER}<a/>`)).to.throw(RangeError);
    expect([parser.isOver, isTold]).to.deep.equal([true, false]);
  });

  describe("limits", () => {
    const nest = (depth: number) => "<d>".repeat(depth) + "</d>".repeat(depth);
    const tooMuch: readonly (readonly [string, Partial<StreamLimits>, passes: string, refused: string])[] = [
      ["depth", { maxDepth: 4 }, nest(4), nest(5)],
      ["elements", { maxElements: 4 }, "<a><b/><b/><b/></a>", "<a><b/><b/><b/><b/></a>"],
      ["attributes", { maxAttributes: 2 }, "<a><b c='1' d='2'/></a>", "<a><b c='1' d='2' e='3'/></a>"],
      ["an element's name", { maxNameLength: 3 }, "<a><bcd/></a>", "<a><bcde/></a>"],
      ["an attribute's name", { maxNameLength: 3 }, "<a bcd='1'/>", "<a bcde='1'/>"],
      ["an attribute's value", { maxValueLength: 3 }, "<a b='123'/>", "<a b='1234'/>"],
    ];
    for (const [what, limit, passes, refused] of tooMuch) {
      it(`leaves out a stanza over the limit of ${what}, and reads on`, () => {
        const told = readHeaderless(`${passes}${refused}<n/>`, limit);
        expect(told.map((line) => line.split(" ")[0])).to.deep.equal(["element", "refused", "element"]);
        expect(told.at(-1)).to.equal("element <n/>");
      });
    }

    it("hands over the start tag of a stanza left out, without its children", () => {
      const told = readHeaderless(`<message from='r@example.org' id='7'><x/>text${nest(5)}</message>`, {
        maxDepth: 4,
      });
      expect(told).to.deep.equal([`refused <message from="r@example.org" id="7"/> too deep`]);
    });

    it("survives a stanza nested 100,000 deep", () => {
      expect(readStanzas(`${nest(100_000)}<next/>`)).to.deep.equal([
        "refused <d/> too deep",
        "element <next/>",
      ]);
    });

    it("holds a stanza left out to the rules all the same", () => {
      expect(readHeaderless(`<a>${nest(5)}<x></y></a>`, { maxDepth: 4 })).to.deep.equal([
        "error not-well-formed",
      ]);
    });

    for (const key of ["__proto__", "constructor", "hasOwnProperty", "toString"]) {
      it(`leaves out a stanza with an attribute named ${key}, and changes no prototype`, () => {
        expect(readStanzas(`<a ${key}='x'/><b/>`)[0]).to.match(/^refused <a\/>/);
        expect(({} as Record<string, unknown>)["x"]).to.equal(undefined);
      });
    }

    it("ends the stream at a stanza of too many bytes, before the stanza is complete", () => {
      const stanza = `<a>${"ä".repeat(100)}</a>`;
      expect(read([HEADER, stanza], { maxStanzaBytes: 207 })).to.deep.equal([
        "start stream:stream",
        `element ${stanza}`,
      ]);
      expect(read([HEADER, stanza], { maxStanzaBytes: 206 })).to.deep.equal([
        "start stream:stream",
        "error policy-violation",
      ]);
      expect(read([HEADER, "<a b='", "x".repeat(300)], { maxStanzaBytes: 206 }).at(-1)).to.equal(
        "error policy-violation",
      );
    });

    it("counts each stanza by itself, and no white space between them", () => {
      const stanza = `<a>${"x".repeat(190)}</a>`;
      expect(
        read([HEADER, `${stanza}${" ".repeat(500)}${stanza}`, " ".repeat(500), stanza], {
          maxStanzaBytes: 200,
        }),
      ).to.have.length(4);
    });

    it("ends the stream at a header over a limit", () => {
      expect(read(["<s a='1' b='2'>"], { maxAttributes: 1 })).to.deep.equal(["error policy-violation"]);
    });

    it("ends the stream when nobody listens to what was left out", () => {
      const parser = new StreamParser();
      let code = "";
      parser.on("error", (error) => (code = error.code));
      parser.write(HEADER + nest(40));
      expect(code).to.equal("policy-violation");
    });
  });
});

/** Reads stanzas in a stream whose header passes the narrowest limits. */
function readHeaderless(text: string, limits: Partial<StreamLimits>): string[] {
  return read([`<s>${text}`], limits).slice(1);
}
