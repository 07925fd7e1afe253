import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { createProgram, loadAll } from "../../cli/program.js";
import { ROOT } from "./blocks.js";

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};

/** Programs of others that a document may name without a test that runs them, and why none does. */
const NOT_RUN: Readonly<Record<string, string>> = {
  cd: "goes to a folder of the reader's",
  cp: "writes to /etc",
  curl: "asks a component that runs",
  git: "works on the reader's checkout",
  install: "writes to /etc",
  mocha: "runs the tests, of which this is one",
  openssl: "stock; makes random bytes",
  ssh: "needs the reader's server",
  systemctl: "acts on the reader's machine",
  useradd: "acts on the reader's machine",
};

/** What a line of a shell block calls, one entry a command. */
function commandsOf(code: string): string[][] {
  return code
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/&&|;|\|/))
    .map((command) =>
      command
        .trim()
        .replace(/^(?:[A-Z_]+=\S* +)+/, "")
        .split(/\s+/),
    )
    .filter(([name]) => name !== "");
}

/** The program with all its commands. */
export async function loadProgram(): Promise<Command> {
  const { program } = createProgram({
    env: {},
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    cwd: ROOT,
  });
  await loadAll(program);
  return program;
}

/** What is wrong with a shell block, as far as that can be said without running what would change the machine. */
export function shellFaults(code: string, program: Command): string[] {
  const { stderr } = spawnSync("sh", ["-n"], { input: code, encoding: "utf8" });
  return [
    ...(stderr ? [stderr] : []),
    ...commandsOf(code).flatMap(([name = "", ...words]) => faultsOf(name, words, program)),
  ];
}

function faultsOf(name: string, words: readonly string[], program: Command): string[] {
  const [first = ""] = words;
  if (name === "npm") return npmFaults(words);
  if (name === "npx" && first === "tsx") return fileFaults(words[1] ?? "");
  if (name === "npx") return faultsOf(first, words.slice(1), program);
  if (name === "node") return fileFaults(words.find((word) => !word.startsWith("-")) ?? "");
  if (name === "twotick") return ownFaults(words, program);
  return Object.hasOwn(NOT_RUN, name)
    ? []
    : [`${name} is neither ours nor listed, with a reason, in test/docs/shell.ts`];
}

function npmFaults([command = "", name = ""]: readonly string[]): string[] {
  if (["install", "pack", "ci", "init", "rebuild"].includes(command)) return [];
  const script = command === "run" ? name : command;
  return script in scripts ? [] : [`npm run ${script}: there is no such script`];
}

// A program that stands in the document itself is named without a folder
function fileFaults(file: string): string[] {
  return !file.includes("/") || existsSync(join(ROOT, file)) ? [] : [`${file} is not there`];
}

/** Looks for the command, and for its options, in the program itself. */
function ownFaults(words: readonly string[], program: Command): string[] {
  let command: Command = program;
  const said = words.join(" ");
  for (const word of words.filter((one) => !one.startsWith("-"))) {
    if (command.commands.length === 0) break;
    const next = command.commands.find((one) => one.name() === word);
    if (!next) return [`twotick ${said}: ${word} is no command`];
    command = next;
  }
  return words
    .filter((word) => word.startsWith("--"))
    .map((word) => word.split("=")[0] ?? "")
    .filter((option) => option !== "--help" && option !== "--version" && !knows(command, option))
    .map((option) => `twotick ${said}: there is no ${option}`);
}

/** Options of the commands above count below. */
function knows(command: Command, option: string): boolean {
  if (command.options.some(({ long }) => long === option)) return true;
  return command.parent ? knows(command.parent, option) : false;
}
