import { createInterface } from "node:readline";
import { Client, isSignedUp, openSqliteStorage, signUpDevice } from "../../sdk/mod.js";
import { hashBody, Journal, keepJournal } from "../../sdk/testing/mod.js";

/** What a person of the kill test is started with, as JSON in the first argument. */
export interface PersonOptions {
  readonly storagePath: string;
  readonly journalPath: string;
  readonly service: string;
  readonly api: string;
  readonly number: string;
  readonly peer: string;
  /** 25 unless given. */
  readonly sendEveryMs?: number;
  /** How many messages it sends at a time at most; one unless given. */
  readonly burst?: number;
  /** How many may be neither accepted nor refused before it waits; no limit unless given. */
  readonly aheadAtMost?: number;
  /** Set where the server is not on loopback and has no certificate. */
  readonly allowPlaintext?: boolean;
  /** Whether it was signed up elsewhere and was never online. */
  readonly isNewcomer?: boolean;
}

const SEND_EVERY_MS = 25;
const CODE = "000000";
/** Shorter than in production: the test waits for them a hundred times. */
const CONNECTION = {
  retry: { minMs: 50, maxMs: 400 },
  heartbeat: { intervalMs: 2_000, afterSendMs: 500, deadlineMs: 2_000 },
};

/** The text of a message can be told from its id, so that a new process can ask for what the last one asked. */
function textOf(id: string): string {
  return `the text of ${id}`;
}

const options = JSON.parse(process.argv[2] ?? "{}") as PersonOptions;
const {
  storagePath,
  journalPath,
  service,
  api,
  number,
  peer,
  allowPlaintext,
  sendEveryMs = SEND_EVERY_MS,
  burst = 1,
  aheadAtMost = Infinity,
} = options;
// One of the two has an encrypted store
const key = number.endsWith("2") ? { key: Buffer.alloc(32, 2) } : {};
const storage = openSqliteStorage({ path: storagePath, ...key });
const isNew = !isSignedUp(storage);
if (isNew) {
  const session = await signUpDevice({ storage, api, number });
  await session.verify(CODE);
}
const client = await Client.open({ storage, service, connection: { ...CONNECTION, allowPlaintext } });
const journal = new Journal(journalPath);
const journaled = keepJournal(client, journal, textOf);
const before = journal.lines();
let count = before.filter((line) => line.kind === "asked").length;
let isQuiet = true;
/** What is on its way. */
const open = new Set(before.flatMap((line) => (line.kind === "asked" ? [line.id] : [])));
for (const line of before) if (line.kind === "told") open.delete(line.id);
client.on("accepted", ({ handle }) => open.delete(handle.id));
client.on("receipt", ({ id }) => open.delete(id));
client.on("failed", ({ handle }) => open.delete(handle.id));

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "talk") isQuiet = false;
  if (line === "quiet") isQuiet = true;
  if (line === "stop") void client.stop().then(() => process.exit(0));
});
client.on("fatal", (error) => {
  process.stderr.write(`${number}: ${error.code} ${error.message}\n`);
  process.exit(1);
});
void show();
// What could not be sent before the last crash comes before anything new, attached or not
await journaled.resume();
const started = client.start();
// Nobody can write to a device that was never online
if (isNew || options.isNewcomer) await started;
process.stdout.write("running\n");

/** As {@link JournaledClient.show}, but that it goes on to the next message while one is being acknowledged. */
async function show(): Promise<void> {
  for await (const message of client.messages()) {
    const { id, from, text } = message;
    journal.write({ kind: "shown", id, from, body: hashBody(text) });
    void message.acknowledge().then(() => journal.write({ kind: "acknowledged", id, from }));
  }
}

async function talk(): Promise<void> {
  const room = isQuiet ? 0 : Math.min(1 + Math.random() * burst, aheadAtMost - open.size);
  const ids = Array.from({ length: Math.max(0, Math.floor(room)) }, () => `${number}-${++count}`);
  for (const id of ids) open.add(id);
  await Promise.all(ids.map((id) => journaled.send(peer, textOf(id), id)));
  setTimeout(() => void talk(), sendEveryMs);
}
await talk();
