import { expect } from "chai";
import { COMMAND_TEXTS } from "../../../component/languages/command-texts.js";
import { english } from "../../../component/languages/en.js";
import { say } from "../../../component/languages/language.js";
import { languageIn, languageOf, LANGUAGES, wordOf } from "../../../component/languages/languages.js";
import { parseXml } from "../../../src/xml.js";

const placeholders = (text: string): string[] => [...text.matchAll(/\{[\w-]+\}/g)].map(([one]) => one).sort();

describe("LANGUAGES", () => {
  it("have every text, refusal and word that English has, with the same places to fill in", () => {
    for (const language of LANGUAGES) {
      expect(Object.keys(language.texts).sort(), language.tag).to.deep.equal(
        Object.keys(english.texts).sort(),
      );
      expect(Object.keys(language.refusals).sort(), language.tag).to.deep.equal(
        Object.keys(english.refusals).sort(),
      );
      expect(Object.keys(language.words).sort(), language.tag).to.deep.equal(
        Object.keys(english.words).sort(),
      );
      for (const [name, text] of Object.entries(language.texts)) {
        expect(text, `${language.tag} ${name}`).to.not.equal("");
        expect(placeholders(text), `${language.tag} ${name}`).to.deep.equal(
          placeholders(english.texts[name as keyof typeof english.texts]),
        );
      }
    }
  });

  it("leave the places of a command's sentences to be filled in", () => {
    for (const { tag, commands } of LANGUAGES.filter((language) => language !== english))
      for (const text of COMMAND_TEXTS)
        expect(placeholders(commands[text] ?? ""), `${tag}: ${text}`).to.deep.equal(placeholders(text));
  });

  it("name in their help only words that they understand", () => {
    for (const language of LANGUAGES)
      for (const line of language.texts.help.split("\n").slice(1))
        expect(wordOf(line.split(" ")[0] ?? "", language)?.languages, line).to.include(language);
  });

  it("have no word that means two things in one language", () => {
    for (const language of LANGUAGES) {
      const forms = Object.values(language.words).flat();
      expect(new Set(forms).size, language.tag).to.equal(forms.length);
    }
  });
});

describe("wordOf", () => {
  it("reads a word whatever its case and composition, and knows no property of objects", () => {
    expect(wordOf("GERÄTE".normalize("NFD"), undefined)?.word).to.equal("devices");
    for (const name of ["__proto__", "constructor", "toString", ""])
      expect(wordOf(name, undefined)).to.equal(undefined);
  });
});

describe("languageIn", () => {
  it("takes the nearest xml:lang, and none for a language that is not there", () => {
    const message = parseXml(
      "<message xml:lang='de'><body xml:lang='es-MX'>x</body><subject>y</subject></message>",
    );
    expect(languageIn(message.getChild("body")!)?.tag).to.equal("es");
    expect(languageIn(message.getChild("subject")!)?.tag).to.equal("de");
    expect([languageOf("fr"), languageOf("__proto__"), languageOf(undefined)]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("say", () => {
  it("fills in what was given and nothing else, values with braces included", () => {
    expect(say(english, "wait", { text: "{seconds}", seconds: "5" })).to.equal("{seconds} (wait 5 seconds)");
    expect(say(english, "not-found", { __proto__: { number: "x" } } as never)).to.equal(
      "{number} is not here.",
    );
  });
});
