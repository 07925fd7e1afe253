import { expect } from "chai";
import { sendableXml, UnsendableStanza } from "../../../component/link/sendable.js";
import { type Element, xml } from "../../../src/xml.js";

const RULES = { domain: "phone.example.org", maxSentBytes: 200 };
const ADDRESSES = "from='phone.example.org' to='juliet@example.org'";

describe("sendableXml", () => {
  const good: readonly string[] = [
    `<message ${ADDRESSES}/>`,
    `<iq type="get" to="example.org" id="1" from="a@PHONE.example.org/r@s"/>`,
    `<presence to='a' from='+1@phone.example.org/a/b'>text</presence>`,
    `<message ${ADDRESSES}>${"x".repeat(200 - 10 - 49 - 11)}</message>`,
  ];
  for (const stanza of good) {
    it(`passes ${stanza.slice(0, 60)}`, () => {
      expect(sendableXml(stanza, RULES)).to.equal(stanza);
    });
  }

  const bad: readonly (readonly [what: string, reason: string, stanza: Element | string])[] = [
    ["a string without to", "no-recipient", "<message from='phone.example.org'><a to='b'/></message>"],
    ["a string with an empty to", "no-recipient", "<message from='phone.example.org' to=''/>"],
    ["a string without from", "foreign-from", "<message to='a'><a from='phone.example.org'/></message>"],
    ["a string from another domain", "foreign-from", "<message from='phone.example.org@evil.org' to='a'/>"],
    ["a string from a subdomain", "foreign-from", "<message from='a.phone.example.org' to='a'/>"],
    [
      "a string with the domain in the resourcepart",
      "foreign-from",
      "<iq from='a/b@phone.example.org' to='a'/>",
    ],
    ["a string of another element", "not-a-stanza", `<messages ${ADDRESSES}/>`],
    ["the end of the stream", "not-a-stanza", "</stream:stream>"],
    ["nothing", "not-a-stanza", ""],
    ["a string with a control character", "illegal-character", `<message ${ADDRESSES}>\u0000</message>`],
    [
      "a string too large in bytes, not in characters",
      "too-large",
      `<message ${ADDRESSES}>${"€".repeat(60)}</message>`,
    ],
    ["an element without to", "no-recipient", xml("message")],
    ["an element from another domain", "foreign-from", xml("message", { from: "example.org", to: "a" })],
    ["an element that is none of the three", "not-a-stanza", xml("r", { to: "a" })],
    ["an element with a control character", "illegal-character", xml("message", { to: "a", id: "\u001f" })],
    ["an element that is too large", "too-large", xml("message", { to: "a" }, "x".repeat(200))],
  ];
  for (const [what, reason, stanza] of bad) {
    it(`refuses ${what} as ${reason}`, () => {
      expect(() => sendableXml(stanza, RULES))
        .to.throw(UnsendableStanza)
        .with.property("reason", reason);
    });
  }

  it("stays cheap: a start tag is read, not the stanza", () => {
    const body = `<message ${ADDRESSES}>${"<a from='x' to='y'/>".repeat(5)}</message>`;
    expect(sendableXml(body, RULES)).to.equal(body);
  });
});
