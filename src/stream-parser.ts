import { EventEmitter } from "node:events";
import { endOfName, ILLEGAL_CHARACTER, isNameStart, isSpace, unescapeReferences } from "./stream-chars.js";
import { DEFAULT_STREAM_LIMITS, StreamError, type ParserCondition, type StreamLimits } from "./stream-limits.js";
import { StreamTree } from "./stream-tree.js";
import { Utf8Stream } from "./stream-utf8.js";
import type { Element } from "./xml.js";

export { DEFAULT_STREAM_LIMITS, StreamError, type ParserCondition, type StreamLimits } from "./stream-limits.js";

/** What a {@link StreamParser} tells, in the order of the bytes. */
export interface StreamParserEvents {
  /** The stream header has arrived. */
  start: [root: Element];
  /** A whole stanza (or nonza) has arrived; its parent is the stream header. */
  element: [element: Element];
  /** A stanza went over a limit of its structure and was left out; only its start tag is handed over. */
  refused: [head: Element, error: StreamError];
  /** The stream was closed. */
  end: [root: Element];
  /** The stream broke a rule; nothing follows. */
  error: [error: StreamError];
}

/** Where the reader stands. */
const At = {
  text: 0,
  markup: 1,
  openName: 2,
  tag: 3,
  attributeName: 4,
  equals: 5,
  quote: 6,
  value: 7,
  afterValue: 8,
  slash: 9,
  closeName: 10,
  closeEnd: 11,
  bang: 12,
  cdata: 13,
  declaration: 14,
} as const;

const CDATA = "[CDATA[";
const MAX_DECLARATION_LENGTH = 128;
const DECLARATION = /^xml\s+version\s*=\s*(?:"1\.\d+"|'1\.\d+')(?:\s[^<]*)?$/;
const ENCODING = /\sencoding\s*=\s*["']([^"']*)["']/;

/**
 * Reads one XML stream, strictly and within limits, and builds the `Element`s of `@xmpp/xml`.
 *
 * It emits what the parser of `@xmpp/xml` emits, so that it can be the `Parser` of an @xmpp connection. How
 * the bytes are cut into chunks makes no difference. What is not well-formed, or restricted, or too long
 * ends the stream with exactly one `error`. A stanza that is well-formed but too deep or has too many or too
 * long parts is skipped and told as `refused`, because anybody can have a server pass such a stanza on and
 * must not be able to end other people's stream; when nobody listens to `refused` it is an `error` too.
 * A listener that throws ends the parser as well. Source: RFC 6120 §11.
 */
export class StreamParser extends EventEmitter<StreamParserEvents> {
  readonly #limits: StreamLimits;
  readonly #utf8 = new Utf8Stream();
  readonly #tree: StreamTree;
  #at: number = At.text;
  #isOver = false;
  #isFresh = true;
  /** What has been read of the token that the last chunk's end cut. */
  #token = "";
  #name = "";
  #attributeName = "";
  #quote = '"';
  #stanzaBytes = 0;
  #countedTo = 0;
  #isSingleByte = true;

  /** @param limits those that differ from {@link DEFAULT_STREAM_LIMITS} */
  constructor(limits: Partial<StreamLimits> = {}) {
    super();
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    this.#tree = new StreamTree(this.#limits);
  }

  /** Whether the stream has ended or failed, after which nothing is read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads a chunk; answers false once the stream is over, when the chunk, or its rest, is not read. */
  write(chunk: Uint8Array | string): boolean {
    if (this.#isOver) return false;
    const { text, sizeBytes, isValid } = this.#utf8.decode(chunk);
    const illegal = text.search(ILLEGAL_CHARACTER);
    this.#isSingleByte = sizeBytes === text.length;
    this.#read(illegal < 0 ? text : text.slice(0, illegal));
    if (!this.#isOver && illegal >= 0) this.#fail("not-well-formed", "a character that XML does not have");
    // RFC 6120 §11.6: a stream is UTF-8
    if (!this.#isOver && !isValid) this.#fail("unsupported-encoding", "bytes that are not UTF-8");
    return !this.#isOver;
  }

  /** Reads a last chunk, after which the parser is over; a stream cut within a stanza is an `error`. */
  end(chunk?: Uint8Array | string): void {
    if (chunk !== undefined) this.write(chunk);
    if (this.#isOver) return;
    if (this.#at !== At.text || this.#tree.depth > 0) this.#fail("not-well-formed", "the stream was cut");
    this.#isOver = true;
  }

  #read(text: string): void {
    this.#countedTo = 0;
    let pos = 0;
    try {
      while (pos < text.length && !this.#isOver) pos = this.#step(text, pos);
      if (!this.#isOver) this.#count(text, text.length);
    } catch (error) {
      if (!(error instanceof StreamError)) this.#isOver = true;
      if (this.#isOver) throw error;
      this.#failWith(error as StreamError);
    }
  }

  #step(text: string, pos: number): number {
    switch (this.#at) {
      case At.text:
        return this.#readText(text, pos);
      case At.markup:
        return this.#readMarkup(text, pos);
      case At.openName:
      case At.closeName:
        return this.#readName(text, pos);
      case At.tag:
      case At.afterValue:
        return this.#readTag(text, pos);
      case At.attributeName:
        return this.#readAttributeName(text, pos);
      case At.equals:
      case At.quote:
        return this.#readEquals(text, pos);
      case At.value:
        return this.#readValue(text, pos);
      case At.slash:
      case At.closeEnd:
        return this.#readTagEnd(text, pos);
      case At.bang:
        return this.#readBang(text, pos);
      case At.cdata:
        return this.#readUntil(text, pos, "]]>", (token) => this.#tree.text(token));
      default:
        return this.#readUntil(text, pos, "?>", (token) => checkDeclaration(token));
    }
  }

  #readText(text: string, pos: number): number {
    const open = text.indexOf("<", pos);
    const end = open < 0 ? text.length : open;
    if (end > pos) {
      const piece = text.slice(pos, end);
      if (this.#tree.depth > 0) this.#token += piece;
      else if (!isBlank(piece)) this.#throw("bad-format", "text outside of a stanza", text, end);
      else this.#restartCount(end);
    }
    if (open < 0) return end;
    if (this.#token !== "") this.#tree.text(unescapeReferences(this.#takeToken()));
    this.#at = At.markup;
    return open + 1;
  }
}
