import { spawn } from "node:child_process";
import type { SignUpConfig } from "../config.js";
import { CodeNotSent, type CodeProvider, fillIn, type Placeholders, withRetries } from "./provider.js";

type CommandConfig = NonNullable<SignUpConfig["command"]>;

/** sysexits.h: "temporary failure, try again" */
const EX_TEMPFAIL = 75;

/**
 * Sends codes by running a program, without a shell: status 0 is sent, 75 is "try again", others are refusals.
 *
 * The code goes to standard input, since arguments can be read by everybody on the machine; templates may
 * name it in an argument all the same.
 */
export function commandProvider(config: CommandConfig, wait: (ms: number) => Promise<void>): CodeProvider {
  return {
    channels: config.channels,
    send: (message) => withRetries(config.attempts, wait, () => runOnce(config, { ...message, secret: "" })),
  };
}

function runOnce(config: CommandConfig, values: Placeholders): Promise<void> {
  const [program = "", ...args] = config.run.map((part) => fillIn(part, values, (value) => value));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      shell: false,
      stdio: ["pipe", "ignore", "ignore"],
      timeout: config.timeoutMs,
      killSignal: "SIGKILL",
      // The program gets no secret of ours from the environment
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], LANG: process.env["LANG"] },
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT" || error.code === "EACCES";
      reject(new CodeNotSent(`the program could not be run (${error.code})`, { isPermanent: isMissing }));
    });
    child.once("exit", (status, signal) => {
      if (status === 0) resolve();
      else if (signal !== null) reject(new CodeNotSent("the program did not finish in time"));
      else reject(refusal(status));
    });
    // A program that does not read is its own affair
    child.stdin.on("error", () => undefined);
    child.stdin.end(fillIn(config.stdin, values, (value) => value));
  });
}

function refusal(status: number | null): CodeNotSent {
  return new CodeNotSent(`the program ended with status ${status}`, { isPermanent: status !== EX_TEMPFAIL });
}
