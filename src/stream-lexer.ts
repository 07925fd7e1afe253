import { endOfName, isNameStart, isSpace, unescapeReferences } from "./stream-chars.js";
import { StreamError } from "./stream-limits.js";

/** Who is told what the lexer reads. */
export interface LexerSink {
  /** Whether an element beneath the stream header is open, so that text may stand here. */
  readonly isInStanza: boolean;
  /** An attribute of the element that opens next; `writtenLength` counts it before references were resolved. */
  attribute(name: string, value: string, writtenLength: number): void;
  /** A start tag is complete, and ends before `end`. */
  open(name: string, text: string, end: number): void;
  /** An end tag is complete, and ends before `end`. */
  close(name: string, text: string, end: number): void;
  /** A run of text, references resolved. */
  text(text: string): void;
  /** White space between stanzas, up to `end`. */
  keepalive(end: number): void;
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
const EXCLAMATION = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const MAX_DECLARATION_LENGTH = 128;
const DECLARATION = /^xml\s+version\s*=\s*(?:"1\.\d+"|'1\.\d+')(?:\s[^<]*)?$/;
const ENCODING = /\sencoding\s*=\s*["']([^"']*)["']/;

/** Takes a stream of XML apart, however it is cut. Source: XML 1.0, restricted by RFC 6120 §11.1. */
export class StreamLexer {
  readonly #sink: LexerSink;
  #at: number = At.text;
  /** Whether only white space came so far. */
  #isFresh = true;
  /** What has been read of the token that the last chunk's end cut. */
  #token = "";
  #held = "";
  #name = "";
  #attributeName = "";
  #quote = '"';

  /** @param sink who is told */
  constructor(sink: LexerSink) {
    this.#sink = sink;
  }

  /** Whether nothing is half read. */
  get isBetweenTags(): boolean {
    return this.#at === At.text;
  }

  /** Reads one step from `pos` on; answers where it stopped. @throws {StreamError} */
  step(text: string, pos: number): number {
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
        return this.#readCdata(text, pos);
      default:
        return this.#readDeclaration(text, pos);
    }
  }

  #readText(text: string, pos: number): number {
    const open = text.indexOf("<", pos);
    const end = open < 0 ? text.length : open;
    if (end > pos) this.#keepText(text.slice(pos, end), end);
    if (open < 0) return end;
    if (this.#token !== "") this.#sink.text(unescapeReferences(this.#takeToken()));
    this.#at = At.markup;
    return open + 1;
  }

