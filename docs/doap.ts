import { xml } from "../src/xml.js";
import { IMPLEMENTED } from "./support.js";
import { addressOf } from "./tables.js";

/** The two programs that have a description of their own. */
export type Program = "component" | "sdk";

const NAMESPACES = {
  xmlns: "http://usefulinc.com/ns/doap#",
  "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  "xmlns:xmpp": "https://linkmauve.fr/ns/xmpp-doap#",
};

const ABOUT: Readonly<
  Record<Program, { readonly name: string; readonly shortdesc: string; readonly category: string }>
> = {
  component: {
    name: "Twotick component",
    shortdesc: "Turns a stock Prosody into a messenger for phone numbers",
    category: "component",
  },
  sdk: {
    name: "Twotick SDK",
    shortdesc: "For bots and apps that write to phone numbers, encrypted, every message once",
    category: "library",
  },
};

/** The description of a program for machines: DOAP in RDF/XML, with the XEPs that it implements. Source: XEP-0453 §4 */
export function renderDoap(program: Program): string {
  const { name, shortdesc, category } = ABOUT[program];
  const supported = Object.entries(IMPLEMENTED)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, implementation]) => {
      const support = implementation[program];
      return support ? [supportedXep(id, ...support)] : [];
    });
  const properties = [
    xml("name", {}, name),
    xml("shortdesc", { "xml:lang": "en" }, shortdesc),
    xml("license", { "rdf:resource": "https://spdx.org/licenses/MIT" }),
    xml("programming-language", {}, "TypeScript"),
    xml("os", {}, "Linux"),
    xml("category", { "rdf:resource": `${NAMESPACES["xmlns:xmpp"]}category-${category}` }),
    ...supported,
  ];
  const head = Object.entries(NAMESPACES).map(([attribute, value]) => `${attribute}="${value}"`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<!-- Made by `npm run xeps` from docs/support.ts -->",
    `<rdf:RDF ${head.join(" ")}>`,
    "  <Project>",
    ...properties.map((property) => `    ${property.toString()}`),
    "  </Project>",
    "</rdf:RDF>",
    "",
  ].join("\n");
}

function supportedXep(id: string, status: string, note: string): ReturnType<typeof xml> {
  return xml(
    "implements",
    {},
    xml(
      "xmpp:SupportedXep",
      {},
      xml("xmpp:xep", { "rdf:resource": addressOf(id) }),
      xml("xmpp:status", {}, status),
      xml("xmpp:note", { "xml:lang": "en" }, note),
    ),
  );
}
