/**
 * An encrypted echo bot: whoever writes to its number gets the same text back.
 *
 *     TWOTICK_NUMBER=+15551230009 npx tsx examples/echo.ts
 *
 * The first start signs up: it asks for the code that the service sends to the number. Later ones go on from the store.
 */
import { createInterface } from "node:readline/promises";
import { Client, isSignedUp, openSqliteStorage, signUpDevice } from "twotick/sdk";

const { TWOTICK_NUMBER: number = "", TWOTICK_STORE: path = "echo.db" } = process.env;
const { TWOTICK_API: api = "http://127.0.0.1:5380", TWOTICK_SERVICE: service = "xmpp://127.0.0.1:5222" } =
  process.env;

// Encrypted when there is a key for it: 32 random bytes, `openssl rand -base64 32`
const { TWOTICK_STORE_KEY: key } = process.env;
const storage = openSqliteStorage({ path, ...(key && { key: Buffer.from(key, "base64") }) });
if (!isSignedUp(storage)) {
  const session = await signUpDevice({ storage, api, number });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  await session.verify(await terminal.question("The code that was sent: "));
  terminal.close();
}

const client = await Client.open({ storage, service });
process.once("SIGINT", () => void client.stop());
await client.start();
console.log(`${client.number} echoes what it is sent; Ctrl-C ends it.`);

for await (const message of client.messages()) {
  await message.reply(message.text);
  await message.markRead();
  await message.acknowledge();
}
await client.stop();
storage.close();
