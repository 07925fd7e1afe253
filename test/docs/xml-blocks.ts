import { readAttach, readAttached } from "../../src/mailbox-attach.js";
import { readDeliver } from "../../src/mailbox-deliver.js";
import { readStatus } from "../../src/mailbox-status.js";
import { readAcknowledgement, readSubmit, readSubmitted } from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { type Element, parseXml } from "../../src/xml.js";

/** What reads the elements of the mailbox protocol; the others hold a text, or nothing. */
const READERS: Readonly<Record<string, (element: Element) => unknown>> = {
  attach: readAttach,
  attached: readAttached,
  submit: readSubmit,
  submitted: readSubmitted,
  deliver: readDeliver,
  ack: readAcknowledgement,
};

const LEFT_OUT = "left-out";

/**
 * Reads a block of XML, every element of the mailbox protocol with its reader.
 *
 * @returns how many were read by theirs @throws what a reader throws
 */
export function readXmlBlock(code: string): number {
  const block = parseXml(`<block>${filledIn(code)}</block>`);
  return [...descendants(block)].filter((element) => {
    if (element.getNS() !== NS.mailbox || element.attrs["left-out"] || element.getChild(LEFT_OUT))
      return false;
    const isAnswer = element.name === "status" && element.getChild("recipient") !== undefined;
    const reader = isAnswer ? readStatus : READERS[element.name];
    // Only what stands at the top of a stanza: an `<ack/>` in a `<submit/>` is read with it
    if (!reader || element.parent?.getNS() === NS.mailbox) return false;
    reader(element);
    return true;
  }).length;
}

/** Puts something in the place of what a reader of the document can imagine. */
function filledIn(code: string): string {
  return code
    .replaceAll(/\((\d+) bytes, base64\)/g, (_, bytes: string) =>
      Buffer.alloc(Number(bytes), 1).toString("base64"),
    )
    .replaceAll("(base64)", "AAAA")
    .replaceAll(" … ", " left-out='true' ")
    .replaceAll(/<(attach|attached)\b([^>]*)>…</g, `<$1$2><${LEFT_OUT}/><`)
    .replaceAll(/>…</g, "><x xmlns='urn:example:content'/><")
    .replaceAll("…", "x");
}

function* descendants(element: Element): Generator<Element> {
  for (const child of element.getChildElements()) {
    yield child;
    yield* descendants(child);
  }
}
