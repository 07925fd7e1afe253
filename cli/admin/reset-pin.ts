import type { Command } from "commander";
import { answersJson, readNumber } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

/** Defines `twotick admin reset-pin`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Removes the registration PIN of a number whose owner forgot it; make sure who asks.")
    .argument("<number>", "in international form: +15551230001", readNumber)
    .action(async (number: string) => {
      await runningComponent(command, shell.terminal.env).ask("POST", "pin-reset", { number });
      shell.output.tell({ status: "done" }, "There is no PIN any more.");
    });
  answersJson(command, { example: { status: "done" } });
}
