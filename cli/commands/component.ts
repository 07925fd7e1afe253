import type { Command } from "commander";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import { answersJson } from "../command.js";
import { CONFIG_PATH } from "../config.js";
import type { Shell } from "../shell.js";

/** Defines `twotick component`. */
export function define(command: Command, shell: Shell): void {
  const { env } = shell.terminal;
  command
    .description(
      "Attaches Twotick to a Prosody that is already running, until SIGTERM or Ctrl-C. It logs JSON to standard error.",
    )
    .option(
      "-c, --config <file>",
      "configuration (TOML); docs/admin.md explains every option",
      env["TWOTICK_CONFIG"] ?? CONFIG_PATH,
    )
    .option("--check", "only check the configuration")
    .action(async ({ config: path, check = false }: { config: string; check?: boolean }) => {
      const { loadConfig } = await import("../../component/config.js");
      const config = loadConfig(path, env);
      if (check) return shell.output.tell({ isSound: true }, "The configuration is sound.");
      const { runComponent } = await import("../../component/run.js");
      const end = await runComponent(config);
      if (end.kind === "stopped") return undefined;
      throw end.kind === "refused" ? new InvalidInput(end.message) : new TwotickError("ended", end.message);
    });
  answersJson(command, { example: { isSound: true }, lines: "with `--check`" });
}
