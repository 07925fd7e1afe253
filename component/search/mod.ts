import { formElement, type Form, readAnswer } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { type Element, reading, xml } from "../../src/xml.js";
import type { CapabilityModule, IqRequest } from "../capability.js";
import { Directory, type Finding } from "../directory/directory.js";
import { english } from "../languages/en.js";
import { type Language, say } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";

/** Finding people by number, with a data form or with the one old field that takes any text. Source: XEP-0055 §2 */
export const search: CapabilityModule = {
  name: "search",
  create(context) {
    const directory = new Directory(context);
    const offer = async ({ payload }: IqRequest): Promise<Element> => {
      const language = languageIn(payload) ?? english;
      return xml(
        "query",
        { xmlns: NS.search },
        xml("instructions", {}, say(language, "search-instructions")),
        xml("nick"),
        formElement(formIn(language)),
      );
    };
    const find = async ({ from, payload }: IqRequest): Promise<Element> => {
      const form = payload.getChild("x", NS.dataForms);
      const text = form ? reading(() => readForm(form)) : payload.getChildText("nick");
      if (text === undefined || text === null || text.trim() === "")
        throw new StanzaError("not-acceptable", "the number is missing");
      const finding = await directory.find(from, text);
      const answer = form ? table(finding, languageIn(payload) ?? english) : item(finding);
      return xml("query", { xmlns: NS.search }, answer);
    };
    const route = { element: "query", namespace: NS.search, addressee: "component" } as const;
    return {
      features: { component: [NS.search] },
      iqs: [
        { ...route, type: "get", handle: offer },
        { ...route, type: "set", handle: find },
      ],
    };
  },
};

function formIn(language: Language): Form {
  return {
    type: "form",
    title: say(language, "title-search"),
    instructions: say(language, "search-instructions"),
    formType: NS.search,
    fields: [{ name: "phone", type: "text-single", label: say(language, "label-number"), isRequired: true }],
  };
}

function readForm(form: Element): string | undefined {
  return readAnswer(formIn(english), form).get("phone")?.[0];
}

/** XEP-0055 §3: found items in a form; who was not found is an empty table. */
function table({ number, jid }: Finding, language: Language): Element {
  const field = (name: string, more: Record<string, string>, value?: string): Element =>
    xml("field", { var: name, ...more }, value === undefined ? undefined : xml("value", {}, value));
  const found =
    jid === undefined ? undefined : xml("item", {}, field("phone", {}, number), field("jid", {}, jid));
  return xml(
    "x",
    { xmlns: NS.dataForms, type: "result" },
    field("FORM_TYPE", { type: "hidden" }, NS.search),
    xml(
      "reported",
      {},
      field("phone", { type: "text-single", label: say(language, "label-number") }),
      field("jid", { type: "jid-single", label: say(language, "label-address") }),
    ),
    found,
  );
}

function item({ number, jid }: Finding): Element | undefined {
  return jid === undefined ? undefined : xml("item", { jid }, xml("nick", {}, number));
}
