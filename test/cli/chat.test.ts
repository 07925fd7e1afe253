import { expect } from "chai";
import { completions, isQuit } from "../../cli/chat/chat-commands.js";
import { cleanText } from "../../cli/chat/clean-text.js";
import { plainLine } from "../../cli/chat/view.js";

describe("cleanText", () => {
  const cases: [why: string, text: string, shown: string][] = [
    ["what moves the cursor", "a\u001B[2J\rb", "a\uFFFD[2J\uFFFDb"],
    ["what sets the title of the window", "\u001B]0;x\u0007", "\uFFFD]0;x\uFFFD"],
    ["what turns the direction of writing", "a\u202Eb\u2066c", "a\uFFFDb\uFFFDc"],
    ["8-bit control characters", "a\u009B1mb", "a\uFFFD1mb"],
    ["tabs", "a\tb", "a b"],
  ];
  for (const [why, text, shown] of cases)
    it(`shows no ${why}`, () => expect(cleanText(text)).to.equal(shown));

  it("keeps lines, letters of all kinds and emojis", () => {
    expect(cleanText("नमस्ते\r\n👩‍👩‍👧 שלום")).to.equal("नमस्ते\n👩‍👩‍👧 שלום");
  });
});

describe("plainLine", () => {
  it("says who wrote what, and what is special about it", () => {
    const message = { id: "1", with: "+15551230002", isOwn: false, at: new Date(2026, 0, 1, 9, 5).getTime() };
    const line = plainLine({ ...message, text: "hi\u001B[1m", remarks: ["not encrypted"] });
    expect(line).to.equal("09:05 +15551230002 (not encrypted): hi\uFFFD[1m");
  });
});

describe("completions", () => {
  const people = (): readonly string[] => ["+15551230001", "+49301234567"];
  it("completes commands, and numbers behind /to", () => {
    expect(completions("/ver", people)).to.deep.equal(["/verify "]);
    expect(completions("/to +49", people)).to.deep.equal(["/to +49301234567"]);
    expect(completions("hello", people)).to.deep.equal([]);
    expect([isQuit("/quit"), isQuit("/quitter")]).to.deep.equal([true, false]);
  });
});
