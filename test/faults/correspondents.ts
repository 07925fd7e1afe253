import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  Client,
  openSqliteStorage,
  signUpDevice,
  type ClientOptions,
  type IncomingMessage,
  type Storage,
} from "../../sdk/mod.js";
import {
  checkJournals,
  Journal,
  keepJournal,
  type JournaledClient,
  type JournalReport,
} from "../../sdk/testing/mod.js";
import type { DeviceId } from "../../src/ids.js";
import { until } from "../support/until.js";
import { within } from "../support/within.js";
import type { World } from "../support/world.js";

const CODE = "000000";
const SEND_EVERY_MS = 4;
/** One message in so many is marked as read too. */
const READ_ONE_IN = 5;
const HEAR_WITHIN_MS = 40_000;
const ONLINE_WITHIN_MS = 40_000;
const QUIET_WITHIN_MS = 20_000;
const TOLD_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;
/** Shorter than in production, so that a round takes a second. */
const CONNECTION = {
  retry: { minMs: 20, maxMs: 200 },
  heartbeat: { intervalMs: 2_000, afterSendMs: 500, deadlineMs: 2_000 },
};

/** What is different about somebody's client. */
export type OwnOptions = (number: string) => Partial<Omit<ClientOptions, "storage">>;

interface Online {
  readonly client: Client;
  readonly journaled: JournaledClient;
}

interface Correspondent {
  readonly number: string;
  readonly storage: Storage;
  journal: Journal;
  online: Online | undefined;
  device: DeviceId | undefined;
}

/**
 * SDK devices that no fault touches and that write to each other through a service that is at fault.
 *
 * They keep a journal for each round, so that a round can be checked by itself. A round ends with {@link endRound}, with
 * everybody online: what it has not brought, and told of, never comes.
 */
export class Correspondents {
  readonly #world: World;
  readonly #people: readonly Correspondent[];
  readonly #ownOptions: OwnOptions;
  #round = 0;
  #count = 0;
  #isTalking = false;
  #shown = 0;
  /** Messages of this round that their recipient has marked as read, whatever comes of it. */
  readonly #markedRead = new Set<string>();
  #talks: Promise<void>[] = [];

  private constructor(world: World, people: readonly Correspondent[], ownOptions: OwnOptions) {
    this.#world = world;
    this.#people = people;
    this.#ownOptions = ownOptions;
  }

  /** Signs a device up for each number. The configuration has them as test numbers with the code 000000. */
  static async signUp(
    world: World,
    numbers: readonly string[],
    ownOptions: OwnOptions = () => ({}),
  ): Promise<Correspondents> {
    const api = `http://127.0.0.1:${world.config.http.port}`;
    const people = numbers.map((number) => ({
      number,
      storage: openSqliteStorage({ path: join(world.folder, `${number.slice(1)}.person`) }),
      journal: new Journal(join(world.folder, `${number.slice(1)}.0.journal`)),
      online: undefined,
      device: undefined,
    }));
    for (const { number, storage } of people) {
      const session = await signUpDevice({ storage, api, number });
      await session.verify(CODE);
    }
    const correspondents = new Correspondents(world, people, ownOptions);
    // Nobody can write to a device that was never online
    await correspondents.open(numbers);
    expectWhole(await correspondents.endRound(), "after signing up");
    return correspondents;
  }

  /** Brings these people online, those who are not. */
  async open(numbers: readonly string[]): Promise<void> {
    const service = this.#world.prosody.service;
    const coming = this.#people.filter(({ number, online }) => !online && numbers.includes(number));
    await Promise.all(
      coming.map(async (person) => {
        const own = this.#ownOptions(person.number);
        const client = await Client.open({
          storage: person.storage,
          service,
          connection: CONNECTION,
          ...own,
        });
        const journaled = keepJournal(client, person.journal);
        void journaled.show((message) => this.#maybeMarkRead(message));
        person.online = { client, journaled };
        person.device = client.device;
        await within(`${person.number} comes online`, ONLINE_WITHIN_MS, client.start());
      }),
    );
  }

  /** Everybody who is online writes to everybody else, until {@link quiet}. */
  talk(): void {
    this.#isTalking = true;
    this.#talks = this.#people.flatMap((from) =>
      this.#people.filter((to) => to !== from && from.online).map((to) => this.#talk(from, to)),
    );
  }

