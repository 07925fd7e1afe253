import { expect } from "chai";
import { formElement, readAnswer, readForm, submitElement, type Form } from "../../src/data-form.js";
import { InvalidInput } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { parseXml, xml } from "../../src/xml.js";

const form: Form = {
  type: "form",
  title: "A title",
  instructions: "Fill it in & send it",
  formType: "urn:example:form",
  fields: [
    { type: "fixed", values: ["a heading"] },
    { name: "name", type: "text-single", label: "Name", description: "Any", isRequired: true },
    { name: "sure", type: "boolean" },
    { name: "way", type: "list-single", options: [{ value: "sms", label: "SMS" }, { value: "voice" }] },
    { name: "many", type: "list-multi", options: [{ value: "1" }, { value: "2" }] },
    { name: "lines", type: "text-multi" },
  ],
};

describe("formElement", () => {
  it("writes title, instructions, the hidden FORM_TYPE, fields and options", () => {
    const text = formElement(form).toString();
    expect(text).to.match(/^<x xmlns="jabber:x:data" type="form"><title>A title<\/title><instructions>/);
    expect(text).to.include('<field var="FORM_TYPE" type="hidden"><value>urn:example:form</value></field>');
    expect(text).to.include(
      '<field var="name" type="text-single" label="Name"><desc>Any</desc><required/></field>',
    );
    expect(text).to.include('<option label="SMS"><value>sms</value></option>');
  });

  it("is read back as it was written", () => {
    const read = readForm(parseXml(formElement(form).toString()));
    expect(read.type).to.equal("form");
    expect(read.formType).to.equal("urn:example:form");
    expect([...read.values.keys()]).to.deep.equal(["name", "sure", "way", "many", "lines"]);
  });
});

describe("submitElement", () => {
  it("writes what was given and leaves out what was not", () => {
    const text = submitElement("urn:example:form", {
      name: "Romeo",
      many: ["1", "2"],
      sure: undefined,
    }).toString();
    expect(text).to.equal(
      '<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden"><value>urn:example:form</value></field>' +
        '<field var="name"><value>Romeo</value></field><field var="many"><value>1</value><value>2</value></field></x>',
    );
  });
});

describe("readForm", () => {
  const field = (name: string) => xml("field", { var: name }, xml("value", {}, "1"));
  const refused = [
    ["another element", xml("y", { xmlns: NS.dataForms, type: "submit" })],
    ["another namespace", xml("x", { xmlns: "urn:x", type: "submit" })],
    ["an unknown type", xml("x", { xmlns: NS.dataForms, type: "banana" })],
    ["no type", xml("x", { xmlns: NS.dataForms })],
    ["a field named twice", xml("x", { xmlns: NS.dataForms, type: "submit" }, field("a"), field("a"))],
    [
      "too many fields",
      xml(
        "x",
        { xmlns: NS.dataForms, type: "submit" },
        ...Array.from({ length: 65 }, (_, i) => field(`f${i}`)),
      ),
    ],
  ] as const;
  for (const [what, element] of refused)
    it(`refuses ${what}`, () => expect(() => readForm(element)).to.throw(InvalidInput));

  it("is not fooled by names of JavaScript's own", () => {
    const read = readForm(xml("x", { xmlns: NS.dataForms, type: "submit" }, field("__proto__")));
    expect(read.values.get("__proto__")).to.deep.equal(["1"]);
  });
});

describe("readAnswer", () => {
  const answer = (values: Record<string, string | string[]>) =>
    Object.fromEntries(readAnswer(form, submitElement("urn:example:form", values)));

  it("answers typed values, without what was left empty or not asked for", () => {
    expect(
      answer({ name: "Romeo", sure: "true", way: "voice", lines: ["a", "b"], many: "", other: "x" }),
    ).to.deep.equal({
      name: ["Romeo"],
      sure: ["1"],
      way: ["voice"],
      lines: ["a", "b"],
    });
    expect(answer({ name: "Romeo", sure: "0" })["sure"]).to.deep.equal(["0"]);
  });

  const refused: readonly (readonly [string, Record<string, string | string[]>])[] = [
    ["a required field that is missing", {}],
    ["a required field that is empty", { name: "" }],
    ["a boolean that is none", { name: "a", sure: "maybe" }],
    ["what a list does not offer", { name: "a", way: "pigeon" }],
    ["one wrong of many", { name: "a", many: ["1", "3"] }],
    ["two values for one", { name: ["a", "b"] }],
  ];
  for (const [what, values] of refused)
    it(`refuses ${what}`, () => expect(() => answer(values)).to.throw(InvalidInput));

  it("refuses the answer to another form, and a form that is no answer", () => {
    expect(() => readAnswer(form, submitElement("urn:other", { name: "a" }))).to.throw(InvalidInput);
    expect(() => readAnswer(form, formElement(form))).to.throw(InvalidInput);
    expect(readAnswer(form, submitElement(undefined, { name: "a" })).get("name")).to.deep.equal(["a"]);
  });
});
