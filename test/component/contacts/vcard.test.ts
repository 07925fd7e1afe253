import { expect } from "chai";
import { presentVcard4, presentVcardTemp } from "../../../component/contacts/vcard.js";
import { NS } from "../../../src/namespaces.js";
import { parseXml } from "../../../src/xml.js";

const NUMBER = "+15551230001@phone.example.org";
const ACCOUNT = "opaque-7f3a@example.org";
const PICTURE = Buffer.from("a picture").toString("base64");

describe("presentVcardTemp", () => {
  it("passes names and picture, and nothing that tells the account, where somebody lives or another number", () => {
    const vcard = parseXml(
      `<vCard xmlns='${NS.vcardTemp}'><FN>Juliet</FN><N><GIVEN>Juliet</GIVEN><X>${ACCOUNT}</X></N>
       <NICKNAME>me at ${ACCOUNT.toUpperCase()}</NICKNAME><JABBERID>${ACCOUNT}</JABBERID>
       <TEL><NUMBER>+15550000000</NUMBER></TEL><ADR><STREET>Via Cappello</STREET></ADR><URL>https://example.net</URL>
       <PHOTO><TYPE>image/png</TYPE><BINVAL>${PICTURE}</BINVAL></PHOTO></vCard>`,
    );
    expect(presentVcardTemp(vcard, NUMBER, ACCOUNT).toString()).to.equal(
      `<vCard xmlns="vcard-temp"><FN>Juliet</FN><N><GIVEN>Juliet</GIVEN></N>` +
        `<PHOTO><TYPE>image/png</TYPE><BINVAL>${PICTURE}</BINVAL></PHOTO><JABBERID>${NUMBER}</JABBERID></vCard>`,
    );
  });

  for (const [what, photo] of Object.entries({
    "that lies elsewhere": "<EXTVAL>https://example.net/a.png</EXTVAL>",
    "that is a document": `<TYPE>image/svg+xml</TYPE><BINVAL>${PICTURE}</BINVAL>`,
    "that is too large": `<TYPE>image/png</TYPE><BINVAL>${"A".repeat(200_000)}</BINVAL>`,
    "that is no base64": "<TYPE>image/png</TYPE><BINVAL>&lt;x&gt;</BINVAL>",
  })) {
    it(`leaves out a picture ${what}`, () => {
      const vcard = parseXml(`<vCard xmlns='${NS.vcardTemp}'><PHOTO>${photo}</PHOTO></vCard>`);
      expect(presentVcardTemp(vcard, NUMBER, ACCOUNT).getChild("PHOTO")).to.equal(undefined);
    });
  }
});

describe("presentVcard4", () => {
  it("passes names, and pictures that lie in it", () => {
    const vcard = parseXml(
      `<vcard xmlns='${NS.vcard4}'><fn><text>Juliet</text></fn><impp><uri>xmpp:${ACCOUNT}</uri></impp>
       <tel><uri>tel:+15550000000</uri></tel><photo><uri>https://example.net/a.png</uri></photo>
       <photo><uri>data:image/png;base64,${PICTURE}</uri></photo></vcard>`,
    );
    expect(presentVcard4(vcard, NUMBER, ACCOUNT).toString()).to.equal(
      `<vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0"><fn><text>Juliet</text></fn>` +
        `<photo><uri>data:image/png;base64,${PICTURE}</uri></photo><impp><uri>xmpp:${NUMBER}</uri></impp></vcard>`,
    );
  });
});
