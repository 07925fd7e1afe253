import { attribute, type Element } from "../../src/xml.js";
import { german } from "./de.js";
import { english } from "./en.js";
import { spanish } from "./es.js";
import type { Language, Word } from "./language.js";

/** The languages that people are answered in, the one for everybody else first. */
export const LANGUAGES: readonly Language[] = [english, german, spanish];

const BY_TAG: ReadonlyMap<string, Language> = new Map(LANGUAGES.map((language) => [language.tag, language]));

/** A word as somebody wrote it, and the languages in which it means that. */
export interface KnownWord {
  readonly word: Word;
  readonly languages: readonly Language[];
}

const WORDS: ReadonlyMap<string, readonly KnownWord[]> = words();

/** The language of a tag (`de-AT`); `undefined` when we have none. Source: RFC 5646 §2.1 */
export function languageOf(tag: string | undefined): Language | undefined {
  return BY_TAG.get(tag?.split("-")[0]?.toLowerCase() ?? "");
}

/** The language that a stanza is written in, by the `xml:lang` of the element or what it stands in. */
export function languageIn(element: Element): Language | undefined {
  for (let one: Element | null = element; one; one = one.parent) {
    const tag = attribute(one, "xml:lang");
    if (tag !== undefined) return languageOf(tag);
  }
  return undefined;
}

/** Which word somebody wrote, in any of the languages; in `preferred` if it means something there. */
export function wordOf(text: string, preferred: Language | undefined): KnownWord | undefined {
  const known = WORDS.get(text.normalize("NFC").toLowerCase()) ?? [];
  return known.find(({ languages }) => preferred && languages.includes(preferred)) ?? known[0];
}

function words(): Map<string, KnownWord[]> {
  const all = new Map<string, KnownWord[]>();
  for (const language of LANGUAGES)
    for (const [word, forms] of Object.entries(language.words) as [Word, readonly string[]][])
      for (const form of forms) {
        const known = all.get(form) ?? [];
        const same = known.find((one) => one.word === word);
        const others = known.filter((one) => one !== same);
        all.set(form, [...others, { word, languages: [...(same?.languages ?? []), language] }]);
      }
  return all;
}
