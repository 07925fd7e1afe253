import type { Readable } from "node:stream";
import type { Command } from "commander";
import { InvalidInput } from "../src/errors.js";
import { EXIT } from "./exit-codes.js";
import { Output, type Screen, wantsColour } from "./output.js";
import type { Questions } from "./questions.js";

/** Where the program runs: its streams, its environment, its folder. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Screen;
  readonly errors: Screen;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** What a command works with beside its options. */
export class Shell {
  readonly terminal: Terminal;
  /** What the program exits with when the command ends without an error. */
  exitCode: number = EXIT.done;
  readonly #program: Command;
  #output: Output | undefined;

  constructor(terminal: Terminal, program: Command) {
    this.terminal = terminal;
    this.#program = program;
  }

  /** What the command says; the options are known by then. */
  get output(): Output {
    const { output, errors, env } = this.terminal;
    const { json = false, color = true } = this.#program.opts<{ json?: boolean; color?: boolean }>();
    this.#output ??= new Output(output, errors, { isJson: json, hasColour: wantsColour(env, color) });
    return this.#output;
  }

  /** Whether somebody is there to be asked. */
  get isInteractive(): boolean {
    const { input, errors } = this.terminal;
    return input.isTTY === true && errors.isTTY === true && !this.output.isJson;
  }

  /** Asks the person at the terminal. @throws {InvalidInput} when nobody is there, naming what has to be given instead */
  async questions(instead: string): Promise<Questions> {
    if (!this.isInteractive) throw new InvalidInput(`nobody is there to be asked: give ${instead}`);
    const { Questions: Asking } = await import("./questions.js");
    return new Asking(this.terminal);
  }
}
