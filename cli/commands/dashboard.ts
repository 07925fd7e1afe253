import type { Command } from "commander";
import { dashboardToken } from "../../component/http/admin-token.js";
import { answersJson, wholeNumber } from "../command.js";
import { CONFIG_PATH, installationOf } from "../config.js";
import type { Shell } from "../shell.js";

const HOUR_MS = 3_600_000;

/** Defines `twotick dashboard`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Shows a link that opens the component's dashboard. Who has the link sees it until it expires; it cannot be taken back before.",
    )
    .option(
      "-c, --config <file>",
      "the component's configuration",
      shell.terminal.env["TWOTICK_CONFIG"] ?? CONFIG_PATH,
    )
    .option("--hours <count>", "how long the link is good", wholeNumber(1, 168), 12)
    .action(({ hours }: { hours: number }) => {
      const { config, vault } = installationOf(command, shell.terminal.env);
      const expiresAt = Date.now() + hours * HOUR_MS;
      const token = dashboardToken(vault, expiresAt);
      const url = `http://127.0.0.1:${config.http.port}/dashboard/#token=${token}`;
      shell.output.tell({ url, expiresAt }, url);
    });
  answersJson(command, {
    example: { url: "http://127.0.0.1:5380/dashboard/#token=…", expiresAt: 1767268800000 },
  });
}
