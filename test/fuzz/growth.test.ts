import { expect } from "chai";
import { decodeBase64 } from "../../src/base64.js";
import { parseStamp } from "../../src/clock.js";
import { readForm } from "../../src/data-form.js";
import { readEnvelope } from "../../src/envelope.js";
import { TwotickError } from "../../src/errors.js";
import { messageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { readDeliver } from "../../src/mailbox-deliver.js";
import { readSubmit } from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { readEncrypted } from "../../src/omemo.js";
import { readEncrypted2 } from "../../src/omemo2.js";
import { readBundle } from "../../src/omemo-bundle.js";
import { readDeviceList } from "../../src/omemo-device-list.js";
import { parsePhoneNumber } from "../../src/written-number.js";
import { StreamParser } from "../../src/stream-parser.js";
import { readTrustMessage } from "../../src/trust-message.js";
import { type Element, parseXml } from "../../src/xml.js";
import { readVerificationUri } from "../../sdk/omemo/trust/verification-uri.js";

/** The larger input is this much larger: what grows with the square of it would take 64 times as long. */
const FACTOR = 8;

/** What growing in proportion may look like on a busy machine. */
const MAX_RATIO = 24;
const TURNS = 3;

/** What takes no longer than this at the larger size is fast enough however it grows. */
const TRIFLING_MS = 1;

/** An input of about so many characters, made before the clock runs, and what is done with it. */
type Case = (size: number) => () => unknown;

/** A reader of elements, given one with `count` times a piece inside. */
function repeated(read: (element: Element) => unknown, open: string, piece: string, close: string): Case {
  return (size) => {
    const element = parseXml(open + piece.repeat(Math.ceil(size / piece.length)) + close);
    return () => read(element);
  };
}

function stream(text: (size: number) => string, chunkSize?: number): Case {
  return (size) => {
    const bytes = Buffer.from(`<stream:stream xmlns='jabber:client' xmlns:stream='x'>${text(size)}`);
    return () => {
      const parser = new StreamParser();
      parser.on("refused", () => {});
      parser.on("error", () => {});
      for (let at = 0; at < bytes.length; at += chunkSize ?? bytes.length)
        parser.write(bytes.subarray(at, at + (chunkSize ?? bytes.length)));
    };
  };
}

const text = (work: (input: string) => unknown, piece: string, before = "", after = ""): Case => {
  return (size) => {
    const input = before + piece.repeat(Math.ceil(size / piece.length)) + after;
    return () => work(input);
  };
};

const base64 = (input: string): Buffer => decodeBase64(input, "it", { min: 0, max: 2 ** 20 });
const ENCRYPTED = `<encrypted xmlns='${NS.omemo}'><header sid='1'>`;
const ENVELOPE = `<envelope xmlns='${NS.sce}'><content>`;

const CASES: Record<string, Case> = {
  "a stream of text": stream((size) => `<a>${"x".repeat(size)}</a>`),
  "a stream of text, a byte at a time": stream((size) => `<a>${"x".repeat(size)}</a>`, 1),
  "a stream of references": stream((size) => `<a>${"&amp;".repeat(size / 5)}</a>`, 7),
  "a stream of an endless attribute, in small chunks": stream((size) => `<a b='${"x".repeat(size)}`, 16),
  "a stream of an endless name, in small chunks": stream((size) => `<${"a".repeat(size)}`, 16),
  "a stream of endless CDATA, in small chunks": stream((size) => `<a><![CDATA[${"]".repeat(size)}`, 16),
  "a stream of nested elements": stream((size) => "<a>".repeat(size / 3)),
  "a stream of attributes": stream((size) => `<a ${" b='c'".repeat(size / 6)}/>`),
  "a stream of different attributes": stream(
    (size) => `<a ${Array.from({ length: size / 10 }, (_, index) => `b${index}='c'`).join(" ")}/>`,
  ),
  "a stream of small stanzas": stream((size) => "<r/>".repeat(size / 4), 100),
  "keys of OMEMO 0.3": repeated(readEncrypted, ENCRYPTED, "<key rid='1'>AAAA</key>", "</header></encrypted>"),
  "a payload of OMEMO 0.3": repeated(
    readEncrypted,
    `${ENCRYPTED}<iv/></header><payload>`,
    "AAAA",
    "</payload></encrypted>",
  ),
  "keys of OMEMO 2": repeated(
    readEncrypted2,
    `<encrypted xmlns='${NS.omemo2}'><header sid='1'>`,
    "<keys jid='a'><key rid='1'>AAAA</key></keys>",
    "</header></encrypted>",
  ),
  "prekeys of a bundle": repeated(
    readBundle,
    `<bundle xmlns='${NS.omemo}'><prekeys>`,
    "<preKeyPublic/>",
    "</prekeys></bundle>",
  ),
  "a device list": repeated(readDeviceList, `<list xmlns='${NS.omemo}'>`, "<device id='1'/>", "</list>"),
  "a trust message": repeated(
    readTrustMessage,
    `<trust-message xmlns='${NS.trustMessages}' usage='a' encryption='b'>`,
    "<key-owner jid='a'><trust>AAAA</trust></key-owner>",
    "</trust-message>",
  ),
  "a submit": repeated(readSubmit, `<submit xmlns='${NS.mailbox}'>`, "<message id='a' to='b'/>", "</submit>"),
  "a delivery": repeated(
    readDeliver,
    `<deliver xmlns='${NS.mailbox}'>`,
    "<entry seq='1'><receipt state='read' from='a' at='2026-01-31T09:30:00Z'/></entry>",
    "</deliver>",
  ),
  "a data form": repeated(readForm, `<x xmlns='${NS.dataForms}' type='form'>`, "<field/>", "</x>"),
  "an envelope of nested elements": text(readEnvelope, "<a>", ENVELOPE),
  "an envelope of text": text(readEnvelope, "&#13;", ENVELOPE, "</content></envelope>"),
  "a JID of many parts": text((input) => Jid.parse(input), "@/"),
  "a JID of white space": text((input) => Jid.parse(input), " ", "a@"),
  "a phone number of brackets": text((input) => parsePhoneNumber(input, "US"), "("),
  "base64 that ends badly": text(base64, "AAAA", "", "!"),
  "base64 of white space": text(base64, " \n", "AAAA", "!"),
  "a stamp of digits": text(parseStamp, "0", "2026-01-31T09:30:00."),
  "a message id": text(messageId, "a", "", " "),
  "a verification URI": text(readVerificationUri, ";trust=%", "xmpp:a@b?"),
  "a verification URI of white space": text(readVerificationUri, " ", "xmpp:", "?"),
};

/** The fastest of some runs, in milliseconds: what others do on the machine makes them slower only. */
function fastestMs(work: () => unknown): number {
  let fastest = Infinity;
  for (let run = 0; run < 5; run += 1) {
    const start = performance.now();
    try {
      work();
    } catch (error) {
      if (!(error instanceof TwotickError)) throw error;
    }
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

describe("parsers of what others send", () => {
  for (const [what, make] of Object.entries(CASES)) {
    it(`take a time in proportion to the size of ${what}`, () => {
      const small = make(8_000);
      const large = make(8_000 * FACTOR);
      // Compiled first
      fastestMs(small);
      const ratio = (): number => fastestMs(large) / Math.max(fastestMs(small), TRIFLING_MS / FACTOR);
      // What grows with the square does so each time; a machine that is busy with something else does not
      let least = Infinity;
      for (let turn = 0; turn < TURNS && least >= MAX_RATIO; turn += 1) least = Math.min(least, ratio());
      expect(least).to.be.below(MAX_RATIO);
    }).timeout(60_000);
  }
});
