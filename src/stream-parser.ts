import { EventEmitter } from "node:events";
import { ILLEGAL_CHARACTER } from "./stream-chars.js";
import { StreamLexer, type LexerSink } from "./stream-lexer.js";
import {
  DEFAULT_STREAM_LIMITS,
  StreamError,
  type ParserCondition,
  type StreamLimits,
} from "./stream-limits.js";
import { StreamTree } from "./stream-tree.js";
import { Utf8Stream } from "./stream-utf8.js";
import type { Element } from "./xml.js";

export { StreamError, type ParserCondition, type StreamLimits } from "./stream-limits.js";

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

/**
 * Reads one XML stream, strictly and within limits, and builds the `Element`s of `@xmpp/xml`.
 *
 * It emits what the parser of `@xmpp/xml` emits, so that it can be the `Parser` of an @xmpp connection. How
 * the bytes are cut into chunks makes no difference, but for which of its errors ends a stream whose stanza is
 * both too large and broken. What is not well-formed, or restricted, or too long
 * ends the stream with exactly one `error`. A stanza that is well-formed but too deep or has too many or too
 * long parts is skipped and told as `refused`, because anybody can have a server pass such a stanza on and
 * must not be able to end other people's stream; when nobody listens to `refused` it is an `error` too.
 * A listener that throws ends the parser as well. Source: RFC 6120 §11.
 */
export class StreamParser extends EventEmitter<StreamParserEvents> {
  readonly #limits: StreamLimits;
  readonly #utf8 = new Utf8Stream();
  readonly #tree: StreamTree;
  readonly #lexer: StreamLexer;
  #isOver = false;
  #stanzaBytes = 0;
  #countedTo = 0;
  #isSingleByte = true;

  /** @param limits those that differ from {@link DEFAULT_STREAM_LIMITS} */
  constructor(limits: Partial<StreamLimits> = {}) {
    super();
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    this.#tree = new StreamTree(this.#limits);
    this.#lexer = new StreamLexer(this.#sink());
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
    if (!this.#lexer.isBetweenTags || this.#tree.depth > 0)
      this.#fail("not-well-formed", "the stream was cut");
    this.#isOver = true;
  }

  #read(text: string): void {
    this.#countedTo = 0;
    const lexer = this.#lexer;
    let pos = 0;
    try {
      while (pos < text.length && !this.#isOver) pos = lexer.step(text, pos);
      if (!this.#isOver) this.#count(text, text.length);
    } catch (error) {
      if (!(error instanceof StreamError)) this.#isOver = true;
      if (this.#isOver) throw error;
      this.#failWith(error as StreamError);
    }
  }

  #sink(): LexerSink {
    const tree = this.#tree;
    return {
      get isInStanza() {
        return tree.depth > 0;
      },
      attribute: (name, value, writtenLength) => tree.attribute(name, value, writtenLength),
      open: (name, text, end) => this.#openElement(name, text, end),
      close: (name, text, end) => this.#closeElement(name, text, end),
      text: (text) => tree.text(text),
      keepalive: (end) => this.#restartCount(end),
    };
  }

  #openElement(name: string, text: string, end: number): void {
    const isHeader = this.#tree.root === undefined;
    this.#tree.open(name);
    if (isHeader && this.#tree.root) this.#startStream(this.#tree.root, text, end);
  }

  #startStream(root: Element, text: string, end: number): void {
    this.#count(text, end);
    this.#restartCount(end);
    this.emit("start", root);
  }

  #closeElement(name: string, text: string, pos: number): void {
    const closed = this.#tree.close(name);
    if (this.#tree.depth > 0) return;
    // no character takes more than three bytes a code unit
    if (this.#stanzaBytes + (pos - this.#countedTo) * 3 > this.#limits.maxStanzaBytes) this.#count(text, pos);
    this.#restartCount(pos);
    if (closed?.refusal !== undefined) this.#refuse(closed.element, closed.refusal);
    else if (closed !== undefined) this.emit("element", closed.element);
    else this.#finish();
  }

  #refuse(head: Element, error: StreamError): void {
    if (!this.emit("refused", head, error)) throw error;
  }

  #finish(): void {
    this.#isOver = true;
    if (this.#tree.root) this.emit("end", this.#tree.root);
  }

  /** Adds the text up to `pos` to the size of what stands between two stanzas. */
  #count(text: string, pos: number): void {
    const isWhole = this.#isSingleByte || pos === this.#countedTo;
    const piece = isWhole ? pos - this.#countedTo : Buffer.byteLength(text.slice(this.#countedTo, pos));
    this.#stanzaBytes += piece;
    this.#countedTo = pos;
    if (this.#stanzaBytes > this.#limits.maxStanzaBytes)
      throw new StreamError("policy-violation", "too large a stanza");
  }

  #restartCount(pos: number): void {
    this.#stanzaBytes = 0;
    this.#countedTo = pos;
  }

  #fail(condition: ParserCondition, message: string): void {
    this.#failWith(new StreamError(condition, message));
  }

  #failWith(error: StreamError): void {
    this.#isOver = true;
    this.#tree.clear();
    this.emit("error", error);
  }
}
