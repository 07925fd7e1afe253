import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { SendHandle } from "../sdk/client/handles.js";
import { allReach, DemoPerson, TICKS } from "./demo-person.js";
import { DemoService } from "./demo-service.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const SIGNS: Readonly<Record<string, string>> = {
  queued: "…",
  accepted: "✓",
  delivered: "✓✓",
  read: "✓✓ read",
  failed: "failed",
};
const MORNING = ["Good morrow, Juliet!", "Art thou awake?", "The lark has sung already."];
const AWAY = [
  "Thou art gone?",
  "I write on.",
  "Night's candles are burnt out,",
  "and jocund day",
  "stands tiptoe.",
];
const ANSWERS = ["It was the nightingale."];
const WHILE_DOWN = "on the misty mountain tops.";

const claims: { text: string; holds: boolean }[] = [];

function claim(text: string, holds: boolean): void {
  claims.push({ text, holds });
  if (!holds) say(`   ✘ this does not hold: ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function chapter(text: string): void {
  say(`\n${text}`);
}

function show(person: DemoPerson, texts: readonly string[], handles: readonly SendHandle[]): void {
  for (const [index, handle] of handles.entries())
    say(`   ${person.name}: ${(texts[index] ?? "").padEnd(34)} ${SIGNS[handle.state]}`);
}

async function writeAll(from: DemoPerson, to: DemoPerson, texts: readonly string[]): Promise<SendHandle[]> {
  const handles: SendHandle[] = [];
  for (const text of texts) handles.push(await from.write(to, text));
  return handles;
}

async function signUp(person: DemoPerson): Promise<void> {
  const code = await person.signUp();
  say(
    `   ${person.name} asks for a code to ${person.number}, reads ${code} on the phone and has an account.`,
  );
  await person.comeOnline();
}

/** Who takes part, and where the service keeps its files. */
interface Story {
  readonly service: DemoService;
  readonly serviceFolder: string;
  readonly romeo: DemoPerson;
  readonly juliet: DemoPerson;
}

async function tell(story: Story): Promise<void> {
  const { service, romeo, juliet } = story;
  chapter("1. Two people sign up with their numbers.");
  await signUp(romeo);
  await signUp(juliet);
  claim("two people signed up with a number and a code", true);
  const morning = await writeInTheMorning(story);

  chapter("3. Juliet goes away. Romeo writes on.");
  await juliet.goAway();
  const away = await writeAll(romeo, juliet, AWAY);
  await allReach(away, "accepted");
  show(romeo, AWAY, away);
  const areAccepted = away.every((handle) => handle.state === "accepted");
  claim("while she was away his messages were accepted, and not taken for delivered", areAccepted);

  chapter("4. The component is killed with -9. Romeo writes even now.");
  await service.killComponent();
  const late = await romeo.write(juliet, WHILE_DOWN);
  show(romeo, [WHILE_DOWN], [late]);
  claim("nothing was said to be accepted while the component was dead", late.state === "queued");
  say("   It is started again:");
  await service.startComponent();
  await allReach([late], "accepted");
  show(romeo, [WHILE_DOWN], [late]);

  await comeBack(story, [...morning, ...away, late]);
}

async function writeInTheMorning({ romeo, juliet }: Story): Promise<SendHandle[]> {
  chapter("2. They write to each other, encrypted on their devices.");
  const morning = await writeAll(romeo, juliet, MORNING);
  await allReach(morning, "delivered");
  show(romeo, MORNING, morning);
  await juliet.readEverything();
  await allReach(morning, "read");
  say("   Juliet looks at them:");
  show(romeo, MORNING, morning);
  const answers = await writeAll(juliet, romeo, ANSWERS);
  await allReach(answers, "delivered");
  show(juliet, ANSWERS, answers);
  return morning;
}

async function comeBack(story: Story, handles: readonly SendHandle[]): Promise<void> {
  const { romeo, juliet } = story;
  const texts = [...MORNING, ...AWAY, WHILE_DOWN];
  const isNew = MORNING.length;
  chapter("5. Juliet comes back.");
  await juliet.comeOnline();
  await juliet.hasReceived(texts.length);
  await allReach(handles, "delivered");
  show(romeo, texts.slice(isNew), handles.slice(isNew));
  await juliet.readEverything();
  await allReach(handles, "read");
  say("   She reads them:");
  show(romeo, texts.slice(isNew), handles.slice(isNew));
  judge(story, texts, handles);
}

function judge(
  { romeo, juliet, serviceFolder }: Story,
  texts: readonly string[],
  handles: readonly SendHandle[],
): void {
  const [toJuliet, toRomeo] = [juliet, romeo].map((person) => person.received.map(({ text }) => text));
  claim("every message arrived, and arrived once", isSame([...(toJuliet ?? [])].sort(), [...texts].sort()));
  claim("they arrived in the order in which they were written", isSame(toJuliet ?? [], texts));
  claim("so did her answer", isSame(toRomeo ?? [], ANSWERS));
  const wentUp = handles.every((handle) => isSame(romeo.ticks.get(handle.id) ?? [], TICKS));
  claim("the ticks of each went from accepted to delivered to read, and never back", wentUp);
  const areEncrypted = [...juliet.received, ...romeo.received].every((message) => message.isEncrypted);
  claim("all of them were encrypted from device to device", areEncrypted);
  const isClear = areInFiles([...texts, ...ANSWERS], serviceFolder);
  claim("no text stands in any file of Prosody or the component", !isClear);
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}

/** Whether one of the texts can be read in a file below a folder. */
function areInFiles(texts: readonly string[], folder: string): boolean {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.some((entry) => {
    const content = readFileSync(join(entry.parentPath, entry.name));
    return texts.some((text) => content.includes(text));
  });
}

async function run(folder: string): Promise<void> {
  const serviceFolder = join(folder, "service");
  const devicesFolder = join(folder, "devices");
  mkdirSync(serviceFolder);
  mkdirSync(devicesFolder);
  say("A stock Prosody and Twotick's component start on this machine, in a temporary folder.");
  const service = await DemoService.start(serviceFolder);
  const romeo = new DemoPerson("Romeo", ROMEO, service, devicesFolder);
  const juliet = new DemoPerson("Juliet", JULIET, service, devicesFolder);
  try {
    await tell({ service, serviceFolder, romeo, juliet });
  } finally {
    await Promise.allSettled([romeo.end(), juliet.end()]);
    await service.stop();
  }
}

new Command("npm run demo")
  .description("Tells the story of two people, a killed component and no lost message, in under a minute.")
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const folder = mkdtempSync(join(tmpdir(), "twotick-demo-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const start = performance.now();
try {
  await run(folder);
} catch (error) {
  claim(`the story came to its end (${(error as Error).message})`, false);
}
const seconds = (performance.now() - start) / 1000;
claim(`it took less than a minute (${seconds.toFixed(1)} s)`, seconds < 60);
chapter("What was claimed, and whether it held:");
for (const { text, holds } of claims) say(`   ${holds ? "✔" : "✘"} ${text}`);
process.exit(claims.every(({ holds }) => holds) ? 0 : 1);
