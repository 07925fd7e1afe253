import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkJournals, Journal, type JournalReport } from "../../sdk/testing/mod.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { within } from "../support/within.js";
import type { World } from "../support/world.js";
import { ReceiptedApp } from "./receipted-app.js";

const SAY_EVERY_MS = 15;
const ONLINE_WITHIN_MS = 30_000;
const TICKED_WITHIN_MS = 60_000;

/** Somebody with an ordinary app, and the road from it to its server. */
export interface AppPerson {
  readonly app: ReceiptedApp;
  readonly road: TcpProxy;
}

/** People with ordinary apps who all write to each other through a service that is at fault. */
export class AppPeople {
  readonly people: readonly AppPerson[];
  #count = 0;
  #isTalking = false;
  #talk: Promise<void> = Promise.resolve();

  private constructor(people: readonly AppPerson[]) {
    this.people = people;
  }

  /** Brings an app online for each number. @param withoutReceipts those whose app knows no receipts */
  static async online(
    world: World,
    numbers: readonly string[],
    withoutReceipts: readonly string[] = [],
  ): Promise<AppPeople> {
    const people: AppPerson[] = [];
    for (const number of numbers) {
      const credentials = await world.appPerson(number);
      const road = await TcpProxy.start(Number(new URL(credentials.service).port));
      const journal = new Journal(join(world.folder, `${number.slice(1)}.journal`));
      const givesReceipts = !withoutReceipts.includes(number);
      people.push({ road, app: new ReceiptedApp({ credentials, road, journal, givesReceipts }) });
    }
    const all = new AppPeople(people);
    await within("the apps come online", ONLINE_WITHIN_MS, Promise.all(people.map(({ app }) => app.start())));
    await all.settled();
    return all;
  }

  /** Everybody writes to everybody else, until {@link quiet}. */
  talk(): void {
    this.#isTalking = true;
    this.#talk = this.#talkOn();
  }

  /** Ends the talk. */
  async quiet(): Promise<void> {
    this.#isTalking = false;
    await this.#talk;
  }

  /** Waits until what is written from now on has its ticks, and with it everything before that ever will. */
  async settled(): Promise<void> {
    this.#sayAll();
    await Promise.all(this.people.map(({ app }) => app.ticked(TICKED_WITHIN_MS)));
  }

  /**
   * Checks the journals, everything having settled.
   *
   * What went again, from its sender or to its reader, may come behind what was sent later; docs/apps.md "What is guaranteed"
   */
  report(): JournalReport {
    const apps = this.people.map(({ app }) => app);
    const again = new Set(apps.flatMap((app) => [...app.sentAgain]));
    const late = new Set(apps.flatMap((app) => [...app.late]));
    const isExcused = (detail: string, id: string): boolean =>
      late.has(id) || again.has(id) || again.has(/after (\S+),/.exec(detail)?.[1] ?? "");
    const journals = apps.map((app) => app.lines);
    const { violations, counts } = checkJournals(journals, { receiptWithinMs: 0 });
    return {
      counts,
      violations: violations.filter(
        ({ kind, id, detail }) => kind !== "out-of-order" || !isExcused(detail, id),
      ),
    };
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.quiet();
    await Promise.all(this.people.map(({ app }) => app.stop()));
    await Promise.all(this.people.map(({ road }) => road.close()));
  }

  async #talkOn(): Promise<void> {
    while (this.#isTalking) {
      this.#sayAll();
      await sleep(SAY_EVERY_MS);
    }
  }

  #sayAll(): void {
    for (const { app: from } of this.people)
      for (const { app: to } of this.people)
        if (from !== to) from.say(to.number, `${from.number}-${++this.#count}`);
  }
}
