import { type Command, CommanderError } from "commander";
import { TwotickError } from "../src/errors.js";
import { EXIT, exitCodeOf } from "./exit-codes.js";
import { createProgram } from "./program.js";
import type { Shell, Terminal } from "./shell.js";
import { COMMANDS } from "./tree.js";

/** Runs the program. @returns what to exit with */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { program, shell } = createProgram(terminal);
  if (args.includes("--json")) tellUsageAsJson(program, terminal);
  try {
    await program.parseAsync(asOptions(args), { from: "user" });
    return shell.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, args, terminal);
    if (!(error instanceof TwotickError)) throw error;
    report(error, shell);
    return exitCodeOf(error);
  }
}

function tellUsageAsJson(program: Command, { errors }: Terminal): void {
  const outputError = (text: string): void => {
    const message = text.trim().replace(/^error: /, "");
    errors.write(`${JSON.stringify({ error: { code: "usage", message } })}\n`);
  };
  const silence = (command: Command): void => {
    command.configureOutput({ outputError });
    for (const child of command.commands) silence(child);
  };
  silence(program);
}

// "twotick help admin" is "twotick admin --help"
function asOptions(args: readonly string[]): string[] {
  return args[0] === "help" ? [...args.slice(1), "--help"] : [...args];
}

function usage({ exitCode, code }: CommanderError, args: readonly string[], { errors }: Terminal): number {
  if (exitCode === 0) return EXIT.done;
  if (code === "commander.unknownCommand" && !args.includes("--json")) {
    const elsewhere = groupOf(args.find((word) => !word.startsWith("-")));
    if (elsewhere !== undefined) errors.write(`(Did you mean ${elsewhere}?)\n`);
  }
  return EXIT.usage;
}

/** A word that stands for no command by itself and for one of a group. */
function groupOf(word: string | undefined): string | undefined {
  const group = COMMANDS.find(
    (node) => "commands" in node && node.commands.some(({ name }) => name === word),
  );
  return group && `${group.name} ${word}`;
}

function report({ code, message }: TwotickError, { output }: Shell): void {
  output.remark(output.isJson ? JSON.stringify({ error: { code, message } }) : `twotick: ${message}`);
}
