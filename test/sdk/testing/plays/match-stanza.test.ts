import { expect } from "chai";
import { matchStanza } from "../../../../sdk/testing/plays/match-stanza.js";
import { parseXml } from "../../../../src/xml.js";

interface Case {
  readonly what: string;
  readonly expected: string;
  readonly received: string;
  /** What differs; nothing where it fits. */
  readonly faults?: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    what: "more attributes and children of the stream's namespace",
    expected: "<message id='1'><body>Hi</body></message>",
    received: "<message id='1' to='a'><x xmlns='urn:x'/><body>Hi</body></message>",
  },
  {
    what: "a missing attribute",
    expected: "<message id='1' from='b'/>",
    received: "<message id='1'/>",
    faults: [/from="b" is missing/],
  },
  {
    what: "another text",
    expected: "<message><body>Hi</body></message>",
    received: "<message><body>Ho</body></message>",
    faults: [/<body\/>: says "Ho", not "Hi"/],
  },
  {
    what: "a surplus attribute of another namespace",
    expected: "<iq><query xmlns='urn:x'/></iq>",
    received: "<iq><query xmlns='urn:x' node='n'/></iq>",
    faults: [/node="n" is too much/],
  },
  {
    what: "a surplus child of another namespace",
    expected: "<iq><query xmlns='urn:x'><a/></query></iq>",
    received: "<iq><query xmlns='urn:x'><a/><b/></query></iq>",
    faults: [/<b\/> is too much/],
  },
  {
    what: "another order in another namespace",
    expected: "<iq><query xmlns='urn:x'><a/><b/></query></iq>",
    received: "<iq><query xmlns='urn:x'><b/><a/></query></iq>",
    faults: [/came <b/, /came <a/],
  },
  {
    what: "what is made lenient",
    expected: "<iq><query xmlns='urn:x' scansion:strict='false'><b/><a/></query></iq>",
    received: "<iq><query xmlns='urn:x' node='n'><a/><c/><b/></query></iq>",
  },
  {
    what: "what is made strict",
    expected: "<message scansion:strict='true' id='1'/>",
    received: "<message id='1' to='a'/>",
    faults: [/to="a" is too much/],
  },
  {
    what: "any value, where there is one",
    expected: "<iq id='{scansion:any}'><q xmlns='urn:x' at='{scansion:any}'/></iq>",
    received: "<iq id='7'><q xmlns='urn:x'/></iq>",
    faults: [/at="\{scansion:any\}" is missing/],
  },
  {
    what: "a value that a regular expression matches",
    expected: "<iq id='{scansion:matches:[a-f]{2}\\d}'><q xmlns='urn:x'>{scansion:matches:Hi|Ho}</q></iq>",
    received: "<iq id='ab7'><q xmlns='urn:x'>Ho</q></iq>",
  },
  {
    what: "a value of which a regular expression matches a part",
    expected: "<iq id='{scansion:matches:a|7}'/>",
    received: "<iq id='a7'/>",
    faults: [/id is "a7", not/],
  },
  {
    what: "the same name in another namespace",
    expected: "<message><x xmlns='urn:x'/></message>",
    received: "<message><x xmlns='urn:y'/></message>",
    faults: [/came <x xmlns='urn:y'\/> instead/],
  },
];

describe("matchStanza", () => {
  for (const { what, expected, received, faults = [] } of CASES)
    it(`${faults.length === 0 ? "accepts" : "tells of"} ${what}`, () => {
      const found = matchStanza(parseXml(expected), parseXml(received));
      expect(found).to.have.length(faults.length);
      for (const [index, fault] of faults.entries()) expect(found[index]).to.match(fault);
    });

  it("keeps what is captured", () => {
    const captured = new Map<string, string>();
    const expected = parseXml("<iq id='{scansion:capture:one}'/>");
    expect(matchStanza(expected, parseXml("<iq id='7'/>"), captured)).to.deep.equal([]);
    expect(captured.get("one")).to.equal("7");
  });
});
