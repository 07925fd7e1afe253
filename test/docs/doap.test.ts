import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readDoap } from "../../docs/xeps.js";
import { IMPLEMENTED } from "../../docs/support.js";

/** Reads RDF/XML with a parser that is strict about namespaces; prints `[address, status, note][]` as JSON. */
const READER = `
import json, sys
from xml.etree import ElementTree
RDF, DOAP, XMPP = ("{%s}" % one for one in (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://usefulinc.com/ns/doap#", "https://linkmauve.fr/ns/xmpp-doap#"))
root = ElementTree.fromstring(sys.stdin.buffer.read())
assert root.tag == RDF + "RDF", root.tag
(project,) = root
assert project.tag == DOAP + "Project", project.tag
for one in ("name", "shortdesc", "license", "programming-language", "os", "category"):
    assert project.find(DOAP + one) is not None, one
print(json.dumps([
    [one.find(XMPP + "xep").get(RDF + "resource"), one.findtext(XMPP + "status"), one.findtext(XMPP + "note")]
    for one in project.iterfind(DOAP + "implements/" + XMPP + "SupportedXep")]))
`;

/** What XEP-0453 §4.2 has for the status. */
const STATES = ["complete", "partial", "planned", "deprecated", "removed", "wontfix"];

function supported(document: string): [address: string, status: string, note: string][] {
  const output = execFileSync("python3", ["-c", READER], { input: document, encoding: "utf8" });
  return JSON.parse(output) as [string, string, string][];
}

describe("XEP-0453: descriptions of the component and the SDK", () => {
  for (const { path, current, wanted } of readDoap()) {
    const program = path.includes("sdk") ? "sdk" : "component";

    it(`${path} is well-formed RDF/XML that names every XEP which the ${program} implements`, () => {
      const found = supported(current);
      const implemented = Object.entries(IMPLEMENTED).filter(([, one]) => one[program] !== undefined);
      expect(found.map(([address]) => address)).members(
        implemented.map(([id]) => `https://xmpp.org/extensions/xep-${id.slice(4)}.html`),
      );
      for (const [address, status, note] of found) {
        expect(STATES, address).include(status);
        expect(note, address).not.equal("");
      }
    });

    it(`${path} is up to date`, () => {
      expect(current === wanted, "npm run xeps was run").equal(true);
    });
  }
});
