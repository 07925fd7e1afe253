import type { Writable } from "node:stream";
import { styleText } from "node:util";

/** Where something is written, and how wide that is. */
export type Screen = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** How a text may look. */
export type Style = Parameters<typeof styleText>[0];

/** What a command says: texts for a person, or one JSON object a line for a program. */
export class Output {
  readonly isJson: boolean;
  readonly #output: Screen;
  readonly #errors: Screen;
  readonly #hasColour: boolean;

  /** @param hasColour whether a terminal may be sent colours */
  constructor(output: Screen, errors: Screen, choices: { isJson: boolean; hasColour: boolean }) {
    this.#output = output;
    this.#errors = errors;
    this.isJson = choices.isJson;
    this.#hasColour = choices.hasColour;
  }

  /** Says something to a person; nothing to a program. */
  say(text: string): void {
    if (!this.isJson) this.#output.write(`${text}\n`);
  }

  /** Tells a result: to a program the value, as one line, to a person the text. */
  tell(value: object, text: string): void {
    this.#output.write(this.isJson ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** Remarks something that is no result, on standard error. */
  remark(text: string): void {
    this.#errors.write(`${text}\n`);
  }

  /** Gives a text a look, where it is shown on a terminal that may have colours. */
  style(style: Style, text: string): string {
    if (!this.#hasColour || this.#output.isTTY !== true) return text;
    return styleText(style, text, { validateStream: false });
  }
}

/** Whether colours are wanted at all. Source: https://no-color.org */
export function wantsColour(env: NodeJS.ProcessEnv, hasOption: boolean): boolean {
  return hasOption && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
