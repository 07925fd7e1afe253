import type { Command } from "commander";
import type { Finding } from "../../component/doctor/finding.js";
import { answersJson } from "../command.js";
import { CONFIG_PATH, installationOf } from "../config.js";
import { EXIT } from "../exit-codes.js";
import type { Shell } from "../shell.js";

const EXAMPLE: Finding = {
  severity: "error",
  what: "The module groups is not loaded on example.org: Twotick is not told who comes online.",
  mend: 'Add "groups" to modules_enabled of the host.',
};

/** Defines `twotick doctor`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Examines the installation and says how to mend what is wrong. It changes nothing, and exits with 1 when something is broken.",
    )
    .option(
      "-c, --config <file>",
      "the component's configuration",
      shell.terminal.env["TWOTICK_CONFIG"] ?? CONFIG_PATH,
    )
    .option("--prosody-config <file>", "Prosody's configuration", "/etc/prosody/prosody.cfg.lua")
    .option("--prosodyctl <file>", "Prosody's own program", "/usr/bin/prosodyctl")
    .action(async ({ prosodyConfig, prosodyctl }: { prosodyConfig: string; prosodyctl: string }) => {
      const { examine } = await import("../../component/doctor/doctor.js");
      const prosody = { configPath: prosodyConfig, prosodyctlPath: prosodyctl };
      const { config, path } = installationOf(command, shell.terminal.env);
      const findings = await examine({ config, configPath: path, prosody });
      tellFindings(findings, shell);
      if (findings.length === 0) shell.output.say("Nothing is wrong.");
      if (findings.some(({ severity }) => severity === "error")) shell.exitCode = EXIT.failed;
    });
  answersJson(command, { example: EXAMPLE, lines: "for each finding; none when nothing is wrong" });
}

/** Tells what an examination found. */
export function tellFindings(findings: readonly Finding[], { output }: Pick<Shell, "output">): void {
  for (const finding of findings) {
    const { severity, what, mend } = finding;
    const mark = output.style(severity === "error" ? ["red", "bold"] : "yellow", `${severity}:`);
    output.tell(finding, `${mark} ${what}\n  ${mend}`);
  }
}