  #keepText(piece: string, end: number): void {
    if (this.#sink.isInStanza) {
      this.#token += piece;
      return;
    }
    // RFC 6120 §4.6.1: white space between stanzas is a keepalive
    if (!isBlank(piece)) throw new StreamError("bad-format", "text outside of a stanza");
    this.#sink.keepalive(end);
  }

  #readMarkup(text: string, pos: number): number {
    const code = text.charCodeAt(pos);
    if (code === SLASH) {
      this.#at = At.closeName;
      return pos + 1;
    }
    if (isNameStart(code)) {
      this.#at = At.openName;
      return pos;
    }
    if (code === QUESTION && this.#isFresh) {
      this.#at = At.declaration;
      return pos + 1;
    }
    // RFC 6120 §11.1: no processing instructions
    if (code === QUESTION) throw new StreamError("restricted-xml", "a processing instruction");
    if (code !== EXCLAMATION) throw new StreamError("not-well-formed", "a tag without a name");
    this.#at = At.bang;
    return pos + 1;
  }

  #readBang(text: string, pos: number): number {
    const end = Math.min(text.length, pos + CDATA.length - this.#token.length);
    this.#token += text.slice(pos, end);
    // RFC 6120 §11.1: no comments, no DTD
    if (!CDATA.startsWith(this.#token)) throw new StreamError("restricted-xml", "a comment or a DTD");
    if (this.#token.length < CDATA.length) return end;
    if (!this.#sink.isInStanza) throw new StreamError("bad-format", "text outside of a stanza");
    this.#token = "";
    this.#at = At.cdata;
    return end;
  }

  #readName(text: string, pos: number): number {
    const end = endOfName(text, pos);
    if (end === text.length) {
      this.#token += text.slice(pos);
      return end;
    }
    this.#name = this.#token === "" ? text.slice(pos, end) : this.#takeToken() + text.slice(pos, end);
    if (!isNameStart(this.#name.charCodeAt(0)))
      throw new StreamError("not-well-formed", "a tag without a name");
    this.#at = this.#at === At.openName ? At.afterValue : At.closeEnd;
    return end;
  }

  /** Reads what stands between attributes; from `afterValue` on, a space must come before the next one. */
  #readTag(text: string, pos: number): number {
    const code = text.charCodeAt(pos);
    if (isSpace(code)) this.#at = At.tag;
    else if (code === GREATER) {
      this.#open(text, pos + 1);
      this.#at = At.text;
    } else if (code === SLASH) this.#at = At.slash;
    else if (this.#at === At.tag && isNameStart(code)) {
      this.#at = At.attributeName;
      return this.#readAttributeName(text, pos);
    } else throw new StreamError("not-well-formed", "a malformed tag");
    return pos + 1;
  }

  #readAttributeName(text: string, pos: number): number {
    const end = endOfName(text, pos);
    if (end === text.length) {
      this.#token += text.slice(pos);
      return end;
    }
    this.#attributeName =
      this.#token === "" ? text.slice(pos, end) : this.#takeToken() + text.slice(pos, end);
    this.#at = At.equals;
    return end;
  }

  #readEquals(text: string, pos: number): number {
    const code = text.charCodeAt(pos);
    if (isSpace(code)) return pos + 1;
    if (this.#at === At.equals && code === EQUALS) this.#at = At.quote;
    else if (this.#at === At.quote && (code === DOUBLE_QUOTE || code === SINGLE_QUOTE)) {
      this.#quote = code === DOUBLE_QUOTE ? '"' : "'";
      this.#at = At.value;
    } else throw new StreamError("not-well-formed", "a malformed attribute");
    return pos + 1;
  }

  #readValue(text: string, pos: number): number {
    const end = text.indexOf(this.#quote, pos);
    if (end < 0) {
      this.#token += text.slice(pos);
      return text.length;
    }
    const value = this.#token === "" ? text.slice(pos, end) : this.#takeToken() + text.slice(pos, end);
    // XML 1.0 §3.1: no < in attribute values
    if (value.includes("<")) throw new StreamError("not-well-formed", "a < in an attribute");
    this.#sink.attribute(this.#attributeName, unescapeReferences(value), value.length);
    this.#at = At.afterValue;
    return end + 1;
  }

  #readTagEnd(text: string, pos: number): number {
    const code = text.charCodeAt(pos);
    if (this.#at === At.closeEnd && isSpace(code)) return pos + 1;
    if (code !== GREATER) throw new StreamError("not-well-formed", "a malformed tag");
    const isEmpty = this.#at === At.slash;
    this.#at = At.text;
    if (isEmpty) this.#open(text, pos + 1);
    this.#sink.close(this.#name, text, pos + 1);
    return pos + 1;
  }

  #readCdata(text: string, pos: number): number {
    const end = this.#readUntil(text, pos, "]]>");
    if (end < 0) return text.length;
    this.#sink.text(this.#takeToken());
    this.#at = At.text;
    return end;
  }

  #readDeclaration(text: string, pos: number): number {
    const end = this.#readUntil(text, pos, "?>");
    if (end >= 0) checkDeclaration(this.#takeToken());
    else if (this.#token.length <= MAX_DECLARATION_LENGTH) return text.length;
    else throw new StreamError("restricted-xml", "a processing instruction");
    this.#isFresh = false;
    this.#at = At.text;
    return end;
  }

  /** Reads into the token up to the mark; answers where the mark ends, or -1 while it has not come. */
  #readUntil(text: string, pos: number, mark: string): number {
    const held = this.#held;
    const rest = held + text.slice(pos);
    const end = rest.indexOf(mark);
    // a chunk's end may cut the mark
    this.#held = end < 0 ? commonEnd(rest, mark) : "";
    this.#token += rest.slice(0, end < 0 ? rest.length - this.#held.length : end);
    return end < 0 ? -1 : pos + end + mark.length - held.length;
  }

  #open(text: string, end: number): void {
    this.#isFresh = false;
    this.#sink.open(this.#name, text, end);
  }

  #takeToken(): string {
    const token = this.#token;
    this.#token = "";
    return token;
  }
}

function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text);
}

/** The longest end of `text` with which `mark` begins. */
function commonEnd(text: string, mark: string): string {
  for (let length = mark.length - 1; length > 0; length -= 1) {
    const start = mark.slice(0, length);
    if (text.endsWith(start)) return start;
  }
  return "";
}

/** Holds what stands between `<?` and `?>` to be the XML declaration. Source: XML 1.0 §2.8, RFC 6120 §11.5. */
function checkDeclaration(token: string): void {
  if (!DECLARATION.test(token)) throw new StreamError("restricted-xml", "a processing instruction");
  const encoding = ENCODING.exec(token)?.[1];
  if (encoding !== undefined && encoding.toUpperCase() !== "UTF-8") {
    throw new StreamError("unsupported-encoding", "an encoding other than UTF-8");
  }
}
