import { expect } from "chai";
import type { AnnouncementOperations } from "../../../component/announcements/store.js";
import { adminToken } from "../../../component/http/admin-token.js";
import { Vault } from "../../../component/store/vault.js";
import { attribute } from "../../../src/xml.js";
import { RawDevice } from "../../support/raw-device.js";
import { StockApp } from "../../support/stock-app.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NURSE = "+15551230003";
/** A loaded machine takes its time. */
const LONG_MS = 30_000;

describe("announcements", function () {
  this.timeout(60_000);
  const world = useWorld();

  async function ask(path: string, content?: object): Promise<Record<string, unknown>> {
    const vault = new Vault(Buffer.from(world().config.store.key, "base64"));
    const response = await fetch(`http://127.0.0.1:${world().app.httpPort}/admin/v1/announcements${path}`, {
      method: content ? "POST" : "GET",
      headers: { authorization: `Bearer ${adminToken(vault)}`, "content-type": "application/json" },
      ...(content && { body: JSON.stringify(content) }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async function last(): Promise<Record<string, unknown>> {
    const { announcements } = (await ask("")) as { announcements: Record<string, unknown>[] };
    return announcements[0] ?? {};
  }

  async function ended(): Promise<Record<string, unknown>> {
    await until("the end of the announcement", async () => (await last())["endedAt"] !== null, LONG_MS);
    return last();
  }

  const waiting = (): Promise<number> =>
    world().withStore(async (store) => {
      const { entries } = await store.of<{ depth(): { entries: number } }>("mailbox").depth();
      return entries;
    });

  it("reach ordinary apps, there or away, once each, from the domain of the service", async () => {
    const credentials = await world().appPerson(ROMEO, "romeo");
    const romeo = await StockApp.online(credentials, { resource: "one" });
    const awayCredentials = await world().appPerson(JULIET, "juliet");
    const away = await StockApp.online(awayCredentials, { resource: "two" });
    await away.handled();
    await romeo.handled();
    await away.stop();
    const device = await RawDevice.online(await world().person(NURSE, "nurse"));

    const plan = await ask("", { text: "Good <night>", isDryRun: true });
    expect(plan).to.deep.equal({ id: null, people: 2, withoutApp: 1, seconds: 1 });
    expect(await waiting()).to.equal(0);
    const { id } = await ask("", { text: "Good <night>" });
    const got = await romeo.got("the announcement", (one) => one.getChildText("body") === "Good <night>");
    expect(attribute(got, "from")).to.equal(world().prosody.componentDomain);
    const again = await StockApp.online(awayCredentials, { resource: "two" });
    expect(await again.heard(1)).to.deep.equal(["Good <night>"]);
    expect(await ended()).to.include({ id, reached: 2, unreached: 1, left: 0, isCancelled: 0 });

    // Their receipts, which go to the domain, end the entries
    await until("every receipt", async () => (await waiting()) === 0, LONG_MS);
    await again.stop();
    const third = await StockApp.online(awayCredentials, { resource: "two" });
    await third.handled();
    expect([third.texts, romeo.texts]).to.deep.equal([[], ["Good <night>"]]);
    for (const app of [romeo, third, device]) await app.stop();
  });

  it("are not empty, not too long, and one at a time", async () => {
    expect(await ask("", { text: "  " })).to.include({ status: 400 });
    expect(await ask("", { text: "x".repeat(3_001) })).to.include({ status: 400 });
    expect(await ask("/cancel", {})).to.include({ status: 404 });
    const begun = await Promise.all([ask("", { text: "one" }), ask("", { text: "two" })]);
    expect(begun.map(({ status }) => status)).to.have.members([undefined, 409]);
    await ended();
  });

  it("go no further when they are cancelled", async () => {
    await world().withStore(async (store, vault) => {
      const operations = store.of<AnnouncementOperations>("announcements");
      const now = Date.now();
      expect(await operations.begin("<body xmlns='jabber:client'>no</body>", now)).to.be.a("number");
      expect(await operations.cancel(now)).to.equal(true);
      const sender = { hash: vault.hashLocalpart(""), sealed: vault.sealLocalpart("") };
      const turn = { sender, people: 50, now, limits: world().config.mailbox };
      expect(await operations.announceNext(turn)).to.equal(undefined);
    });
    expect(await last()).to.include({ isCancelled: 1, reached: 0 });
  });

  it("go on after a restart where they were, and not to who signs up afterwards", async () => {
    const { id } = await ask("", { text: "and so, good morrow" });
    await world().stopComponent();
    await world().appPerson("+15551230004", "tybalt");
    await world().startComponent();
    expect(await ended()).to.include({ id, reached: 2, unreached: 1, left: 0 });
  });

  it("want the admin's token", async () => {
    const response = await fetch(`http://127.0.0.1:${world().app.httpPort}/admin/v1/announcements`);
    expect(response.status).to.equal(401);
  });
});
