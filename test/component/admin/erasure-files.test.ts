import { expect } from "chai";
import type { Deleted } from "../../../component/admin/service.js";
import type { AccountOperations } from "../../../component/accounts/store.js";
import type { ContactOperations } from "../../../component/contacts/store.js";
import { adminToken } from "../../../component/http/admin-token.js";
import type { MailboxOperations } from "../../../component/mailbox/store.js";
import { Vault } from "../../../component/store/vault.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { RawDevice } from "../../support/raw-device.js";
import { setEntryAside } from "../../support/set-aside.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import {
  CODE,
  emptyTables,
  fillTables,
  findTraces,
  missingTraces,
  tablesOf,
  withDatabase,
  type Trace,
} from "./traces.js";

const [ROMEO, JULIET, NURSE] = ["+1555123000", "+1555123001", "+1555123002"];

describe("what is kept about a number, in every table", function () {
  this.timeout(180_000);
  const testNumbers = Object.fromEntries([1, 2, 3].map((count) => [`${ROMEO}${count}`, CODE]));
  const signUp = { provider: "command", countries: ["*"], command: { run: ["true"] }, testNumbers };
  const world = useWorld({ config: { signUp } });
  let romeo: RawDevice;
  let juliet: RawDevice;
  let nurse: RawDevice;
  let count = 0;

  beforeEach(async () => {
    count += 1;
    romeo = await RawDevice.online(await world().person(`${ROMEO}${count}`, `romeo${count}`));
    juliet = await RawDevice.online(await world().person(`${JULIET}${count}`, `juliet${count}`));
    nurse = await RawDevice.online(await world().person(`${NURSE}${count}`, `nurse${count}`));
  });
  afterEach(() => Promise.all([romeo.stop(), juliet.stop(), nurse.stop()]));

  const body = (what: string): string => `But soft, what light ${what} ${count}`;
  const number = (): string => `${ROMEO}${count}`;
  const jid = (): string => `romeo${count}@${world().prosody.host}`;

  it("is gone from every file at once, also what waits for others", async () => {
    const traces = [...(await setAside()), ...(await fill()), ...(await talk())];
    expect(emptyTables(world()), "tables that nothing was put into").to.deep.equal([]);
    expect(missingTraces(world(), traces), "traces that are nowhere").to.deep.equal([]);
    const account = await accountOf();
    expect(await (await send("delete", { number: number(), isAtOnce: true })).json()).to.include({
      isComplete: true,
      isAccountDeleted: true,
    });
    await expectGone(traces);
    expect(tablesOf(world(), account)).to.deep.equal([]);
    // Who was written to goes on
    await juliet.attach();
    const [refused] = await juliet.submit([{ to: romeo.numberJid, payload: "<body/>" }]);
    expect(refused).to.have.property("error");
  });

  it("goes otherwise when what waits for others has reached them", async () => {
    const traces = [...(await fill()), ...(await talk())];
    const account = await accountOf();
    expect(await (await send("delete", { number: number() })).json()).to.include({ isComplete: false });
    juliet.isAcknowledging = true;
    await juliet.attach();
    // Acknowledged is whatever comes next, be it this again or the end of Juliet's own message
    await until("it has arrived", () => juliet.messages.some(({ payload }) => payload.includes(" waits")));
    await untilDeleted();
    await world().withStore((store) => store.of<MailboxOperations>("mailbox").forgetNumbers());
    await expectGone(traces);
    expect(tablesOf(world(), account)).to.deep.equal([]);
  });

  it("stays where somebody else has blocked it, until that one thinks otherwise", async () => {
    const hash = await block(true);
    await send("delete", { number: number(), isAtOnce: true });
    const places = () =>
      withDatabase(world(), (database) =>
        database.prepare("SELECT count(*) FROM blocks WHERE number_hash = ?").pluck().get(hash),
      );
    expect(places()).to.equal(1);
    await block(false);
    await expectGone([hash]);
  });

  /** Everything but the list of deletions, in which the keyed hash alone has to stay. */
  const left = (traces: readonly Trace[]): string[] =>
    findTraces(world(), traces).filter((found) => !found.startsWith("twotick.db.deletions: "));

  async function expectGone(traces: readonly Trace[]): Promise<void> {
    // It never stood anywhere in clear
    expect(findTraces(world(), [number().slice(1)])).to.deep.equal([]);
    await until("nothing of it is in a file", () => left(traces).length === 0, 15_000).catch(() => undefined);
    expect(left(traces)).to.deep.equal([]);
    const inList = new Set(findTraces(world(), traces).map((found) => found.split(": ")[1]));
    const hash = vault().hashNumber(phoneNumber(number()));
    expect([...inList]).to.deep.equal([hash.toString("base64").replace(/=+$/, "")]);
  }

  const fill = () => fillTables(world(), { romeo, juliet, nurse });

  /** Something of Romeo's that Juliet's device cannot get past. */
  async function setAside(): Promise<Trace[]> {
    const isThere = () =>
      withDatabase(world(), (database) => Boolean(database.prepare("SELECT 1 FROM set_aside_entries").get()));
    const id = await setEntryAside(romeo, juliet, body("kills"), async () => isThere());
    juliet.isAcknowledging = true;
    await juliet.attach();
    return [id, body("kills")];
  }

  /** Some that is delivered, and some that waits on both sides. */
  async function talk(): Promise<Trace[]> {
    const first = await romeo.say(juliet.numberJid, body("arrives"));
    await romeo.receipt(first, "delivered");
    juliet.isAcknowledging = false;
    const second = await romeo.say(juliet.numberJid, body("waits"));
    romeo.isAcknowledging = false;
    const third = await juliet.say(romeo.numberJid, body("answers"));
    return [first, second, third, body("waits"), body("answers")];
  }

  async function block(isBlocked: boolean): Promise<Uint8Array> {
    const numberHash = vault().hashNumber(phoneNumber(number()));
    const numberSealed = vault().sealNumber(phoneNumber(number()));
    const who = { jid: `nurse${count}@${world().prosody.host}`, place: "here" } as const;
    await world().withStore((store) =>
      store.of<ContactOperations>("contacts").block({ ...who, numberHash, numberSealed, isBlocked, now: 1 }),
    );
    return numberHash;
  }

  const accountOf = () =>
    world().withStore(
      async (store) => (await store.of<AccountOperations>("accounts").findByJid(jid()))?.id ?? 0,
    );

  /** Asks for the deletion until nothing waits for others any more. */
  async function untilDeleted(): Promise<void> {
    for (let isOver = false; !isOver;) {
      const response = await send("delete", { number: number() });
      isOver = response.status === 404 || ((await response.json()) as Deleted).isComplete;
    }
  }

  const vault = (): Vault => new Vault(Buffer.from(world().config.store.key, "base64"));

  function send(path: string, content: object): Promise<Response> {
    return fetch(`http://127.0.0.1:${world().app.httpPort}/admin/v1/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken(vault())}`, "content-type": "application/json" },
      body: JSON.stringify(content),
    });
  }
});
