import { createHash, createHmac, pbkdf2, randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Jid } from "../src/jid.js";

const ITERATIONS = 10_000;
const deriveKey = promisify(pbkdf2);

/**
 * Gives a Prosody an account by writing the file in which its `internal_hashed` authentication keeps it.
 *
 * Takes a few milliseconds, running server or not (it reads the file at each login). An existing account gets the
 * new password; its sessions go on. Only for development and tests: the component makes accounts through XEP-0133.
 * @throws {InvalidInput} when the localpart is none
 * Source: RFC 5802 §3 (the stored values)
 */
export async function addAccount(
  prosody: { dataDir: string; host: string },
  localpart: string,
  password: string,
): Promise<Jid> {
  const jid = Jid.parse(`${localpart}@${prosody.host}`);
  const salt = randomUUID();
  const salted = await deriveKey(password, salt, ITERATIONS, 20, "sha1");
  const storedKey = createHash("sha1").update(hmac(salted, "Client Key")).digest("hex");
  const serverKey = hmac(salted, "Server Key").toString("hex");
  const folder = join(prosody.dataDir, escaped(jid.domain), "accounts");
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const path = join(folder, `${escaped(jid.local)}.dat`);
  const fields = {
    iteration_count: String(ITERATIONS),
    salt: `"${salt}"`,
    server_key: `"${serverKey}"`,
    stored_key: `"${storedKey}"`,
  };
  const lines = Object.entries(fields).map(([name, value]) => `\t["${name}"] = ${value};\n`);
  // Prosody may read it at any moment: it sees the old file or the new one.
  await writeFile(`${path}~`, `return {\n${lines.join("")}};\n`, { mode: 0o640 });
  await rename(`${path}~`, path);
  return jid;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha1", key).update(text).digest();
}

/** File names as Prosody's internal storage writes them: every byte but ASCII letters and digits as %xx. */
function escaped(name: string): string {
  return [...Buffer.from(name)].map((byte) => escapedByte(byte)).join("");
}

function escapedByte(byte: number): string {
  const character = String.fromCodePoint(byte);
  return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
}
