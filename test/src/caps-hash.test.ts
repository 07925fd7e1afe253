import { expect } from "chai";
import { capsHash, featuresIn } from "../../src/caps-hash.js";
import { parseXml } from "../../src/xml.js";

const DISCO = "http://jabber.org/protocol/disco#info";

function info(content: string) {
  return parseXml(`<query xmlns='${DISCO}'>${content}</query>`);
}

const FEATURES = ["disco#info", "disco#items", "muc", "caps"]
  .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
  .join("");

const FORM = `<x xmlns='jabber:x:data' type='result'>
  <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
  <field var='ip_version'><value>ipv6</value><value>ipv4</value></field>
  <field var='os'><value>Mac</value></field>
  <field var='os_version'><value>10.5.1</value></field>
  <field var='software'><value>Psi</value></field>
  <field var='software_version'><value>0.11</value></field>
</x>`;

// The examples of XEP-0115 §5.2 and §5.3
const SIMPLE = `<identity category='client' name='Exodus 0.9.1' type='pc'/>${FEATURES}`;
const COMPLEX = `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>${FEATURES}${FORM}`;

describe("capsHash", () => {
  it("is that of the examples of XEP-0115", () => {
    expect(capsHash(info(SIMPLE), "sha-1")).to.equal("QgayPKawpkPSDYmwT/WM94uAlu0=");
    expect(capsHash(info(COMPLEX), "sha-1")).to.equal("q07IKJEyjvHSyhy//CH0CxmKi8w=");
  });

  it("knows the hash functions that are announced", () => {
    expect(capsHash(info(SIMPLE), "sha-256")).to.have.length(44);
    for (const unknown of ["md5", "SHA-1", "", "__proto__"])
      expect(capsHash(info(SIMPLE), unknown)).to.equal(undefined);
  });

  it("ignores a form that says nothing of its type", () => {
    const form = `<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>a</value></field></x>`;
    expect(capsHash(info(SIMPLE + form), "sha-1")).to.equal(capsHash(info(SIMPLE), "sha-1"));
  });

  const ambiguous: Readonly<Record<string, string>> = {
    "twice the same feature": `${SIMPLE}<feature var='http://jabber.org/protocol/muc'/>`,
    "twice the same identity": `${SIMPLE}<identity category='client' name='Exodus 0.9.1' type='pc'/>`,
    "twice the same form": COMPLEX + FORM,
    "a separator inside a feature": `${SIMPLE}<feature var='a&lt;b'/>`,
    "a separator inside an identity": `<identity category='client' type='pc' name='a&lt;b'/>`,
    "a form of two types": `<x xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'><value>a</value><value>b</value></field></x>`,
  };
  for (const [what, content] of Object.entries(ambiguous))
    it(`is none with ${what}`, () => {
      expect(capsHash(info(content), "sha-1")).to.equal(undefined);
    });

  it("tells apart what differs in one letter", () => {
    expect(capsHash(info(SIMPLE.replace("muc", "mud")), "sha-1")).not.to.equal(
      capsHash(info(SIMPLE), "sha-1"),
    );
  });
});

describe("featuresIn", () => {
  it("names every feature", () => {
    expect(featuresIn(info("<feature var='a'/><identity/><feature var='b'/>"))).to.deep.equal(["a", "b"]);
  });
});
