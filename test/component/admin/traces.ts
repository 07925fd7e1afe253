import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import SQLite from "better-sqlite3";
import type { AccountOperations } from "../../../component/accounts/store.js";
import type { ChatOperations } from "../../../component/chat/store.js";
import type { ContactOperations } from "../../../component/contacts/store.js";
import type { FederationOperations } from "../../../component/federation/store.js";
import { hashDeviceKey } from "../../../component/mailbox/service.js";
import { Vault } from "../../../component/store/vault.js";
import { newMessageId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { xml } from "../../../src/xml.js";
import { RawApp } from "../../support/raw-app.js";
import type { RawDevice } from "../../support/raw-device.js";
import { until } from "../../support/until.js";
import type { World } from "../../support/world.js";

/** What tells of somebody, as bytes in a file. */
export type Trace = string | Uint8Array;

/** A number that nobody has, and that only the one who is deleted looks up and blocks. */
const NOBODY = "+15559876543";
/** A number that the one who is deleted asks for and never confirms. */
const SECOND = "+15551239998";
/** The code of the test numbers. */
export const CODE = "847362";

const DAY_MS = 86_400_000;

/** Tables in which nothing is about anybody before somebody is deleted. */
const EMPTY: ReadonlySet<string> = new Set([
  "announcements",
  "deletions",
  "ended_relations",
  "erasures",
  "host_removals",
  "migrations",
  "sign_up_breakers",
]);

/** Runs something with the store's file open for reading, and writing if need be. */
export function withDatabase<Result>(world: World, work: (database: SQLite.Database) => Result): Result {
  const database = new SQLite(world.config.store.path);
  try {
    database.pragma("secure_delete = ON");
    return work(database);
  } finally {
    database.close();
  }
}

/** The tables in which something could be about somebody and there is no row. */
export function emptyTables(world: World): string[] {
  return withDatabase(world, (database) =>
    tables(database).filter(
      (table) => !EMPTY.has(table) && database.prepare(`SELECT 1 FROM ${table}`).get() === undefined,
    ),
  );
}

/** The tables that have a row of an account, by the columns that name accounts. */
export function tablesOf(world: World, account: number): string[] {
  return withDatabase(world, (database) =>
    tables(database).filter((table) => {
      const columns = database
        .prepare<[string], string>("SELECT name FROM pragma_table_info(?) WHERE type = 'INTEGER'")
        .pluck()
        .all(table)
        .filter((name) => ["account", "subscriber", "contact", "sender", "recipient"].includes(name));
      return columns.some((name) =>
        database.prepare(`SELECT 1 FROM ${table} WHERE ${name} = ?`).get(account),
      );
    }),
  );
}

function tables(database: SQLite.Database): string[] {
  return database
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all();
}

/** The files beside the store, itself among them, in which one of the traces stands, as `file: trace`. */
export function findTraces(world: World, traces: readonly Trace[]): string[] {
  const forms = traces.flatMap(formsOf);
  return files(world).flatMap(({ name, content }) =>
    forms.filter(({ bytes }) => content.includes(bytes)).map(({ text }) => `${name}: ${text}`),
  );
}

/** Those of the traces that stand in no file, in no form. */
export function missingTraces(world: World, traces: readonly Trace[]): string[] {
  const contents = files(world);
  return traces
    .map(formsOf)
    .filter((forms) => !contents.some(({ content }) => forms.some(({ bytes }) => content.includes(bytes))))
    .map((forms) => forms[0]?.text ?? "");
}

function files(world: World): { name: string; content: Buffer }[] {
  const folder = dirname(world.config.store.path);
  return (
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => ({ name, content: readFileSync(join(folder, name)) }))
      // The ballast is 8 MiB of nothing
      .filter(({ content }) => !content.equals(Buffer.alloc(content.length)))
  );
}

function formsOf(trace: Trace): { text: string; bytes: Buffer }[] {
  const bytes = Buffer.from(trace as Uint8Array);
  if (typeof trace === "string") return [{ text: trace, bytes: Buffer.from(trace) }];
  const written = (["hex", "base64", "base64url"] as const).map((form) =>
    bytes.toString(form).replace(/=+$/, ""),
  );
  return [
    { text: `${written[0]} as it is`, bytes },
    ...[...new Set(written)].map((text) => ({ text, bytes: Buffer.from(text) })),
  ];
}

/** Who is to be deleted, somebody to have to do with, and a third. */
export interface Cast {
  readonly romeo: RawDevice;
  readonly juliet: RawDevice;
  readonly nurse: RawDevice;
}

/** Fills every table with something about Romeo, and answers what tells of it. */
export async function fillTables(world: World, cast: Cast): Promise<Trace[]> {
  const { romeo } = cast;
  const number = phoneNumber(romeo.credentials.number);
  const traces: Trace[] = [`${romeo.credentials.username}@`];
  traces.push(hashDeviceKey(romeo.credentials.key.publicKey));
  traces.push(...(await writeFromApp(world, cast)));
  await askAround(cast);
  await world.withStore(async (store, vault) => {
    const hash = vault.hashNumber(number);
    traces.push(hash, vault.hashNumber(phoneNumber(NOBODY)));
    traces.push(...(await decide(store, vault, cast, hash)));
  });
  traces.push(...(await tryToSignUp(world, cast)));
  traces.push(...rowsOf(world, cast));
  return traces;
}

