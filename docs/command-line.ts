import { readFileSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import type { Command } from "commander";
import { jsonAnswersOf } from "../cli/command.js";
import { EXIT_MEANINGS } from "../cli/exit-codes.js";
import { createProgram, loadAll } from "../cli/program.js";

const PAGE = new URL("command-line.md", import.meta.url);

const BEGINNING = `# The command line

One program, \`twotick\`, starts everything on this machine, sets an installation up, looks after it, and is a client. This page is written
by \`npm run command-line\` out of the program itself; a check says when it is not current.

- \`twotick --help\` lists the commands, \`twotick COMMAND --help\` explains one. A word that is nearly a command is answered with what was probably meant.
- **\`--json\`** works with every command: results stand on standard output, one JSON object a line. An error stands on standard error, as
  \`{"error":{"code":"not-running","message":"…"}}\`. What is asked, remarked and shown as progress is never on standard output.
- Colours and progress bars are for terminals: there are none in a pipe, none with \`NO_COLOR\`, \`TERM=dumb\` or \`--no-color\`, and no bars with \`--json\`.
- Nothing waits for an answer where no terminal is: what would be asked has to be given as an option, and the error names it.
- Completion: \`source <(twotick completion bash)\` (or \`zsh\`); for fish, \`twotick completion fish > ~/.config/fish/completions/twotick.fish\`.

## Exit codes
`;

/** The page, as the program is now. */
export async function commandLinePage(): Promise<string> {
  const stream = new PassThrough();
  const terminal = { input: stream, output: stream, errors: stream, env: {}, cwd: "/" };
  const { program } = createProgram(terminal);
  await loadAll(program);
  const codes = table(
    ["code", "meaning"],
    EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
  );
  const commands = program.commands.flatMap((command) => sections(command, "twotick", 2));
  return [BEGINNING, codes, "", ...commands].join("\n");
}

function sections(command: Command, before: string, level: number): string[] {
  const name = `${before} ${command.name()}`;
  const options = command.options.filter(({ hidden }) => !hidden);
  const own = [
    `${"#".repeat(level)} ${name}`,
    "",
    command.description(),
    "",
    ...(command.commands.length === 0 ? ["```text", usageOf(command, name), "```", ""] : []),
    ...argumentsOf(command),
    ...(options.length > 0 ? [optionsOf(options), ""] : []),
    ...answersOf(command),
  ];
  return [...own, ...command.commands.flatMap((child) => sections(child, name, level + 1))];
}

function usageOf(command: Command, name: string): string {
  const given = command.registeredArguments.map((argument) => {
    const word = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${word}>` : `[${word}]`;
  });
  return [name, ...(command.options.length > 0 ? ["[options]"] : []), ...given].join(" ");
}

function argumentsOf({ registeredArguments: given }: Command): string[] {
  const rows = given.filter(({ description, argChoices }) => description !== "" || argChoices);
  if (rows.length === 0) return [];
  const lines = rows.map((argument) => {
    const choices = argument.argChoices ? `: ${argument.argChoices.join(", ")}` : "";
    return [`\`${argument.name()}\``, `${argument.description}${choices}`];
  });
  return [table(["argument", "meaning"], lines), ""];
}

function optionsOf(options: Command["options"]): string {
  const rows = options.map(({ flags, description, defaultValue, argChoices, negate }) => {
    const isShown = defaultValue !== undefined && !negate && typeof defaultValue !== "boolean";
    const choices = argChoices ? ` (${argChoices.join(", ")})` : "";
    return [`\`${flags}\``, isShown ? `\`${String(defaultValue)}\`` : "", `${description}${choices}`];
  });
  return table(["option", "default", "meaning"], rows);
}

function answersOf(command: Command): string[] {
  return jsonAnswersOf(command).flatMap(({ example, lines = "" }) => [
    `With \`--json\`, ${lines === "" ? "one line" : `a line ${lines}`}:`,
    "",
    "```json",
    JSON.stringify(example),
    "```",
    "",
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

if (process.argv[1]?.endsWith("docs/command-line.ts")) {
  const page = await commandLinePage();
  if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
  else if (readFileSync(PAGE, "utf8") !== page) {
    process.stdout.write("docs/command-line.md is not current: npm run command-line\n");
    process.exitCode = 1;
  }
}
