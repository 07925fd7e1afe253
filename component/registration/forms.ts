import { formElement, type Form } from "../../src/data-form.js";
import { NS } from "../../src/namespaces.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import { type Element, xml } from "../../src/xml.js";
import { type Language, say } from "../languages/language.js";

const channels = (language: Language) => [
  { value: "sms", label: say(language, "label-sms") },
  { value: "voice", label: say(language, "label-voice") },
];

const pins = (language: Language): Form["fields"] => [
  { name: "pin", type: "text-private", label: say(language, "label-pin") },
  { name: "new-pin", type: "text-private", label: say(language, "label-new-pin") },
];

/** The first form: the number. */
export function numberForm(language: Language): Form {
  return {
    type: "form",
    title: say(language, "title-register"),
    instructions: say(language, "register-instructions"),
    formType: NS.register,
    fields: [
      { name: "phone", type: "text-single", label: say(language, "label-number"), isRequired: true },
      {
        name: "channel",
        type: "list-single",
        label: say(language, "label-channel"),
        values: ["sms"],
        options: channels(language),
      },
    ],
  };
}

/** The second form: the code. */
export function codeForm(language: Language, number: PhoneNumber): Form {
  return {
    type: "form",
    title: say(language, "title-register"),
    instructions: say(language, "register-code-instructions", { number }),
    formType: NS.register,
    fields: [
      { name: "code", type: "text-single", label: say(language, "label-code") },
      ...pins(language),
      {
        name: "again",
        type: "list-single",
        label: say(language, "label-again"),
        options: channels(language),
      },
    ],
  };
}

/** Every field that either form may come back with, so that both can be answered at once. */
export const anyForm = (language: Language): Form => ({
  ...numberForm(language),
  fields: [
    ...numberForm(language).fields.map((field) => ({ ...field, isRequired: false })),
    ...codeForm(language, "" as PhoneNumber).fields,
  ],
});

/** What asks for a number: fields for apps without forms, and the form. Source: XEP-0077 §3.1, §4 */
export function askForNumber(language: Language, registered: PhoneNumber | undefined): Element {
  const instructions =
    registered === undefined
      ? say(language, "register-instructions")
      : say(language, "registered-instructions", { number: registered });
  return xml(
    "query",
    { xmlns: NS.register },
    registered === undefined ? undefined : xml("registered"),
    xml("instructions", {}, instructions),
    xml("phone", {}, registered),
    formElement({ ...numberForm(language), instructions }),
  );
}

/** What asks for the code: the field for apps without forms is the one for a secret. Source: XEP-0077 §3.1, §4 */
export function askForCode(language: Language, number: PhoneNumber): Element {
  return xml(
    "query",
    { xmlns: NS.register },
    xml("instructions", {}, say(language, "register-code-instructions", { number })),
    xml("password"),
    formElement(codeForm(language, number)),
  );
}
