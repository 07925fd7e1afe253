import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";

/** Characters of a text field; nobody's name is longer. */
const MAX_TEXT_CHARS = 1_000;

/** Characters of a picture as base64: 96 KiB, with which an answer stays well below what a client's stanza may have. */
const MAX_PICTURE_CHARS = 128 * 1024;

const PICTURE_TYPE = /^image\/(?:png|jpeg|gif|webp)$/;
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

/** Fields of a vCard that pass, with those inside them; what is not named here tells more than a contact may know. */
const TEMP_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["FN", []],
  ["N", ["FAMILY", "GIVEN", "MIDDLE", "PREFIX", "SUFFIX"]],
  ["NICKNAME", []],
  ["ORG", ["ORGNAME", "ORGUNIT"]],
  ["TITLE", []],
  ["ROLE", []],
  ["NOTE", []],
  ["DESC", []],
]);

const VCARD4_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["fn", ["text"]],
  ["n", ["surname", "given", "additional", "prefix", "suffix"]],
  ["nickname", ["text"]],
  ["org", ["text"]],
  ["title", ["text"]],
  ["role", ["text"]],
  ["note", ["text"]],
]);

/**
 * Makes a vCard for others of an account's own: name, picture and a few words, the number in place of the account.
 *
 * @param secret what must not stand in it: the account's bare JID
 * Source: XEP-0054 §3
 */
export function presentVcardTemp(vcard: Element, numberJid: string, secret: string): Element {
  return xml(
    "vCard",
    { xmlns: NS.vcardTemp },
    ...copyFields(vcard, TEMP_FIELDS, secret),
    ...vcard.getChildren("PHOTO").slice(0, 1).flatMap(copyPhoto),
    xml("JABBERID", {}, numberJid),
  );
}

/** The same of a vCard4. Source: XEP-0292 §3, RFC 6351 */
export function presentVcard4(vcard: Element, numberJid: string, secret: string): Element {
  const pictures = vcard
    .getChildren("photo")
    .map((photo) => photo.getChildText("uri") ?? "")
    // An address elsewhere would tell its owner who looks, and may hold the account's
    .filter((uri) => isDataUri(uri))
    .slice(0, 1)
    .map((uri) => xml("photo", {}, xml("uri", {}, uri)));
  return xml(
    "vcard",
    { xmlns: NS.vcard4 },
    ...copyFields(vcard, VCARD4_FIELDS, secret),
    ...pictures,
    xml("impp", {}, xml("uri", {}, `xmpp:${numberJid}`)),
  );
}

function copyFields(
  vcard: Element,
  fields: ReadonlyMap<string, readonly string[]>,
  secret: string,
): Element[] {
  return [...fields].flatMap(([name, parts]) => {
    const field = vcard.getChild(name);
    if (!field) return [];
    if (parts.length === 0) return isTold(field, secret) ? [xml(name, {}, field.getText())] : [];
    const inner = parts.flatMap((part) => {
      const child = field.getChild(part);
      return child && isTold(child, secret) ? [xml(part, {}, child.getText())] : [];
    });
    return inner.length === 0 ? [] : [xml(name, {}, ...inner)];
  });
}

function isTold(element: Element, secret: string): boolean {
  const text = element.getText();
  return text !== "" && text.length <= MAX_TEXT_CHARS && !text.toLowerCase().includes(secret.toLowerCase());
}

function copyPhoto(photo: Element): Element[] {
  const [type, data] = [photo.getChildText("TYPE") ?? "", photo.getChildText("BINVAL") ?? ""];
  if (!PICTURE_TYPE.test(type) || data === "" || data.length > MAX_PICTURE_CHARS || !BASE64.test(data))
    return [];
  return [xml("PHOTO", {}, xml("TYPE", {}, type), xml("BINVAL", {}, data))];
}

function isDataUri(uri: string): boolean {
  const [, type = "", data = ""] = /^data:([^;,]{1,32});base64,(.*)$/s.exec(uri) ?? [];
  return PICTURE_TYPE.test(type) && data.length <= MAX_PICTURE_CHARS && BASE64.test(data);
}
