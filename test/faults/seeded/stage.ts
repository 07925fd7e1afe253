import { join } from "node:path";
import type { AccountOperations } from "../../../component/accounts/store.js";
import { hashDeviceKey } from "../../../component/mailbox/service.js";
import {
  checkJournals,
  Journal,
  type CheckOptions,
  type JournalLine,
  type JournalReport,
} from "../../../sdk/testing/mod.js";
import { newDeviceId } from "../../../src/ids.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { addAccount } from "../../support/prosody.js";
import { newDeviceKey } from "../../support/raw-device.js";
import { until } from "../../support/until.js";
import { PASSWORD, World, type WorldOptions } from "../../support/world.js";
import { SettingClock } from "../setting-clock.js";
import { PersonProcess } from "./person-process.js";
import { PlainDevice } from "./plain-device.js";

/** How long the last words of a scenario may take: long where nothing is at fault, as much else may run. */
const LAST_WORDS_MS = { sound: 20_000, faulty: 3_000 } as const;

/** A world in which scenarios are played, with the cast of each. */
export class Stage {
  readonly world: World;
  readonly clock: SettingClock;
  readonly #isSound: boolean;
  readonly #build: string;
  #cast = 0;
  #journals: { lines(): JournalLine[] }[] = [];
  #plain: PlainDevice[] = [];
  #processes: PersonProcess[] = [];

  private constructor(world: World, clock: SettingClock, build: string, isSound: boolean) {
    this.world = world;
    this.clock = clock;
    this.#build = build;
    this.#isSound = isSound;
  }

  /** @param build folder of the build under test @param isSound whether nothing is wrong with it */
  static async open(build: string, isSound: boolean, options: WorldOptions = {}): Promise<Stage> {
    const clock = new SettingClock();
    const world = await World.start({ build, clock, ...options });
    return new Stage(world, clock, build, isSound);
  }

  /** Plain devices of that many people whom no scenario had yet; not online. */
  async plainDevices(count: number): Promise<PlainDevice[]> {
    const { prosody } = this.world;
    const numbers = Array.from({ length: count }, () => phoneNumber(this.freshNumber()));
    const keys = numbers.map(() => ({ key: newDeviceKey(), deviceId: newDeviceId() }));
    await this.world.withStore(async (store, vault) => {
      for (const [index, number] of numbers.entries()) {
        const { key, deviceId } = keys[index] as (typeof keys)[number];
        const jid = await addAccount(prosody, `a${number.slice(1)}`, PASSWORD);
        await store.of<AccountOperations>("accounts").create({
          jid: jid.bare,
          numberHash: vault.hashNumber(number),
          numberSealed: vault.sealNumber(number),
          isMadeHere: true,
          pinHash: null,
          device: { deviceId, keyHash: hashDeviceKey(key.publicKey) },
          now: this.clock.now(),
        });
      }
    });
    const { service, host: domain, componentDomain: numberDomain } = prosody;
    const account = { service, domain, numberDomain, password: PASSWORD };
    const devices = numbers.map((number, index) => {
      const mine = keys[index] as (typeof keys)[number];
      const credentials = { ...account, number, username: `a${number.slice(1)}`, ...mine };
      return new PlainDevice(credentials, this.#journal(number));
    });
    this.#plain.push(...devices);
    return devices;
  }

  /** Somebody with a device of the SDK of this build, in a process of its own; not running. */
  person(service = this.world.prosody.service): PersonProcess {
    const number = this.freshNumber();
    const journal = this.#journal(number);
    const person = new PersonProcess(this.#build, {
      storagePath: join(this.world.folder, `${number.slice(1)}.db`),
      journalPath: journal.path,
      api: `http://127.0.0.1:${this.world.config.http.port}`,
      service,
      number,
    });
    this.#processes.push(person);
    return person;
  }

  /** Checks what was written down since the last time; strictly, as everything has had time to arrive. */
  report(options: CheckOptions = {}): JournalReport {
    return checkJournals(
      this.#journals.map((journal) => journal.lines()),
      { receiptWithinMs: 0, ...options },
    );
  }

  /** Waits until something that shows in the journals, for longer where the build is sound. Does not insist. */
  async patience(holds: () => boolean): Promise<void> {
    await until("it is so", holds, LAST_WORDS_MS[this.#isSound ? "sound" : "faulty"]).catch(() => undefined);
  }

  /** The last word from one to another: when the receipt is back, all before it has arrived or never will. */
  async lastWord(from: PlainDevice, to: { readonly number: string }): Promise<void> {
    await from.say(to.number, "last-word");
    const id = `${from.number}-last-word`;
    await this.patience(() => isTold(from.journal.lines(), id, "delivered"));
  }

  /** Ends a scenario: the next one begins with nobody. */
  async clear(): Promise<void> {
    await Promise.all(this.#plain.map((device) => device.end().catch(() => undefined)));
    await Promise.all(this.#processes.map((person) => person.kill()));
    this.#plain = [];
    this.#processes = [];
    this.#journals = [];
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.clear();
    await this.world.stop();
  }

  /** A number that nobody has; the first twenty are test numbers of the worlds in which people sign up. */
  freshNumber(): string {
    this.#cast += 1;
    return numberOf(this.#cast);
  }

  #journal(number: string): Journal {
    const journal = new Journal(join(this.world.folder, `${number.slice(1)}.journal`));
    this.#journals.push(journal);
    return journal;
  }
}

/** The number of the so-manieth person. */
export function numberOf(index: number): string {
  return `+1555123${String(index).padStart(4, "0")}`;
}

/** Whether a journal says that a send has come so far. */
export function isTold(lines: readonly JournalLine[], id: string, state: string): boolean {
  return lines.some((line) => line.kind === "told" && line.id === id && line.state === state);
}

/** How many messages a journal says were shown. */
export function shownCount(lines: readonly JournalLine[]): number {
  return lines.filter(({ kind }) => kind === "shown").length;
}

/** Whether a journal says that a message was shown. */
export function hasShown(lines: readonly JournalLine[], id: string): boolean {
  return lines.some((line) => line.kind === "shown" && line.id === id);
}
