import type { Command } from "commander";
import { examine } from "../doctor/doctor.js";
import { configOf, pathOf, say } from "./config.js";

/** Adds the command that examines an installation. */
export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description(
      "examine the installation, and say how to mend what is wrong; exits with 1 when something is broken",
    )
    .option("--prosody-config <file>", "Prosody's configuration", "/etc/prosody/prosody.cfg.lua")
    .option("--prosodyctl <file>", "Prosody's own program", "/usr/bin/prosodyctl")
    .action(async ({ prosodyConfig, prosodyctl }: { prosodyConfig: string; prosodyctl: string }) => {
      const prosody = { configPath: prosodyConfig, prosodyctlPath: prosodyctl };
      const { config } = configOf(program);
      const findings = await examine({ config, configPath: pathOf(program), prosody });
      for (const { severity, what, mend } of findings) say(`${severity}: ${what}\n  ${mend}`);
      if (findings.length === 0) say("Nothing is wrong.");
      if (findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
    });
}
