import type { Texts } from "./texts.js";
import { german } from "./texts-de.js";
import { english } from "./texts-en.js";
import { spanish } from "./texts-es.js";

/** The languages of the page, by tag; the first is for who speaks none of them. */
const LANGUAGES: Readonly<Record<string, Texts>> = { en: english, de: german, es: spanish };
/** More than these nobody lists. */
const MAX_RANGES = 20;

/**
 * Finds the texts in the language that a browser would like most of those that there are.
 *
 * Source: RFC 9110 §12.5.4
 *
 * @param header `Accept-Language`
 */
export function textsFor(header: string | undefined): Texts {
  const wanted = (header ?? "")
    .split(",", MAX_RANGES)
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((one) => one.startsWith("q="));
      return { language: tag.split("-")[0] ?? "", quality: quality ? Number(quality.slice(2)) : 1 };
    })
    .filter(({ language, quality }) => quality > 0 && Object.hasOwn(LANGUAGES, language))
    // Of equals the first stays first
    .toSorted((a, b) => b.quality - a.quality);
  return LANGUAGES[wanted[0]?.language ?? "en"] ?? english;
}
