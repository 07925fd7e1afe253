import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Client } from "../../sdk/mod.js";
import { TwotickError } from "../../src/errors.js";
import { completions, isQuit, takeLine } from "../chat/chat-commands.js";
import { ChatSession } from "../chat/session.js";
import { ChatScreen } from "../chat/screen.js";
import { type ChatView, LineView } from "../chat/view.js";
import { answersJson } from "../command.js";
import { addStoreOptions, openStore, type StoreOptions } from "../device-store.js";
import { EXIT } from "../exit-codes.js";
import type { Shell } from "../shell.js";
import { askForNumber, signUpInto } from "./signup.js";

interface ChatOptions extends StoreOptions {
  readonly api: string;
  readonly service: string;
  readonly read: boolean;
  readonly trust: "blind-before-verification" | "always-ask" | "verified-only";
}

/** How long what was written may take to be accepted before a chat that has no terminal gives up. */
const SETTLE_MS = 35_000;

/** Defines `twotick chat`. */
export function define(command: Command, shell: Shell): void {
  const { env } = shell.terminal;
  addStoreOptions(
    command
      .description(
        "Writes to people from this terminal, encrypted, with ticks and safety numbers; /help in it shows what it can do. The first start signs a number up. Without a terminal it writes what it reads, a message a line, and ends when all is accepted.",
      )
      .argument("[number]", "whom to talk to"),
    shell,
  )
    .option("--service <uri>", "the XMPP server", env["TWOTICK_SERVICE"] ?? "xmpp://127.0.0.1:5222")
    .option("--api <url>", "where the sign-up API is", env["TWOTICK_API"] ?? "http://127.0.0.1:5380")
    .option("--no-read", "do not tell people that their messages were seen")
    .option(
      "--trust <policy>",
      "whom to write to before comparing: blind-before-verification, always-ask, verified-only",
      "blind-before-verification",
    )
    .action((number: string | undefined, options: ChatOptions) => chat(number, options, shell));
  answersJson(
    command,
    {
      example: {
        event: "message",
        id: "mBkQ3vYv0r7a",
        with: "+15551230002",
        isOwn: false,
        at: 1767225600000,
        text: "hello",
        remarks: [],
      },
      lines: "for each message",
    },
    {
      example: { event: "state", id: "mBkQ3vYv0r7a", to: "+15551230002", state: "delivered" },
      lines: "as messages of one's own come further: `accepted`, `delivered`, `read`, `failed` (with `why`)",
    },
    {
      example: { event: "verified", text: "+15551230002 is verified: 1 devices." },
      lines: "for everything else",
    },
  );
}

async function chat(number: string | undefined, options: ChatOptions, shell: Shell): Promise<void> {
  const { Client, isSignedUp } = await import("../../sdk/mod.js");
  const storage = openStore(options, shell);
  try {
    if (!isSignedUp(storage)) {
      const own = await askForNumber(shell);
      await signUpInto({ storage, number: own, options, shell });
    }
    const { service, trust: trustPolicy } = options;
    const client = await Client.open({ storage, service, trustPolicy });
    await converse(client, number, options, shell);
  } finally {
    storage.close();
  }
}

async function converse(
  client: Client,
  number: string | undefined,
  options: ChatOptions,
  shell: Shell,
): Promise<void> {
  const isScreen =
    shell.isInteractive && shell.terminal.output.isTTY === true && shell.terminal.env["TERM"] !== "dumb";
  const people = (): readonly string[] => session.history.people();
  const view: ChatView = isScreen
    ? new ChatScreen(shell.terminal, shell.output, (line) => completions(line, people))
    : new LineView(shell.output, createInterface({ input: shell.terminal.input }));
  const session: ChatSession = new ChatSession(client, view, { tellsRead: options.read });
  const received = session.receive();
  try {
    view.talkingTo(undefined);
    const connected = session.connect();
    if (number !== undefined) await session.talkTo(number);
    // A program's lines may be commands that need the service
    if (!isScreen) await withinTime(connected);
    await takeLines(session);
    if (!isScreen && !(await session.settled(SETTLE_MS))) shell.exitCode = EXIT.failed;
  } finally {
    view.close();
    await client.stop();
    await received;
  }
  if (session.failure) throw session.failure;
}

async function withinTime(connected: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new TwotickError("unreachable", "the server does not answer: is --service right?");
    timer = setTimeout(() => reject(error), SETTLE_MS);
  });
  try {
    await Promise.race([connected, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function takeLines(session: ChatSession): Promise<void> {
  for await (const line of session.view.lines()) {
    if (isQuit(line)) return;
    try {
      await takeLine(session, line);
    } catch (error) {
      if (!(error instanceof TwotickError)) throw error;
      session.view.remark("refused", error.message);
    }
  }
}
