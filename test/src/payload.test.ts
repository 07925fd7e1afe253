import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { parsePayload, writeNormal } from "../../src/payload.js";
import { StreamParser } from "../../src/stream-parser.js";

/** What a payload is read as that has a stream to itself; `undefined` when it is refused. */
function readAlone(text: string): string | undefined {
  const elements: string[] = [];
  let isRefused = false;
  const parser = new StreamParser();
  parser.on("element", (element) => elements.push(writeNormal(element)));
  parser.on("refused", () => (isRefused = true));
  parser.on("error", () => (isRefused = true));
  parser.write("<payload>");
  const isInside = parser.write(text);
  parser.end("</payload>");
  return isInside && !isRefused && elements.length > 0 ? elements.join("") : undefined;
}

function read(text: string): string | undefined {
  try {
    return parsePayload(text)
      .map((element) => writeNormal(element))
      .join("");
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidInput);
    return undefined;
  }
}

describe("parsePayload", () => {
  const whole = "<body xmlns='a'>But soft</body><x/>";

  for (const [what, text] of Object.entries({
    nothing: "",
    "text alone": "But soft",
    "an element that stays open": "<body>But soft",
    "an open element behind one that is named as what ends a payload": "<end/><a>",
    "a tag that is cut": "<body",
    "a section that stays open": "<a><![CDATA[",
    "the end of what it stands in": "<a/></payload>",
    "that end and a new beginning": "<a/></payload><payload>",
    "an element that is not open": "<a/></b>",
    "a comment": "<a/><!-- -->",
    "an unknown entity": "<a>&nbsp;</a>",
    "elements that are too deep": "<a>".repeat(200) + "</a>".repeat(200),
  }))
    it(`refuses ${what}, and reads the next one`, () => {
      expect(readAlone(text), "by itself").to.equal(undefined);
      expect(() => parsePayload(text)).to.throw(InvalidInput);
      expect(parsePayload(whole)).to.have.length(2);
    });

  it("reads each as if it had a stream to itself", () => {
    const piece = fc.constantFrom(
      "<a>",
      "</a>",
      "<a/>",
      "<b x='1'>",
      "</b>",
      "<end/>",
      "</payload>",
      "<![CDATA[",
      "]]>",
      "text",
      " ",
      "&amp;",
      "&",
      "<",
      "'",
      "\ud83d",
      "\ude00",
    );
    const payloads = fc.array(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(payloads, (texts) => {
        for (const text of texts) expect(read(text), text).to.equal(readAlone(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
