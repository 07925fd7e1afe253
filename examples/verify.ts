/**
 * Verifies a contact: shows what the two compare, and takes what the other side said.
 *
 *     TWOTICK_STORE=echo.db npx tsx examples/verify.ts +15551230002
 *
 * The store is one that has signed up, for example by `examples/echo.ts`, whose program must not run meanwhile.
 */
import { createInterface } from "node:readline/promises";
import { Client, formatFingerprint, InvalidInput, openSqliteStorage } from "twotick/sdk";

const { TWOTICK_STORE: path = "echo.db", TWOTICK_STORE_KEY: key } = process.env;
const { TWOTICK_SERVICE: service = "xmpp://127.0.0.1:5222" } = process.env;
const [, , number = ""] = process.argv;

const storage = openSqliteStorage({ path, ...(key && { key: Buffer.from(key, "base64") }) });
const client = await Client.open({ storage, service });
client.on("trust-changed", ({ fingerprint, level, by }) => console.log(`${level} by ${by}: ${fingerprint}`));
await client.start();

const { digits, unknown, unverifiedOwn } = await client.trust.safetyNumber(number);
for (const { device, fingerprint, trust } of client.trust.devices(number)) {
  console.log(`Device ${device}, ${trust}: ${fingerprint ? formatFingerprint(fingerprint) : "not met yet"}`);
}
console.log(`The safety number of the two: ${digits}`);
if (unknown.length > 0)
  console.log(`They may see another one: nothing is known of device ${unknown.join(", ")}.`);
if (unverifiedOwn.length > 0)
  console.log(`First make sure that these are yours: ${unverifiedOwn.join(", ")}.`);
console.log(`Their app can scan this as a QR code: ${client.trust.verificationUri()}`);

const terminal = createInterface({ input: process.stdin, output: process.stdout });
const said = await terminal.question("Their safety number, fingerprint or URI, by a call or side by side: ");
terminal.close();
try {
  const { verified, inAdvance, unmentioned, mismatched } = await client.trust.verify(number, said);
  console.log(`Verified: ${verified.length} now, ${inAdvance.length} in advance.`);
  for (const { device } of unmentioned) console.log(`Nothing was said of device ${device}: do they know it?`);
  for (const { device } of mismatched)
    console.log(`Device ${device} shows other keys than they say: beware.`);
} catch (error) {
  if (!(error instanceof InvalidInput)) throw error;
  console.log(`Not verified: ${error.message}.`);
}
await client.stop();
storage.close();
