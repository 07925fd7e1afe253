import type { Command } from "commander";
import { loadConfig, type Config } from "../config.js";
import { Vault } from "../store/vault.js";

/** Reads the configuration that the program was told of. @throws {InvalidInput} */
export function configOf(program: Command): { readonly config: Config; readonly vault: Vault } {
  const config = loadConfig(pathOf(program));
  return { config, vault: new Vault(Buffer.from(config.store.key, "base64")) };
}

/** Where the configuration is. */
export function pathOf(program: Command): string {
  return program.opts<{ config: string }>().config;
}

/** Says something to the person at the terminal. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
