import type { Command } from "commander";
import { answersJson, readNumber } from "../command.js";
import { runningComponent } from "../config.js";
import { withProgress } from "../progress.js";
import type { Shell } from "../shell.js";

/** Defines `twotick admin export`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Writes everything that is kept about a number into a new file, a JSON object a line.")
    .argument("<number>", "in international form: +15551230001", readNumber)
    .argument("<file>", "must not exist; nobody else may read it")
    .action(async (number: string, file: string) => {
      const component = runningComponent(command, shell.terminal.env);
      const bytes = await withProgress(shell, "Exporting", (progress) =>
        component.save("export", { number }, file, (written) =>
          progress.at(undefined, `${kib(written)} KiB`),
        ),
      );
      shell.output.tell({ file, bytes }, `Written to ${file}.`);
    });
  answersJson(command, { example: { file: "romeo.jsonl", bytes: 48213 } });
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
