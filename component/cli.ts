#!/usr/bin/env node
import { Command } from "commander";
import { addAdminCommands } from "./cli/admin.js";
import { addBackupCommands } from "./cli/backup.js";
import { addDoctorCommand } from "./cli/doctor.js";
import { TwotickError } from "../src/errors.js";

/** Exit codes: 0 done, 1 it could not be done or something is wrong, 2 configuration or arguments are wrong. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const program = new Command("twotick")
  .description(
    "Looks after a Twotick component: backup and restore, entries set aside, everything about a number.",
  )
  .option(
    "-c, --config <file>",
    "the component's configuration (TOML)",
    process.env["TWOTICK_CONFIG"] ?? "/etc/twotick/twotick.toml",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

addBackupCommands(program);
addAdminCommands(program);
addDoctorCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof TwotickError)) throw error;
  process.stderr.write(`twotick: ${error.message}\n`);
  process.exit(error.code === "invalid-input" ? EXIT_USAGE : EXIT_FAILED);
}
