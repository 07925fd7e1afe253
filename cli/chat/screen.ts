import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import stringWidth from "fast-string-width";
import type { SendState } from "../../sdk/mod.js";
import type { Output, Screen } from "../output.js";
import type { Terminal } from "../shell.js";
import { cleanText } from "./clean-text.js";
import { type ChatView, type ShownMessage, timeOf } from "./view.js";

/** What stands for each state: two columns, so that one can be written in place of another. */
export const TICKS: Readonly<Record<SendState, string>> = {
  queued: "… ",
  accepted: "✓ ",
  delivered: "✓✓",
  read: "●●",
  failed: "✗ ",
  expired: "✗ ",
  undecryptable: "✗ ",
};
/** Where the ticks stand in a line: behind the time. */
const TICK_COLUMN = 6;
/** Lines of which it is remembered where they are. */
const MAX_LINES = 500;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

interface Line {
  readonly id: string | undefined;
  readonly text: string;
}

/**
 * A chat on a terminal: what is said scrolls above the line that is being written, in the terminal's own scrollback.
 *
 * Ticks are written in place as long as their line is on the screen; nothing else moves the cursor, so that it works
 * the same in a plain terminal and in tmux.
 */
export class ChatScreen implements ChatView {
  readonly #output: Screen;
  readonly #style: Output["style"];
  readonly #reader: Interface;
  readonly #typed: AsyncIterable<string>;
  readonly #lines: Line[] = [];
  #isClosed = false;

  /** @param complete the words that a beginning may become */
  constructor({ input, output }: Terminal, look: Output, complete: (line: string) => string[]) {
    this.#output = output;
    this.#style = (style, text) => look.style(style, text);
    this.#reader = createInterface({
      input,
      output,
      terminal: true,
      completer: (line: string): [string[], string] => [complete(line), line],
    });
    // Before anything is typed: a line, or the end, that comes while nobody listens is lost
    this.#typed = this.#reader[Symbol.asyncIterator]();
    this.#reader.once("close", () => (this.#isClosed = true));
    // Ctrl-C ends the chat as Ctrl-D does
    this.#reader.on("SIGINT", () => this.#reader.close());
  }

  /** Shows a message. */
  message(shown: ShownMessage): void {
    const { id, with: other, isOwn, at, text, remarks, state = "queued" } = shown;
    const ticks = isOwn ? this.#ticks(state) : "  ";
    const who = this.#style("bold", isOwn ? "you" : other);
    const beside = remarks.length > 0 ? this.#style("yellow", ` (${remarks.join(", ")})`) : "";
    const [first = "", ...rest] = cleanText(text).split("\n");
    this.#print({ id: isOwn ? id : undefined, text: `${timeOf(at)} ${ticks} ${who}${beside}: ${first}` });
    for (const line of rest) this.#print({ id: undefined, text: `${" ".repeat(TICK_COLUMN + 3)}${line}` });
  }

  /** Writes the ticks of a message anew, where its line is on the screen; a failure is said in any case. */
  state({ id, state, why }: Parameters<ChatView["state"]>[0]): void {
    const rows = this.#rowsBack(id);
    if (rows !== undefined) this.#rewrite(rows, this.#ticks(state));
    if (state === "failed") this.remark("failed", `A message was not sent: ${why ?? "nobody knows why"}`);
    if (state === "expired" || state === "undecryptable")
      this.remark(state, state === "expired" ? "A message expired." : "A message could not be read.");
  }

  /** Shows something beside messages. */
  remark(_event: string, text: string): void {
    for (const line of cleanText(text).split("\n"))
      this.#print({ id: undefined, text: this.#style("dim", `-- ${line}`) });
  }

  /** Shows whom one writes to. */
  talkingTo(number: string | undefined): void {
    this.#reader.setPrompt(`${number ?? "nobody"}> `);
    this.#reader.prompt(true);
  }

  /** The lines that the person writes. */
  async *lines(): AsyncIterable<string> {
    for await (const line of this.#typed) {
      // The line that was written is shown as a message, with its ticks
      moveCursor(this.#output, 0, -this.#rowsOf(this.#reader.getPrompt() + line));
      cursorTo(this.#output, 0);
      clearScreenDown(this.#output);
      yield line;
      if (!this.#isClosed) this.#reader.prompt();
    }
  }

  /** Ends the lines, and gives the terminal back. */
  close(): void {
    if (this.#isClosed) return;
    this.#reader.close();
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }

  #print(line: Line): void {
    if (!this.#isClosed) moveCursor(this.#output, 0, -this.#reader.getCursorPos().rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    this.#output.write(`${line.text}\n`);
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    if (!this.#isClosed) this.#reader.prompt(true);
  }

  #ticks(state: SendState): string {
    if (state === "read") return this.#style("cyan", TICKS.read);
    return TICKS[state] === TICKS.failed ? this.#style("red", TICKS.failed) : TICKS[state];
  }

  /** How many rows above the prompt a message begins; `undefined` when it has scrolled away. */
  #rowsBack(id: string): number | undefined {
    let rows = 0;
    for (const line of this.#lines.toReversed()) {
      rows += this.#rowsOf(line.text);
      if (rows >= (this.#output.rows ?? DEFAULT_ROWS) - this.#promptRows()) return undefined;
      if (line.id === id) return rows;
    }
    return undefined;
  }

  #rewrite(rowsBack: number, text: string): void {
    if (this.#isClosed) return;
    const { rows, cols } = this.#reader.getCursorPos();
    moveCursor(this.#output, 0, -(rowsBack + rows));
    cursorTo(this.#output, TICK_COLUMN);
    this.#output.write(text);
    moveCursor(this.#output, 0, rowsBack + rows);
    cursorTo(this.#output, cols);
  }

  #promptRows(): number {
    return this.#rowsOf(this.#reader.getPrompt() + this.#reader.line);
  }

  #rowsOf(text: string): number {
    return Math.max(1, Math.ceil(stringWidth(text) / (this.#output.columns ?? DEFAULT_COLUMNS)));
  }
}
