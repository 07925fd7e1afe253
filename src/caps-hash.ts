import { createHash } from "node:crypto";
import { NS } from "./namespaces.js";
import { attribute, type Element } from "./xml.js";

/** Hash functions of the registry of hash names that Node has, by their names there. Source: XEP-0300 §3, §5 */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-1", "sha1"],
  ["sha-256", "sha256"],
  ["sha-384", "sha384"],
  ["sha-512", "sha512"],
]);

/**
 * The verification string's hash of a disco#info answer: two apps with the same hash can do the same.
 *
 * Answers `undefined` for a hash function that is not known, and for an answer that could be made to look like
 * another's: twice the same entry, or a "<" inside one, which is also what separates them.
 * Source: XEP-0115 §5.1, §5.4
 */
export function capsHash(info: Element, hash: string): string | undefined {
  const algorithm = HASHES.get(hash);
  const forms = formsOf(info);
  if (algorithm === undefined || forms === undefined) return undefined;
  const identities = info
    .getChildren("identity")
    .map((one) => [one.attrs["category"], one.attrs["type"], one.attrs["xml:lang"], one.attrs["name"]])
    .map((parts) => parts.map((part) => String(part ?? "")).join("/"));
  const features = featuresIn(info);
  const lists = [identities, features];
  if (lists.some((list) => new Set(list).size < list.length)) return undefined;
  const parts = [...lists.flatMap((list) => list.sort(byOctets)), ...forms.sort(byFirst).flat()];
  if (parts.some((part) => part.includes("<"))) return undefined;
  return createHash(algorithm)
    .update(parts.map((part) => `${part}<`).join(""))
    .digest("base64");
}

/** The features that a disco#info answer names. Source: XEP-0030 §3.1 */
export function featuresIn(info: Element): string[] {
  return info.getChildren("feature").map((feature) => attribute(feature, "var") ?? "");
}

/** Forms as lists of what they add to the verification string; `undefined` when they are ambiguous. */
function formsOf(info: Element): string[][] | undefined {
  const forms: string[][] = [];
  for (const form of info.getChildren("x", NS.dataForms)) {
    const fields = form.getChildren("field").map(readField);
    const types = fields.filter(({ name }) => name === "FORM_TYPE");
    const type = types[0];
    // XEP-0115 §5.4: a form without a hidden FORM_TYPE is ignored, one with several values is ill-formed
    if (!type?.isHidden) continue;
    if (types.length > 1 || new Set(type.values).size > 1) return undefined;
    const others = fields.filter(({ name }) => name !== "FORM_TYPE");
    const byName = others.sort((one, other) => byOctets(one.name, other.name));
    forms.push([
      type.values[0] ?? "",
      ...byName.flatMap(({ name, values }) => [name, ...values.sort(byOctets)]),
    ]);
  }
  const named = forms.map(([type]) => type);
  return new Set(named).size < named.length ? undefined : forms;
}

function readField(field: Element): { name: string; isHidden: boolean; values: string[] } {
  return {
    name: attribute(field, "var") ?? "",
    isHidden: attribute(field, "type") === "hidden",
    values: field.getChildren("value").map((value) => value.getText()),
  };
}

// XEP-0115 §5.1: i;octet of RFC 4790 §9.3, which UTF-16 order is not
function byOctets(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function byFirst([one = ""]: readonly string[], [other = ""]: readonly string[]): number {
  return byOctets(one, other);
}
