import { expect } from "chai";
import { formInWords, inWords } from "../../../component/commands/wording.js";
import { english } from "../../../component/languages/en.js";
import { german } from "../../../component/languages/de.js";
import { formElement } from "../../../src/data-form.js";

describe("inWords", () => {
  const found = {
    text: "The address of {number} is {jid}.",
    values: { number: "+1", jid: "{number}@x" },
  } as const;

  it("says it in the language, filled in once", () => {
    expect(inWords(german, found)).to.equal("Die Adresse von +1 ist {number}@x.");
    expect(inWords(english, found)).to.equal("The address of +1 is {number}@x.");
  });

  it("leaves what the language has no words for, and no property of objects is one", () => {
    for (const text of ["toString", "__proto__", "Something else"])
      expect(inWords(german, text)).to.equal(text);
  });
});

describe("formInWords", () => {
  it("puts title, instructions and labels into the language, and leaves names and values", () => {
    const form = formElement({
      type: "form",
      title: "Privacy",
      instructions: "Choose those to unblock, or none.",
      fields: [
        {
          name: "Code",
          type: "list-single",
          label: "Code",
          values: ["Nobody"],
          options: [{ value: "Nobody", label: "Nobody" }],
        },
      ],
    });
    const before = String(form);
    const written = String(formInWords(german, form));
    expect(written).to.include("<title>Privatsphäre</title>").and.include('label="Niemand"');
    expect(written).to.include("<value>Nobody</value>").and.include('var="Code"');
    expect(String(form), "the form is kept for those who go back").to.equal(before);
  });
});
