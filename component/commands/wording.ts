import { attribute, type Element, xml } from "../../src/xml.js";
import type { Sentence } from "../capability.js";
import type { Language } from "../languages/language.js";

/** Elements of forms that hold text for people. Source: XEP-0004 §3.1, §3.2 */
const TEXTS: ReadonlySet<string> = new Set(["title", "instructions", "desc"]);

/** What a command says, in the words of a language; as it stands where the language has none for it. */
export function inWords(language: Language, sentence: Sentence): string {
  const { text, values = {} } = typeof sentence === "string" ? { text: sentence } : sentence;
  const words = Object.hasOwn(language.commands, text) ? (language.commands[text] ?? text) : text;
  return words.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? "") : whole,
  );
}

/** A form with everything in it that is for people in the words of a language; values stay. */
export function formInWords(language: Language, form: Element): Element {
  const label = attribute(form, "label");
  const attributes = label === undefined ? form.attrs : { ...form.attrs, label: inWords(language, label) };
  const children = form.children.map((child) => {
    if (typeof child !== "string") return formInWords(language, child);
    return TEXTS.has(form.name) ? inWords(language, child) : child;
  });
  return xml(form.name, attributes, ...children);
}
