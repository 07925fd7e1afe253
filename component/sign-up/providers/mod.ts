import { readFileSync } from "node:fs";
import type { Clock } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import type { SignUpConfig } from "../config.js";
import { commandProvider } from "./command.js";
import { consoleProvider } from "./console.js";
import { httpProvider } from "./http.js";
import { CodeNotSent, type CodeProvider } from "./provider.js";

export { CodeNotSent, type CodeProvider } from "./provider.js";

/** The environment variable that may hold what `{secret}` stands for. */
const SECRET_VARIABLE = "TWOTICK_SIGN_UP_SECRET";

/**
 * Makes the provider that the configuration names.
 *
 * @throws {InvalidInput} when its secret is named in a template but cannot be had
 */
export function createProvider(
  config: SignUpConfig,
  clock: Clock,
  environment: NodeJS.ProcessEnv = process.env,
): CodeProvider {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const { provider, http, command } = config;
  if (provider === "console") return consoleProvider();
  if (provider === "http" && http) return httpProvider(http, providerSecret(config, environment), wait);
  if (provider === "command" && command) return commandProvider(command, wait);
  return {
    channels: ["sms", "voice"],
    send: () => Promise.reject(new CodeNotSent("no provider is set up", { isPermanent: true })),
  };
}

/**
 * What `{secret}` stands for: from the environment, a file or the option; empty where no provider asks for one.
 *
 * @throws {InvalidInput} when a template names it and it cannot be had
 */
export function providerSecret({ provider, http }: SignUpConfig, environment: NodeJS.ProcessEnv): string {
  if (provider !== "http" || !http) return "";
  const given = environment[SECRET_VARIABLE] ?? fromFile(http.secretFile) ?? http.secret;
  if (given === undefined && JSON.stringify(http).includes("{secret}")) {
    throw new InvalidInput(
      `sign_up.http.secret: is named in a template but missing (or sign_up.http.secret_file, or ${SECRET_VARIABLE} in the environment)`,
    );
  }
  return given ?? "";
}

function fromFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new InvalidInput(`sign_up.http.secret_file: cannot be read: ${(error as Error).message}`, error);
  }
}
