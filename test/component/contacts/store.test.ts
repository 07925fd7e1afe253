import SQLite from "better-sqlite3";
import { expect } from "chai";
import { openAccounts, store as accountStore } from "../../../component/accounts/store.js";
import { MAX_SUBSCRIPTIONS } from "../../../component/contacts/relation-store.js";
import { store } from "../../../component/contacts/store.js";
import { migrate } from "../../../component/store/migrations.js";

const hashOf = (index: number): Buffer => Buffer.from(`hash ${index}`);
const jidOf = (index: number): string => `a${index}@example.org`;

/** A database with so many persons. */
function town(count: number) {
  const database = new SQLite(":memory:");
  database.pragma("foreign_keys = ON");
  migrate(database, [accountStore, store]);
  const accounts = openAccounts(database);
  const settle = (index: number, jid = jidOf(index)): unknown =>
    accounts.create({
      jid,
      numberHash: hashOf(index),
      numberSealed: hashOf(index),
      isMadeHere: true,
      pinHash: null,
      device: undefined,
      now: 1,
    });
  for (let index = 0; index < count; index += 1) settle(index);
  const contacts = store.open(database);
  const change = (type: "subscribe" | "subscribed", from: number, to: number) =>
    contacts.changeSubscription({ type, jid: jidOf(from), toHash: hashOf(to), now: 1 });
  return { database, accounts, contacts, change, settle };
}

describe("openRelations", () => {
  it("bounds whom one person may subscribe to, and lets what is there go on", () => {
    const { database, change, contacts } = town(2);
    const fill = database.prepare(
      "INSERT INTO relations (subscriber, contact, is_subscribed, is_approved, is_denied, is_told, asked_at) VALUES (1, ?, 1, 0, 0, 0, 0)",
    );
    for (let index = 0; index < MAX_SUBSCRIPTIONS; index += 1) fill.run(1_000 + index);
    expect(change("subscribe", 0, 1).kind).to.equal("too-many");
    database.exec("DELETE FROM relations WHERE contact = 1000");
    expect(change("subscribe", 0, 1).kind).to.equal("done");
    expect(change("subscribe", 0, 1)).to.include({ kind: "done", isNew: false });
    expect(contacts.personByJid(jidOf(1))?.peers.map(([jid]) => jid)).to.deep.equal([jidOf(0)]);
  });

  it("ends relations with the number, tells both sides, and gives its next owner none", () => {
    const { contacts, change, settle } = town(2);
    change("subscribe", 0, 1);
    change("subscribed", 1, 0);
    settle(1, "next@example.org");
    expect(contacts.personByJid("next@example.org")?.peers).to.deep.equal([]);
    expect(contacts.personByJid(jidOf(0))?.peers).to.deep.equal([]);
    const ended = contacts.endedRelations(10);
    expect(ended.map(({ jid, number }) => [jid, Buffer.from(number.sealed).toString()])).to.deep.equal([
      [jidOf(0), "hash 1"],
      [jidOf(1), "hash 0"],
    ]);
    contacts.forgetEnded(ended.map(({ id }) => id));
    expect(contacts.endedRelations(10)).to.deep.equal([]);
  });

  it("reads no whole table for a change or for who sees somebody", () => {
    const { database } = town(2);
    const lookUps = [
      "SELECT 1 FROM relations WHERE subscriber = 1 AND contact = 1",
      "SELECT subscriber FROM relations WHERE contact = 1",
      "SELECT 1 FROM blocks WHERE account = 1 AND number_hash = x'00'",
      "SELECT account FROM sightings WHERE is_online = 1",
    ];
    for (const sql of lookUps) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      expect(plan.map(({ detail }) => detail).join(), sql).to.match(
        /^(SEARCH|SCAN sightings USING COVERING INDEX)/,
      );
    }
  });
});

describe("openBlocks", () => {
  it("keeps a block of the host when that of the component ends, and the other way round", () => {
    const { contacts } = town(2);
    const block = (place: "here" | "on-host", isBlocked: boolean) =>
      contacts.block({
        jid: jidOf(0),
        numberHash: hashOf(1),
        numberSealed: hashOf(1),
        place,
        isBlocked,
        now: 1,
      });
    const isBlocked = (): boolean => contacts.acquaintance(jidOf(1), hashOf(0)).isBlocked;
    block("here", true);
    block("on-host", true);
    block("here", false);
    expect(isBlocked()).to.equal(true);
    block("on-host", false);
    expect(isBlocked()).to.equal(false);
    expect(contacts.blocksOf(jidOf(0))).to.deep.equal([]);
  });

  it("follows the number, whoever has it next", () => {
    const { contacts, settle } = town(2);
    contacts.block({
      jid: jidOf(0),
      numberHash: hashOf(1),
      numberSealed: hashOf(1),
      place: "here",
      isBlocked: true,
      now: 1,
    });
    settle(1, "next@example.org");
    expect(contacts.acquaintance("next@example.org", hashOf(0)).isBlocked).to.equal(true);
  });
});
