import type { CodeProvider } from "./provider.js";

/**
 * Shows codes on the terminal: for development, where the person at the terminal is the person signing up.
 *
 * @param print takes one line; standard output when left out
 */
export function consoleProvider(
  print: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): CodeProvider {
  return {
    channels: ["sms", "voice"],
    send({ number, channel, code }) {
      print(`${channel === "sms" ? "SMS" : "Call"} to ${number}: your code is ${code}`);
      return Promise.resolve();
    },
  };
}
