import { createInterface } from "node:readline";
import { Client, isSignedUp, openSqliteStorage, signUpDevice } from "../../../sdk/mod.js";
import { Journal, keepJournal } from "../../../sdk/testing/mod.js";

/** What a person is started with, as JSON in the first argument. */
export interface PersonOptions {
  readonly storagePath: string;
  readonly journalPath: string;
  readonly service: string;
  readonly api: string;
  readonly number: string;
}

const CODE = "000000";
/** Shorter than in production: tests wait for them. */
const CONNECTION = {
  retry: { minMs: 50, maxMs: 400 },
  heartbeat: { intervalMs: 2_000, afterSendMs: 500, deadlineMs: 2_000 },
};

const textOf = (id: string): string => `the text of ${id}`;

const { storagePath, journalPath, service, api, number } = JSON.parse(
  process.argv[2] ?? "{}",
) as PersonOptions;
const storage = openSqliteStorage({ path: storagePath });
const isNew = !isSignedUp(storage);
if (isNew) await (await signUpDevice({ storage, api, number })).verify(CODE);
const client = await Client.open({ storage, service, connection: CONNECTION });
const journaled = keepJournal(client, new Journal(journalPath), textOf);
client.on("fatal", (error) => {
  process.stderr.write(`${number}: ${error.code} ${error.message}\n`);
  process.exit(1);
});
void journaled.show();
await journaled.resume();
const started = client.start();
// Nobody can write to a device that was never online
if (isNew) await started;
process.stdout.write("running\n");

for await (const line of createInterface({ input: process.stdin })) {
  const { to, id } = JSON.parse(line) as { to: string; id: string };
  await journaled.send(to, textOf(id), id);
  process.stdout.write(`${id}\n`);
}
