import { createInterface } from "node:readline/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { DeviceSignUp, SignUpSession } from "../../sdk/mod.js";
import { InvalidInput } from "../../src/errors.js";
import { answersJson } from "../command.js";
import { addStoreOptions, openStore, type StoreOptions } from "../device-store.js";
import type { Shell } from "../shell.js";

interface SignUpOptions extends StoreOptions {
  readonly api: string;
  readonly code?: string;
  readonly voice?: boolean;
  readonly pin?: string;
  readonly newPin?: string;
  readonly app?: boolean;
}

/** Defines `twotick signup`. */
export function define(command: Command, shell: Shell): void {
  const { env } = shell.terminal;
  addStoreOptions(
    command
      .description(
        "Signs a phone number up: asks for a code, and makes the store of a device that chat and bots then use. With --app it makes an account for an ordinary XMPP app instead.",
      )
      .argument("[number]", "as people write it; asked for when left out")
      .option("--api <url>", "where the sign-up API is", env["TWOTICK_API"] ?? "http://127.0.0.1:5380"),
    shell,
  )
    .option("--code <code>", "the code, where it is known before (a test number)")
    .option("--voice", "have the code told by a call")
    .option("--pin <pin>", "the PIN that protects the number")
    .option("--new-pin <pin>", "protect it with this PIN from now on; an empty text for none")
    .option("--app", "for an ordinary XMPP app: show address and password, and make no store")
    .action(async (number: string | undefined, options: SignUpOptions) => {
      const asked = number ?? (await askForNumber(shell));
      await (options.app ? signUpApp(asked, options, shell) : signUpStore(asked, options, shell));
    });
  answersJson(
    command,
    { example: { number: "+15551230001", store: "/home/romeo/chat.db" } },
    {
      example: { number: "+15551230001", account: "k3v9q2@example.org", password: "a long random text" },
      lines: "with `--app`",
    },
  );
}

/** Asks for a number. @throws {InvalidInput} when nobody is there to be asked */
export async function askForNumber(shell: Shell): Promise<string> {
  const { parsePhoneNumber } = await import("../../src/written-number.js");
  const questions = await shell.questions("the number");
  const fault = (answer: string): string | undefined => {
    try {
      parsePhoneNumber(answer);
      return undefined;
    } catch {
      return "A number in international form, like +1 555 123 0001.";
    }
  };
  return questions.text({ message: "Your phone number", fault });
}

async function signUpStore(number: string, options: SignUpOptions, shell: Shell): Promise<void> {
  const storage = openStore(options, shell);
  try {
    const signedUp = await signUpInto({ storage, number, options, shell });
    const store = resolve(shell.terminal.cwd, options.store);
    shell.output.tell(
      { number: signedUp, store },
      `${signedUp} is signed up; its device is kept in ${store}.`,
    );
  } finally {
    storage.close();
  }
}

/** Signs the device of a store up. @returns its number @throws {SignUpError} {InvalidInput} {Interrupted} */
export async function signUpInto(what: {
  readonly storage: ReturnType<typeof openStore>;
  readonly number: string;
  readonly options: Pick<SignUpOptions, "api" | "code" | "voice" | "pin" | "newPin">;
  readonly shell: Shell;
}): Promise<string> {
  const { isSignedUp, signUpDevice } = await import("../../sdk/mod.js");
  const { storage, number, options, shell } = what;
  if (isSignedUp(storage))
    throw new InvalidInput("the store is signed up already: choose another one with --store");
  const channel = options.voice ? "voice" : "sms";
  const session = await signUpDevice({ storage, api: options.api, number, channel });
  return session.verify(...(await answerOf(session, options, shell)));
}

async function signUpApp(number: string, options: SignUpOptions, shell: Shell): Promise<void> {
  const { signUp } = await import("../../sdk/mod.js");
  const session = await signUp({ api: options.api, number, channel: options.voice ? "voice" : "sms" });
  const made = await session.verify(...(await answerOf(session, options, shell)));
  const told = { number: made.number, account: made.account.bare, password: made.password };
  shell.output.tell(
    told,
    `${made.number} is signed up.\n  address   ${told.account}\n  password  ${told.password}`,
  );
}

async function answerOf(
  { state }: DeviceSignUp | SignUpSession,
  { code, pin, newPin }: Pick<SignUpOptions, "code" | "pin" | "newPin">,
  shell: Shell,
): Promise<[code: string, options: { pin?: string; newPin?: string }]> {
  const pins = { ...(pin !== undefined && { pin }), ...(newPin !== undefined && { newPin }) };
  return [code ?? (await askForCode(state.number, shell)), pins];
}

async function askForCode(number: string, shell: Shell): Promise<string> {
  if (shell.isInteractive) {
    const questions = await shell.questions("--code");
    return questions.text({ message: `The code that was sent to ${number}` });
  }
  // A script writes it when it has it
  const lines = createInterface({ input: shell.terminal.input });
  try {
    for await (const line of lines) if (line.trim() !== "") return line.trim();
  } finally {
    lines.close();
  }
  throw new InvalidInput("no code came: give --code, or write it to standard input");
}