  /** Ends the talk. What was not sent yet goes on being sent. */
  async quiet(): Promise<void> {
    this.#isTalking = false;
    await within("everybody ends the talk", QUIET_WITHIN_MS, Promise.all(this.#talks));
  }

  /** Waits until what is sent from now on arrives, and with it everything before that ever will. */
  async hearEachOther(numbers = this.#people.map(({ number }) => number)): Promise<void> {
    const people = this.#people.filter(({ number }) => numbers.includes(number));
    const words = await Promise.all(
      people.flatMap((from) =>
        people.filter((to) => to !== from).map(async (to) => ({ to, id: await this.#say(from, to) })),
      ),
    );
    const isHeard = (): boolean =>
      words.every(({ to, id }) =>
        to.journal.lines().some((line) => line.kind === "acknowledged" && line.id === id),
      );
    await until("everybody hears everybody", isHeard, HEAR_WITHIN_MS);
  }

  /** Ends a round, all being online: waits for all that is on its way, takes everybody offline and checks the journals. */
  async endRound(): Promise<JournalReport> {
    await this.hearEachOther();
    await this.#allTold();
    expect(this.#unread(), "marked as read and not told of").to.deep.equal([]);
    return this.endEarly();
  }

  /** Takes everybody offline and checks the journals of a round in which not all comes to its end. */
  async endEarly(): Promise<JournalReport> {
    await this.#close();
    const report = this.#report();
    this.#beginRound();
    return report;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.quiet();
    await this.#close();
    for (const { storage, journal } of this.#people) {
      journal.close();
      storage.close();
    }
  }

  /** Waits until senders know what became of each message. What they are not told then, the checker finds. */
  async #allTold(): Promise<void> {
    const isTold = async (): Promise<boolean> => {
      await sleep(LOOK_EVERY_MS);
      const { violations, counts } = this.#report();
      const isReceipted = violations.every(({ kind }) => kind !== "receipt-lost");
      return counts.unknown === 0 && isReceipted && this.#unread().length === 0;
    };
    await until("everybody is told", isTold, TOLD_WITHIN_MS).catch(() => undefined);
  }

  /** Messages that were marked as read, and of which the sender was not told so. */
  #unread(): string[] {
    const told = new Set<string>();
    for (const { journal } of this.#people)
      for (const line of journal.lines())
        if (line.kind === "told" && line.state === "read") told.add(line.id);
    return [...this.#markedRead].filter((id) => !told.has(id));
  }

  async #maybeMarkRead(message: IncomingMessage): Promise<void> {
    if (++this.#shown % READ_ONE_IN !== 0) return;
    await message.markRead();
    this.#markedRead.add(message.id);
  }

  // A round is over in seconds: whatever is not told at its end is lost
  #report(): JournalReport {
    const journals = this.#people.map(({ journal }) => journal.lines());
    return checkJournals(journals, { receiptWithinMs: 0 });
  }

  async #close(): Promise<void> {
    const stopped = Promise.all(this.#people.map(async ({ online }) => online?.client.stop()));
    await within("everybody goes offline", QUIET_WITHIN_MS, stopped);
    for (const person of this.#people) person.online = undefined;
  }

  #beginRound(): void {
    this.#round += 1;
    this.#markedRead.clear();
    for (const person of this.#people) {
      person.journal.close();
      const name = `${person.number.slice(1)}.${this.#round}.journal`;
      person.journal = new Journal(join(this.#world.folder, name));
      // Who is away during the round is to get what was sent meanwhile
      person.journal.write({ kind: "started", number: person.number, device: person.device as DeviceId });
    }
  }

  async #talk(from: Correspondent, to: Correspondent): Promise<void> {
    while (this.#isTalking) {
      await this.#say(from, to);
      await sleep(SEND_EVERY_MS);
    }
  }

  async #say(from: Correspondent, to: Correspondent): Promise<string> {
    this.#count += 1;
    const id = `${from.number}-${this.#count}`;
    await from.online?.journaled.send(to.number, `the text of ${id}`, id);
    return id;
  }
}

/**
 * Holds that a round broke no promise, and that all that was asked for in it was accepted: nobody is left unsure.
 *
 * @param hasExpired whether some of it was too old to be shown
 */
export function expectWhole({ violations, counts }: JournalReport, what: string, hasExpired = false): void {
  expect(violations, what).to.deep.equal([]);
  expect(counts, `asked for and not accepted: ${what}`).to.include({
    accepted: counts.asked,
    refused: 0,
    unknown: 0,
  });
  if (!hasExpired) expect(counts.shown, what).to.be.at.least(counts.asked);
}
