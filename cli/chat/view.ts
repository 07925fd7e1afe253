import type { Interface } from "node:readline";
import type { SendState } from "../../sdk/mod.js";
import type { Output } from "../output.js";
import { cleanText } from "./clean-text.js";

/** A message as it is shown. */
export interface ShownMessage {
  readonly id: string;
  /** The other person's number. */
  readonly with: string;
  readonly isOwn: boolean;
  readonly at: number;
  readonly text: string;
  /** What is special about it, as "not encrypted". */
  readonly remarks: readonly string[];
  /** How far a message of one's own has come. */
  readonly state?: SendState | undefined;
}

/** How a chat is shown, and where its lines come from. */
export interface ChatView {
  message(message: ShownMessage): void;
  /** A message of one's own has come further. */
  state(change: {
    readonly id: string;
    readonly to: string;
    readonly state: SendState;
    readonly why?: string | undefined;
  }): void;
  /** Something beside messages. */
  remark(event: string, text: string): void;
  /** Whose conversation it is now. */
  talkingTo(number: string | undefined): void;
  /** The lines that the person writes, until they end. */
  lines(): AsyncIterable<string>;
  /** Ends the lines. */
  close(): void;
}

/** The chat of a program: one JSON object a line, or plain lines where they go into a file. */
export class LineView implements ChatView {
  readonly #output: Output;
  readonly #input: Interface;
  readonly #lines: AsyncIterable<string>;

  /** @param input where lines come from, as long as they do */
  constructor(output: Output, input: Interface) {
    this.#output = output;
    this.#input = input;
    // Before anything comes: a line, or the end, that comes while nobody listens is lost
    this.#lines = input[Symbol.asyncIterator]();
  }

  /** Tells of a message. */
  message(shown: ShownMessage): void {
    this.#output.tell({ event: "message", ...shown }, plainLine(shown));
  }

  state({ id, to, state, why }: Parameters<ChatView["state"]>[0]): void {
    this.#output.tell(
      { event: "state", id, to, state, ...(why !== undefined && { why }) },
      `${state}: ${id}${why ? ` (${why})` : ""}`,
    );
  }

  remark(event: string, text: string): void {
    this.#output.tell({ event, text }, text);
  }

  talkingTo(): void {}

  lines(): AsyncIterable<string> {
    return this.#lines;
  }

  close(): void {
    this.#input.close();
  }
}

/** A message as one text, safe to be shown. */
export function plainLine({ with: other, isOwn, at, text, remarks }: ShownMessage): string {
  const who = isOwn ? `you to ${other}` : other;
  const beside = remarks.length > 0 ? ` (${remarks.join(", ")})` : "";
  return `${timeOf(at)} ${who}${beside}: ${cleanText(text)}`;
}

/** The time of day, as hours and minutes. */
export function timeOf(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}
