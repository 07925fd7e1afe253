import { formatFingerprint } from "../../sdk/mod.js";
import { InvalidInput } from "../../src/errors.js";
import { TICKS } from "./screen.js";
import type { ChatSession } from "./session.js";

/** What a line that begins with a slash does. */
interface ChatCommand {
  readonly words: string;
  readonly what: string;
  run(session: ChatSession, rest: string): Promise<void> | void;
}

const NAMED: Readonly<Record<string, ChatCommand>> = {
  to: { words: "/to NUMBER", what: "talk to somebody", run: (session, rest) => session.talkTo(rest) },
  people: { words: "/people", what: "with whom something was said", run: people },
  verify: {
    words: "/verify [DIGITS|FINGERPRINT|URI|yes]",
    what: "show the safety number; with what the other side said, or yes when they read the same: verify them",
    run: verify,
  },
  devices: { words: "/devices", what: "the devices of the other side", run: devices },
  trust: {
    words: "/trust FINGERPRINT",
    what: "write to a device that was not compared",
    run: (session, rest) => session.client.trust.accept(session.requireNumber(), rest),
  },
  distrust: {
    words: "/distrust FINGERPRINT",
    what: "write nothing to a device",
    run: (session, rest) => session.client.trust.distrust(session.requireNumber(), rest),
  },
  block: {
    words: "/block",
    what: "take nothing of the other side any more",
    run: (session) => block(session, true),
  },
  unblock: { words: "/unblock", what: "end that", run: (session) => block(session, false) },
  me: { words: "/me", what: "the own number, device and fingerprint", run: me },
  help: { words: "/help", what: "this", run: help },
  quit: { words: "/quit", what: "end (Ctrl-D and Ctrl-C too)", run: () => undefined },
};

/** Whether a line ends the chat. */
export function isQuit(line: string): boolean {
  return /^\/(quit|exit)\s*$/.test(line);
}

/** What the beginning of a line may become. */
export function completions(line: string, people: () => readonly string[]): string[] {
  if (line.startsWith("/to "))
    return people()
      .map((number) => `/to ${number}`)
      .filter((one) => one.startsWith(line));
  return Object.keys(NAMED)
    .map((name) => `/${name} `)
    .filter((one) => one.startsWith(line) && line.startsWith("/"));
}

/** Does what a line says: a message, or (with a slash) a command. @throws {TwotickError} */
export async function takeLine(session: ChatSession, line: string): Promise<void> {
  if (line.trim() === "") return;
  // Two slashes begin a message that begins with one
  if (!line.startsWith("/") || line.startsWith("//")) return session.say(line.replace(/^\/\//, "/"));
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const command = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (!command) throw new InvalidInput(`there is no /${name}; /help shows what there is`);
  await command.run(session, rest.trim());
}

function people({ history, view }: ChatSession): void {
  view.remark("people", history.people().join("\n") || "Nothing was said yet.");
}

async function verify(session: ChatSession, said: string): Promise<void> {
  const { client, view } = session;
  const number = session.requireNumber();
  const { digits, unknown, unverifiedOwn } = await client.trust.safetyNumber(number);
  if (said === "") {
    view.remark("safety-number", `The safety number of you and ${number}:\n${inRows(digits)}`);
    if (unknown.length > 0)
      view.remark(
        "safety-number",
        `They may see another one: nothing is known of device ${unknown.join(", ")}.`,
      );
    if (unverifiedOwn.length > 0)
      view.remark(
        "safety-number",
        `Make sure first that these devices are yours: ${unverifiedOwn.join(", ")}.`,
      );
    return view.remark(
      "safety-number",
      'Compare it by a call or side by side; then "/verify yes", or /verify and what they read to you.',
    );
  }
  const { verified, unmentioned, mismatched } = await client.trust.verify(
    number,
    said === "yes" ? digits : said,
  );
  view.remark("verified", `${number} is verified: ${verified.length} devices.`);
  for (const { device } of unmentioned)
    view.remark("verified", `Nothing was said of device ${device}: do they know it?`);
  for (const { device } of mismatched)
    view.remark("verified", `Device ${device} shows other keys than they say: beware.`);
}

function inRows(digits: string): string {
  const groups = digits.split(" ");
  return [0, 4, 8].map((from) => `  ${groups.slice(from, from + 4).join(" ")}`).join("\n");
}

function devices(session: ChatSession): void {
  const number = session.requireNumber();
  const known = session.client.trust.devices(number);
  const lines = known.map(
    ({ device, fingerprint, trust }) =>
      `device ${device}, ${trust}: ${fingerprint ? formatFingerprint(fingerprint) : "not met yet"}`,
  );
  session.view.remark("devices", lines.join("\n") || `No device of ${number} is known yet.`);
}

async function block(session: ChatSession, isBlocked: boolean): Promise<void> {
  const number = session.requireNumber();
  await (isBlocked ? session.client.block(number) : session.client.unblock(number));
  session.view.remark("blocked", isBlocked ? `${number} is blocked.` : `${number} is not blocked any more.`);
}

function me({ client, view }: ChatSession): void {
  const fingerprint = client.fingerprint ? formatFingerprint(client.fingerprint) : "not known yet";
  view.remark(
    "me",
    `${client.number ?? "no number yet"}, device ${client.device}, ${client.state}\n${fingerprint}`,
  );
}

function help({ view }: ChatSession): void {
  const width = Math.max(...Object.values(NAMED).map(({ words }) => words.length));
  const ticks = `${TICKS.queued}queued  ${TICKS.accepted}accepted  ${TICKS.delivered} delivered  ${TICKS.read} read  ${TICKS.failed}failed`;
  const lines = Object.values(NAMED).map(({ words, what }) => `${words.padEnd(width)}  ${what}`);
  const literal = `${"//word".padEnd(width)}  says /word, as bots want it`;
  view.remark("help", [...lines, literal, `Ticks: ${ticks}`].join("\n"));
}
