import type { Clock } from "../../../src/clock.js";
import { providerSecret, type SignUpConfig } from "../config.js";
import { commandProvider } from "./command.js";
import { consoleProvider } from "./console.js";
import { httpProvider } from "./http.js";
import { CodeNotSent, type CodeProvider } from "./provider.js";

export { CodeNotSent, type CodeProvider } from "./provider.js";

/**
 * Makes the provider that the configuration names.
 *
 * @param showCode what the provider `console` says a code with; standard output unless given
 * @throws {InvalidInput} when its secret is named in a template but cannot be had
 */
export function createProvider(
  config: SignUpConfig,
  clock: Clock,
  environment: NodeJS.ProcessEnv = process.env,
  showCode?: (line: string) => void,
): CodeProvider {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const { provider, http, command } = config;
  if (provider === "console") return consoleProvider(showCode);
  if (provider === "http" && http) return httpProvider(http, providerSecret(config, environment), wait);
  if (provider === "command" && command) return commandProvider(command, wait);
  return {
    channels: ["sms", "voice"],
    send: () => Promise.reject(new CodeNotSent("no provider is set up", { isPermanent: true })),
  };
}
