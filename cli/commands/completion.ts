import { type Command, Argument } from "commander";
import { answersJson } from "../command.js";
import { bashScript } from "../completion/bash.js";
import { fishScript } from "../completion/fish.js";
import { type Level, levelsOf } from "../completion/levels.js";
import { zshScript } from "../completion/zsh.js";
import { createProgram, loadAll } from "../program.js";
import type { Shell } from "../shell.js";

const WRITERS: Readonly<Record<string, (levels: readonly Level[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Defines `twotick completion`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Writes the completion of this program for a shell. Into ~/.bashrc or ~/.zshrc: source <(twotick completion bash). For fish: twotick completion fish > ~/.config/fish/completions/twotick.fish",
    )
    .addArgument(new Argument("<shell>", "which").choices(Object.keys(WRITERS)))
    .action(async (name: string) => {
      // A program of its own: this one's commands are not all loaded
      const { program } = createProgram(shell.terminal);
      await loadAll(program);
      const script = WRITERS[name]?.(levelsOf(program)) ?? "";
      shell.output.tell({ shell: name, script }, script.trimEnd());
    });
  answersJson(command, { example: { shell: "bash", script: "the text" } });
}
