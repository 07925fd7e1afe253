#!/usr/bin/env node
import { Command } from "commander";
import { App } from "./app.js";
import { InvalidInput } from "../src/errors.js";
import { loadConfig } from "./config.js";

/** Exit codes: 0 stopped as asked, 1 could not go on, 2 configuration or arguments are wrong. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const program = new Command("twotick-component")
  .description("Attaches Twotick to a Prosody that is already running.")
  .requiredOption("-c, --config <file>", "configuration (TOML); docs/admin.md explains every option")
  .option("--check", "only check the configuration")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .parse();
const { config: path, check } = program.opts<{ config: string; check?: boolean }>();

function fail(message: string, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function readConfig() {
  try {
    return loadConfig(path);
  } catch (error) {
    return fail((error as Error).message, EXIT_USAGE);
  }
}

const config = readConfig();
if (check) {
  process.stdout.write("The configuration is sound.\n");
  process.exit(0);
}

try {
  const app = await App.start(config);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    await app.stop();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  const failure = await app.failure;
  if (!isStopping) fail(`twotick: ${failure.message}`, EXIT_FAILED);
} catch (error) {
  fail(`twotick: ${(error as Error).message}`, error instanceof InvalidInput ? EXIT_USAGE : EXIT_FAILED);
}
