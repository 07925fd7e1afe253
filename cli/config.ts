import type { Command } from "commander";
import { type Config, loadConfig } from "../component/config.js";
import { Vault } from "../component/store/vault.js";
import { RunningComponent } from "./admin/running-component.js";

/** Where the component's configuration is unless something else is said. */
export const CONFIG_PATH = "/etc/twotick/twotick.toml";

/** What a command of the administrator works with. */
export interface Installation {
  readonly path: string;
  readonly config: Config;
  readonly vault: Vault;
}

/** Reads the configuration that `--config` names. @throws {InvalidInput} */
export function installationOf(command: Command, env: NodeJS.ProcessEnv): Installation {
  const { config: path } = command.optsWithGlobals<{ config: string }>();
  const config = loadConfig(path, env);
  return { path, config, vault: new Vault(Buffer.from(config.store.key, "base64")) };
}

/** The component that runs by the configuration that `--config` names. @throws {InvalidInput} {AdminError} */
export function runningComponent(command: Command, env: NodeJS.ProcessEnv): RunningComponent {
  const { config, vault } = installationOf(command, env);
  return new RunningComponent(config, vault);
}
