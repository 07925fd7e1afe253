import { createHash } from "node:crypto";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { isPhoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import type { CapabilityModule, IqRequest } from "../capability.js";
import { Directory } from "../directory/directory.js";

/** More entries than fit into a stanza that stock servers pass on. */
const MAX_ENTRIES = 10_000;

/**
 * Phone books as Quicksy's apps send them: all numbers at once, answered with the addresses of those who are here.
 *
 * Source: docs/sign-up-api.md
 */
export const phoneBook: CapabilityModule = {
  name: "phone-book",
  create(context) {
    const directory = new Directory(context);
    const synchronise = async ({ from, payload }: IqRequest): Promise<Element | undefined> => {
      const found = await directory.findAll(from, readNumbers(payload));
      context.events.phoneBookRead(from.bare);
      const entries = [...found].sort(([one], [other]) => (one < other ? -1 : 1));
      // An app that has all of this already gets an empty answer
      if (attribute(payload, "ver") === version(entries)) return undefined;
      return xml(
        "phone-book",
        { xmlns: NS.phoneBook },
        ...entries.map(([number, jid]) => xml("entry", { number }, xml("jid", {}, jid))),
      );
    };
    return {
      features: { component: [NS.phoneBook] },
      iqs: [
        {
          type: "get",
          element: "phone-book",
          namespace: NS.phoneBook,
          addressee: "component",
          handle: synchronise,
        },
      ],
    };
  },
};

/** What stands in a phone book and is no number is nobody's. */
function readNumbers(book: Element): PhoneNumber[] {
  const entries = book.getChildren("entry");
  if (entries.length > MAX_ENTRIES) throw new StanzaError("not-acceptable", "the phone book is too long");
  return entries.map((entry) => attribute(entry, "number") ?? "").filter((number) => isPhoneNumber(number));
}

/** The version of an answer: SHA-1 of its entries, parted by the separators of ASCII. */
function version(entries: readonly (readonly [PhoneNumber, string])[]): string {
  const text = entries.map(([number, jid]) => `${number}\u001e${jid}`).join("\u001d");
  return createHash("sha1").update(text).digest("base64");
}
