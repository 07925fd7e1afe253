import { readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import type { AccountOperations } from "../../component/accounts/store.js";
import { newMessageId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld, type World } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NEWCOMER = "+15551230003";
const NOBODY = "+15559876543";
const BODY = "But soft, what light";
const UNREACHED = "+15551230004";
const CODE = "847362";
const WRONG_CODE = "915273";
const PIN = "60281749";

/** Every form in which a number could stand somewhere. */
function formsOf(number: string): string[] {
  const digits = number.slice(1);
  const base64 = Buffer.from(number).toString("base64").replace(/=+$/, "");
  return [digits, digits.slice(-7), base64, Buffer.from(number).toString("hex"), digits.split("").join("\0")];
}

const NUMBERS = [ROMEO, JULIET, NEWCOMER, UNREACHED, NOBODY].flatMap(formsOf);

/** Which of the secrets stand in something. */
function found(text: string, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => text.includes(secret));
}

async function conversation(
  world: World,
): Promise<{ romeo: RawDevice; juliet: RawDevice; tokens: string[] }> {
  const romeo = await RawDevice.online(await world.person(ROMEO, "opaque-romeo"));
  const juliet = await RawDevice.online(await world.person(JULIET, "opaque-juliet"));
  for (let line = 0; line < 20; line += 1) {
    const id = await romeo.say(juliet.numberJid, `${BODY} ${line}`);
    await romeo.receipt(id, "delivered");
    await juliet.markRead(romeo.numberJid, id);
  }
  // Long enough for pages of its own, which are free once it is acknowledged
  await romeo.receipt(await romeo.say(juliet.numberJid, BODY.repeat(1000)), "delivered");
  const tokens = [romeo.token ?? "", juliet.token ?? ""];
  await refused(romeo);
  return { romeo, juliet, tokens };
}

/** Everything that is refused: errors must not repeat what they were given. */
async function refused(romeo: RawDevice): Promise<void> {
  const nobody = `${NOBODY}@${romeo.credentials.numberDomain}`;
  const attempts = [
    romeo.submit([{ to: nobody, payload: body(BODY) }]),
    romeo.submit([{ to: nobody, payload: body(BODY.repeat(6000)) }]),
    romeo.submit([{ to: nobody, payload: `<entry xmlns='${NS.mailbox}'>${BODY}</entry>` }]),
    romeo.status(newMessageId()),
    romeo.attach({ token: "A".repeat(80) }),
    romeo.ask("get", xml("nonsense", { xmlns: "urn:example" }, BODY), nobody),
    romeo.ask(
      "get",
      xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node: `${NS.omemo}.devicelist` })),
      nobody,
    ),
  ];
  await Promise.allSettled([...attempts, ...lookUps(romeo)]);
  await romeo.connection.send(
    `<message type='chat' to='${romeo.credentials.numberDomain}'><body>find ${NOBODY}</body></message>`,
  );
  await romeo.connection.send(`<message to='${nobody}'>${body(BODY)}</message>`);
}

/** Every way to look for a number, and to register it. */
function lookUps(romeo: RawDevice): Promise<unknown>[] {
  return [
    romeo.ask("set", xml("query", { xmlns: NS.gateway }, xml("prompt", {}, NOBODY))),
    romeo.ask("set", xml("query", { xmlns: NS.search }, xml("nick", {}, NOBODY))),
    romeo.ask("get", xml("phone-book", { xmlns: NS.phoneBook }, xml("entry", { number: NOBODY }))),
    romeo.ask("set", xml("query", { xmlns: NS.register }, xml("phone", {}, UNREACHED))),
    romeo.ask("set", xml("query", { xmlns: NS.register }, xml("password", {}, WRONG_CODE))),
  ];
}

/** Sign-ups that fail: the provider cannot send, the code is wrong, what was sent is malformed. */
async function failingSignUps(world: World): Promise<number[]> {
  const post = (path: string, content: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${world.app.httpPort}/v1/sign-ups${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
    });
  const unsent = await post("", { number: UNREACHED, channel: "sms" });
  const begun = await post("", { number: NEWCOMER, channel: "sms" });
  const { session = "" } = (await begun.json()) as { session?: string };
  const wrong = await post(`/${session}/verification`, { code: WRONG_CODE, pin: PIN });
  const malformed = await post(`/${session}/verification`, { code: `${CODE}0`, number: NEWCOMER });
  const unreadable = await post("", { number: `tel:${NEWCOMER}`, channel: "sms", pin: PIN });
  return [unsent, begun, wrong, malformed, unreadable].map(({ status }) => status);
}

