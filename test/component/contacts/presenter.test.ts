import { randomBytes } from "node:crypto";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import { openAccounts, store as accountStore } from "../../../component/accounts/store.js";
import { OnlineResources } from "../../../component/availability/online-resources.js";
import type { PacedSender } from "../../../component/capability.js";
import { People } from "../../../component/contacts/people.js";
import { Presenter } from "../../../component/contacts/presenter.js";
import { Sightings } from "../../../component/contacts/sightings.js";
import { store as contactStore, type ContactOperations } from "../../../component/contacts/store.js";
import { createLog } from "../../../component/log.js";
import { Numbers } from "../../../component/numbers.js";
import { migrate } from "../../../component/store/migrations.js";
import type { Remote } from "../../../component/store/operations.js";
import { Vault } from "../../../component/store/vault.js";
import { LinkError } from "../../../src/errors.js";
import { Jid } from "../../../src/jid.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { xml } from "../../../src/xml.js";
import { ManualClock } from "../../support/manual-clock.js";

const DOMAIN = "phone.example.org";

/** A link whose server reads when it is let. */
class HeldLink implements PacedSender {
  isOnline = true;
  readonly sent: string[] = [];
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] | undefined;

  send(stanza: unknown): void {
    this.sent.push(String(stanza));
  }

  async request(): Promise<never> {
    throw new LinkError("timeout", "nobody answers");
  }

  async drained(): Promise<void> {
    if (this.#waiting) await new Promise<void>((resolve, reject) => this.#waiting?.push({ resolve, reject }));
  }

  /** The server reads nothing from now on. */
  hold(): void {
    this.#waiting = [];
  }

  /** It reads again. */
  release(): void {
    for (const { resolve } of this.#waiting ?? []) resolve();
    this.#waiting = undefined;
  }

  /** The connection breaks; what had not been read is lost. */
  cut(): void {
    this.isOnline = false;
    for (const { reject } of this.#waiting ?? []) reject(new LinkError("closed", "the link is down"));
    this.#waiting = undefined;
  }
}

const numberOf = (index: number): string => `+1555123${1_000 + index}`;
const jidOf = (index: number): string => `a${index}@example.org`;

/** So many persons who are each other's contacts, and what shows their presence. */
function town(count: number) {
  const database = new SQLite(":memory:");
  database.pragma("foreign_keys = ON");
  migrate(database, [accountStore, contactStore]);
  const vault = new Vault(randomBytes(32));
  const everybody = Array.from({ length: count }, (_, index) => index);
  for (const index of everybody) {
    const number = phoneNumber(numberOf(index));
    openAccounts(database).create({
      jid: jidOf(index),
      numberHash: vault.hashNumber(number),
      numberSealed: vault.sealNumber(number),
      isMadeHere: true,
      pinHash: null,
      device: undefined,
      now: 1,
    });
  }
  const relate = database.prepare("INSERT INTO relations VALUES (?, ?, 1, 1, 0, 1, 0)");
  for (const one of everybody)
    for (const other of everybody) if (one !== other) relate.run(one + 1, other + 1);
  const operations: Record<string, (...args: readonly never[]) => unknown> = contactStore.open(database);
  const remote = new Proxy({} as Remote<ContactOperations>, {
    get:
      (_, name) =>
      async (...args: readonly never[]) =>
        operations[String(name)]?.(...args),
  });
  const link = new HeldLink();
  const ports = { link, clock: new ManualClock(), log: createLog("silent") };
  const numbers = new Numbers(DOMAIN, vault);
  const availability = new OnlineResources({ host: "example.org", ...ports });
  const people = new People(ports.clock, numbers, remote);
  const sightings = new Sightings(ports, remote);
  const presenter = new Presenter({ ...ports, availability, numbers, people, sightings });
  const say = (index: number, status: string): void => {
    const from = Jid.parse(`${jidOf(index)}/app`);
    const element = xml("presence", {}, xml("status", {}, status));
    availability.take({ from, to: Jid.parse(DOMAIN), type: undefined, element });
  };
  /** What others were shown of somebody, since the last time that this was asked of anybody. */
  const shown = (index: number): string[] =>
    link.sent
      .filter((presence) => presence.includes(`from='${numberOf(index)}@`))
      .map((presence) => /<status>(.*)<\/status>/.exec(presence)?.[1] ?? presence);
  return { ...ports, availability, presenter, say, shown };
}

/** Lets everything go on that waits for nobody. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("Presenter", () => {
  it("tells of everybody in turn, and of each as that one is when the turn has come", async () => {
    const { link, availability, say, shown } = town(12);
    link.hold();
    for (let index = 0; index < 12; index += 1) say(index, "first");
    await settle();
    const told = Array.from({ length: 12 }, (_, index) => shown(index).length > 0);
    expect(told.filter(Boolean)).to.have.length.within(1, 8);
    say(11, "second");
    const gone = { from: Jid.parse(`${jidOf(10)}/app`), to: Jid.parse(DOMAIN), type: "unavailable" };
    availability.take({ ...gone, element: xml("presence", { type: "unavailable" }) });
    link.release();
    await settle();
    expect(new Set(shown(9))).to.deep.equal(new Set(["first"]));
    expect(new Set(shown(11))).to.deep.equal(new Set(["second"]));
    expect(shown(10)).to.deep.equal([]);
  });

  it("tells again what a link lost that broke, and what waited in line for it", async () => {
    const { link, say, shown } = town(12);
    link.hold();
    for (let index = 0; index < 12; index += 1) say(index, "here");
    await settle();
    link.cut();
    await settle();
    link.sent.length = 0;
    link.isOnline = true;
    for (let index = 0; index < 12; index += 1) say(index, "here");
    await settle();
    for (let index = 0; index < 12; index += 1) expect(shown(index), jidOf(index)).to.have.length(11);
  });
});
