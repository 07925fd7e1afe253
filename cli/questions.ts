import { type CANCEL_SYMBOL, confirm, isCancel, password, select, text } from "@clack/prompts";
import { Interrupted } from "./exit-codes.js";
import type { Terminal } from "./shell.js";

/** A choice, and what it means. */
export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** What is asked: what an answer has to be, and which one is proposed. */
export interface Question {
  readonly message: string;
  /** What is taken when nothing is typed. */
  readonly proposal?: string | undefined;
  /** What is wrong with an answer. */
  readonly fault?: ((answer: string) => string | undefined) | undefined;
}

/** Questions to the person at the terminal, on standard error, so that results alone are on standard output. */
export class Questions {
  readonly #streams: { readonly input: Terminal["input"]; readonly output: Terminal["errors"] };

  constructor({ input, errors }: Terminal) {
    this.#streams = { input, output: errors };
  }

  /** Asks for a line. @throws {Interrupted} */
  async text({ message, proposal, fault }: Question): Promise<string> {
    const answer = await text({
      ...this.#streams,
      message,
      ...(proposal !== undefined && { placeholder: proposal, defaultValue: proposal }),
      validate: (line) => {
        if ((line ?? "") === "" && proposal === undefined) return "An answer is needed.";
        return fault?.((line ?? "") || (proposal ?? ""));
      },
    });
    return given(answer);
  }

  /** Asks for what nobody else is to see. @throws {Interrupted} */
  async secret(message: string): Promise<string> {
    return given(await password({ ...this.#streams, message }));
  }

  /** Asks for yes or no. @throws {Interrupted} */
  async isSure(message: string, proposal: boolean): Promise<boolean> {
    return given(await confirm({ ...this.#streams, message, initialValue: proposal }));
  }

  /** Lets one be chosen; the first is proposed. @throws {Interrupted} */
  async choose<Value extends string>(message: string, choices: readonly Choice<Value>[]): Promise<Value> {
    const options = choices.map(({ value, label, hint }) => ({
      value,
      label,
      ...(hint !== undefined && { hint }),
    }));
    return given(await select<string>({ ...this.#streams, message, options })) as Value;
  }
}

function given<Value>(answer: Value | typeof CANCEL_SYMBOL): Value {
  if (isCancel(answer)) throw new Interrupted();
  return answer;
}
