import { readFileSync } from "node:fs";
import { Command } from "commander";
import { Shell, type Terminal } from "./shell.js";
import { type Branch, COMMANDS, type Define, type Leaf } from "./tree.js";

const loaders = new WeakMap<Command, () => Promise<void>>();

/** Makes the program: names and summaries of all commands, each of which is loaded when it is run or explained. */
export function createProgram(terminal: Terminal): { readonly program: Command; readonly shell: Shell } {
  const program = new Command("twotick");
  const shell = new Shell(terminal, program);
  program
    .description("Turns a stock Prosody into a messenger for phone numbers.")
    .option("--json", "results as JSON, one object a line")
    .option(
      "--no-color",
      "no colours; there are none anyway where the output is no terminal, or NO_COLOR is set",
    )
    .version(packageVersion(), "-V, --version", "the version")
    .helpOption("-h, --help", "how to use this")
    .helpCommand(false)
    .allowExcessArguments(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.output.write(text),
      writeErr: (text) => void terminal.errors.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "twotick: ")),
      getOutHelpWidth: () => terminal.output.columns ?? 100,
      getErrHelpWidth: () => terminal.errors.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  addAll(program, COMMANDS, shell);
  program.addHelpText(
    "after",
    "\n`twotick COMMAND --help` explains a command. Exit codes: docs/command-line.md.",
  );
  return { program, shell };
}

/** Loads every command, for what speaks of all of them. */
export async function loadAll(command: Command): Promise<void> {
  await loaders.get(command)?.();
  for (const child of command.commands) await loadAll(child);
}

/** The version of this package. */
export function packageVersion(): string {
  // From the sources it is one folder up, from dist two
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string };
      return found.version;
    } catch {
      // The other one
    }
  }
  return "unknown";
}

function addAll(parent: Command, nodes: readonly (Leaf | Branch)[], shell: Shell): void {
  for (const node of nodes) {
    const command = parent.command(node.name).summary(node.summary);
    if ("commands" in node) {
      command.description(node.description);
      node.defineOptions?.(command, shell);
      addAll(command, node.commands, shell);
    } else loaders.set(command, once(command, node, shell));
  }
  parent.hook("preSubcommand", (_, child) => loaders.get(child)?.());
}

function once(command: Command, { load }: Leaf, shell: Shell): () => Promise<void> {
  let loaded: Promise<void> | undefined;
  const define = ({ define: fill }: { readonly define: Define }): void => fill(command, shell);
  return () => (loaded ??= load().then(define));
}