/** An app of Romeo's writes; it has a mailbox then, and asks for a receipt under an id of its own. */
async function writeFromApp(world: World, { romeo, juliet }: Cast): Promise<Trace[]> {
  const id = newMessageId();
  const stanzaId = `stanza-${id}`;
  const { credentials } = romeo;
  const app = await RawApp.online({ ...credentials }, `balcony-${id}`, [NS.receipts]);
  const payload = `<body>an app says ${id}</body><request xmlns='${NS.receipts}'/>`;
  await app.send(
    `<message type='chat' to='${juliet.numberJid}' id='${stanzaId}'>${payload}<origin-id xmlns='${NS.stanzaIds}' id='${id}'/></message>`,
  );
  const isThere = (): boolean =>
    withDatabase(world, (database) =>
      Boolean(database.prepare("SELECT 1 FROM app_messages WHERE stanza_id = ?").get(stanzaId)),
    );
  await until("the app's message is accepted", isThere, 10_000);
  await app.stop();
  return [id, stanzaId, `balcony-${id}`];
}

/** Romeo and others look numbers up and ask to link them. */
async function askAround({ romeo, juliet }: Cast): Promise<void> {
  const { number } = romeo.credentials;
  for (const [asker, sought] of [
    [romeo, NOBODY],
    [juliet, number],
  ] as const)
    await asker.ask("set", xml("query", { xmlns: NS.search }, xml("nick", {}, sought)));
  for (const [asker, wanted] of [
    [romeo, SECOND],
    [juliet, number],
  ] as const)
    await asker
      .ask("set", xml("query", { xmlns: NS.register }, xml("phone", {}, wanted)))
      .catch(() => undefined);
}

/** Somebody knows Romeo's code and not his PIN. */
async function tryToSignUp(world: World, { romeo: { credentials } }: Cast): Promise<Trace[]> {
  const { number, username, domain } = credentials;
  const post = async (path: string, content: object): Promise<{ session?: string }> => {
    const response = await fetch(`http://127.0.0.1:${world.app.httpPort}/v1/sign-ups${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
    });
    return (await response.json()) as { session?: string };
  };
  const { session } = await post("", { number });
  await post(`/${session}/verification`, { code: CODE, pin: "60281749" });
  const vault = new Vault(Buffer.from(world.config.store.key, "base64"));
  return [number, `${username}@${domain}`].map((text) =>
    vault.keyedHash("sign-up limit", text).toString("base64url"),
  );
}

/** What Romeo decides, what he is owed, and what strangers try at his number. */
async function decide(
  store: Parameters<Parameters<World["withStore"]>[0]>[0],
  vault: Vault,
  { romeo, juliet }: Cast,
  toHash: Uint8Array,
): Promise<Trace[]> {
  const jid = `${romeo.credentials.username}@${romeo.credentials.domain}`;
  const now = Date.now();
  const pin = `PIN of ${jid}`;
  await store.of<AccountOperations>("accounts").setPin(jid, Buffer.alloc(48, pin));
  const contacts = store.of<ContactOperations>("contacts");
  await contacts.changeSettings(jid, { presence: "everyone", lastSeen: "nobody", profile: "contacts" });
  const contact = vault.hashNumber(phoneNumber(juliet.credentials.number));
  await contacts.changeSubscription({ type: "subscribe", jid, toHash: contact, now });
  const numberHash = vault.hashNumber(phoneNumber(NOBODY));
  const numberSealed = vault.sealNumber(phoneNumber(NOBODY));
  await contacts.block({ jid, place: "here", numberHash, numberSealed, isBlocked: true, now });
  await contacts.noteSightings([{ jid, isOnline: true, at: now }]);
  await store.of<ChatOperations>("chat").takeHint(jid, now);
  const strangers = store.of<FederationOperations>("federation");
  const stranger = vault.keyedHash("test", `stranger of ${jid}`);
  const day = Math.floor(now / DAY_MS);
  await strangers.tryNumber({ of: [{ hash: stranger, limit: 5 }], toHash, day });
  await strangers.setWelcome(jid, true);
  await strangers.answered(jid, stranger, now);
  return [pin, numberSealed, stranger];
}

/** What the store has made of it: seals, sessions, and an invitation. */
function rowsOf(world: World, { romeo, juliet }: Cast): Trace[] {
  const [jid = "", other = ""] = [romeo, juliet].map(
    ({ credentials: { username, domain } }) => `${username}@${domain}`,
  );
  return withDatabase(world, (database) => {
    const invitation = `invitation of ${jid}`;
    database
      .prepare(
        `INSERT INTO invitations (account, uri_sealed, expires_at, due_at)
         SELECT id, ?, ?, ? FROM accounts WHERE jid = ?`,
      )
      .run(Buffer.from(invitation), Date.now() + DAY_MS, Date.now() + DAY_MS, jid);
    const all = (sql: string): Buffer[] =>
      database.prepare<{ jid: string; other: string }, Buffer>(sql).pluck().all({ jid, other });
    const theirs =
      "FROM sign_ups WHERE link_jid IN (@jid, @other) OR number_hash = (SELECT hash FROM numbers";
    const mine = `${theirs} JOIN accounts ON number = numbers.id WHERE jid = @jid)`;
    return [
      invitation,
      ...all("SELECT sealed FROM linkings WHERE account IN (@jid, @other)"),
      ...all(`SELECT number_sealed ${mine}`),
      ...all(`SELECT session ${mine}`),
      ...all(`SELECT hash FROM sign_up_codes WHERE session IN (SELECT session ${mine})`),
      ...all("SELECT sealed FROM numbers JOIN accounts ON number = numbers.id WHERE jid = @jid"),
    ];
  });
}
