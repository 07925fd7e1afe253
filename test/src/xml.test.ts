import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput, STANZA_CONDITIONS, StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import {
  attribute,
  childElements,
  namespaceOf,
  parseStanzaError,
  parseXml,
  reading,
  requireAttribute,
  stanzaErrorElement,
  xml,
} from "../../src/xml.js";

describe("parseXml", () => {
  it("reads what was written, whatever the text", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((one) => !/\p{Cc}/u.test(one));
    fc.assert(
      fc.property(text, text, (value, content) => {
        const read = parseXml(xml("a", { xmlns: "urn:example", value }, xml("b", {}, content)).toString());
        expect(attribute(read, "value")).to.equal(value);
        expect(read.getChildText("b")).to.equal(content);
      }),
      { seed: 1 },
    );
  });

  for (const text of [
    "",
    "text",
    "<a>",
    "<a><b/>",
    "<a></b>",
    "<a",
    "<a><b></a></b>",
    "</a>",
    "<a>&b;</a>",
    "<a/><b/>",
    "<a/></a>",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseXml(text)).to.throw(StanzaError);
    });
  }
});

describe("attribute", () => {
  it("finds attributes of the element alone, never what every object has", () => {
    const element = parseXml("<a one='1'/>");
    expect(attribute(element, "one")).to.equal("1");
    for (const name of ["two", "__proto__", "constructor", "toString", "hasOwnProperty"])
      expect(attribute(element, name), name).to.equal(undefined);
    expect(() => requireAttribute(element, "__proto__"))
      .to.throw(StanzaError)
      .with.property("condition", "bad-request");
  });

  it("leaves every object as it is when an attribute is called __proto__", () => {
    const element = parseXml("<a __proto__='x' constructor='y'><__proto__ polluted='1'/></a>");
    expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
    expect(attribute(element, "constructor")).to.equal("y");
  });
});

describe("xml", () => {
  it("leaves out what is undefined", () => {
    expect(xml("a", { b: undefined, c: 1 }, undefined, "t").toString()).to.equal('<a c="1">t</a>');
  });

  it("finds children and their namespaces", () => {
    const element = parseXml("<a xmlns='urn:a'>text<b/><c xmlns='urn:c'/></a>");
    expect(childElements(element).map(namespaceOf)).to.deep.equal(["urn:a", "urn:c"]);
    expect(namespaceOf(parseXml("<a/>"))).to.equal("");
  });
});

describe("reading", () => {
  const conditionOf = (thrown: unknown): string => {
    try {
      reading(() => {
        throw thrown;
      });
    } catch (error) {
      return error instanceof StanzaError ? error.condition : "not a stanza error";
    }
    return "nothing";
  };

  it("turns invalid input into bad-request and keeps stanza errors", () => {
    expect(conditionOf(new InvalidInput("wrong"))).to.equal("bad-request");
    expect(conditionOf(new StanzaError("conflict", ""))).to.equal("conflict");
  });

  it("does not show a fault of ours to the peer", () => {
    expect(conditionOf(new TypeError("inner text"))).to.equal("not a stanza error");
  });
});

describe("stanzaErrorElement", () => {
  it("is read back as the same error", () => {
    for (const condition of STANZA_CONDITIONS) {
      const error = new StanzaError(condition, "a <text> & more", { applicationCondition: "mailbox-full" });
      const read = parseStanzaError(parseXml(stanzaErrorElement(error).toString()));
      const { type, message } = error;
      const application = { applicationCondition: "mailbox-full", applicationNamespace: NS.mailbox };
      expect(read).to.include({ condition, type, message, ...application });
    }
  });
});

describe("parseStanzaError", () => {
  it("takes what is missing or unknown for undefined-condition", () => {
    const ns = `xmlns='${NS.stanzaErrors}'`;
    const odd = [
      "<error/>",
      `<error><payment-required ${ns}/></error>`,
      `<error type='maybe'><toString ${ns}/></error>`,
    ];
    for (const text of odd)
      expect(parseStanzaError(parseXml(text)).condition, text).to.equal("undefined-condition");
    expect(parseStanzaError(undefined)).to.include({ condition: "undefined-condition", type: "cancel" });
  });
});
