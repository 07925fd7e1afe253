import { expect } from "chai";
import { parsePlay } from "../../../../sdk/testing/plays/parse-play.js";
import { InvalidInput } from "../../../../src/errors.js";

const PLAY = `# The title
# What it is about,
# in two lines
## slow
## status: stable
## proves: XEP-0184 §5.3: A receipt: given when asked

[Client] Juliet
	jid: juliet@localhost
	password: secret

[Client] Juliet's phone
	jid: juliet@localhost
	resource: mobile

---------
// a comment of an editor
Juliet connects

# a comment
Juliet's phone sends:
	<message>

		<body>Hi</body>
	</message>

Juliet receives: nothing
`;

describe("parsePlay", () => {
  it("reads title, tags, rules, characters and acts of a scansion script", () => {
    const { title, description, tags, rules, characters, acts } = parsePlay(PLAY, "p.scs");
    expect(title).to.equal("The title");
    expect(description).to.equal("What it is about, in two lines");
    expect([tags.get("slow"), tags.get("status")]).to.deep.equal(["", "stable"]);
    expect(rules).to.deep.equal([{ source: "XEP-0184 §5.3", sentence: "A receipt: given when asked" }]);
    expect(characters.map(({ properties }) => [...properties.values()])).to.deep.equal([
      ["juliet@localhost", "secret"],
      ["juliet@localhost", "mobile"],
    ]);
    expect(
      acts.map(({ character, verb, content, line }) => [character?.name, verb, content, line]),
    ).to.deep.equal([
      ["Juliet", "connects", "", 18],
      ["Juliet's phone", "sends", "<message>\n\n<body>Hi</body>\n</message>", 21],
      ["Juliet", "receives", "nothing", 27],
    ]);
  });

  it("tells a device of a person from somebody of that name", () => {
    const text = "[Person] Juliet\n\nJuliet's laptop hears from Romeo: Hi: there\n";
    const [act] = parsePlay(text, "p.scs").acts;
    expect(act).to.include({ device: "laptop", verb: "hears from Romeo", content: "Hi: there" });
  });

  for (const [what, text, line] of [
    ["somebody unknown", "# T\n\nRomeo connects\n", 3],
    ["an unknown kind of character", "[Server] Verona\n", 1],
    ["a line that belongs to nothing", "# T\n\n\t<presence/>\n", 3],
  ] as const)
    it(`names file and line of ${what}`, () => {
      expect(() => parsePlay(text, "p.scs")).to.throw(InvalidInput, new RegExp(`^p.scs:${line}: `));
    });
});