/** A sign-up that succeeds, with a PIN. @returns the password that was made */
async function signUpOf(world: World): Promise<string> {
  const post = async (path: string, content: object): Promise<Record<string, string>> => {
    const response = await fetch(`http://127.0.0.1:${world.app.httpPort}/v1/sign-ups${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
    });
    return (await response.json()) as Record<string, string>;
  };
  const { session } = await post("", { number: NEWCOMER });
  const { password = "" } = await post(`/${session}/verification`, { code: CODE, newPin: PIN });
  expect(password).to.match(/^\S{16,}$/);
  return password;
}

describe("privacy", function () {
  this.timeout(90_000);
  const lines: string[] = [];
  const signUp = {
    provider: "command",
    countries: ["*"],
    command: { run: ["false"] },
    testNumbers: { [NEWCOMER]: CODE },
  };
  const world = useWorld({ log: { write: (line) => void lines.push(line) }, config: { signUp } });
  let romeo: RawDevice;
  let juliet: RawDevice;
  let tokens: string[];
  let password: string;
  before(async () => {
    ({ romeo, juliet, tokens } = await conversation(world()));
    expect(await failingSignUps(world())).to.deep.equal([503, 201, 403, 400, 400]);
    password = await signUpOf(world());
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop()]);
  });

  it("keeps numbers, bodies, codes, passwords and tokens out of the log, at its most talkative", () => {
    const { config, prosody } = world();
    const log = lines.join("");
    expect(log).to.include("linked to the server");
    const { key } = config.store;
    const secrets = [BODY, CODE, WRONG_CODE, PIN, password, key, prosody.componentSecret, ...tokens];
    expect(found(log, [...NUMBERS, ...secrets])).to.deep.equal([]);
  });

  it("keeps them out of the metrics, and every address and id too", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${world().app.httpPort}/metrics`)).text();
    expect(metrics).to.include("twotick_messages_total");
    const secrets = [
      BODY,
      CODE,
      WRONG_CODE,
      PIN,
      password,
      ...tokens,
      "opaque-romeo",
      "opaque-juliet",
      world().prosody.host,
    ];
    expect(found(metrics, [...NUMBERS, ...secrets])).to.deep.equal([]);
  });

  it("leaves no number in the database, its log or a backup, and no body once all is acknowledged", async () => {
    await until("every receipt", () => romeo.receipts.length >= 40);
    await romeo.say(juliet.numberJid, "the last");
    await romeo.ask("get", xml("ping", { xmlns: NS.ping }));
    const { path } = world().config.store;
    const backup = join(world().folder, "backup.db");
    expectNoNumbers(path, `${path}-wal`);
    const database = new SQLite(path);
    database.exec(`VACUUM INTO '${backup}'`);
    expectNoNumbers(path, `${path}-wal`, backup);
    expect(found(readFileSync(backup, "latin1"), [BODY])).to.deep.equal([]);
    database.close();
    // The body stands in the pages of the log until the store has time to write them back: then it is nowhere
    await until("the log is empty", () => read(`${path}-wal`) === "", 10_000);
    for (const file of [path, `${path}-wal`]) expect(found(read(file), [BODY]), file).to.deep.equal([]);
  });

  it("leaves none after the number was given up either", async () => {
    const { config } = world();
    await world().withStore(async (store) => {
      await store.of<AccountOperations>("accounts").unlink(`opaque-juliet@${config.host.domain}`);
    });
    const { path } = config.store;
    expectNoNumbers(path, `${path}-wal`);
  });
});

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

function expectNoNumbers(...paths: readonly string[]): void {
  expect(read(paths[0] ?? "").length).to.be.above(0);
  for (const path of paths) expect(found(read(path), NUMBERS), path).to.deep.equal([]);
}
