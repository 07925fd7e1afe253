import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ProsodyProcess } from "../../../prosody/prosody.js";
import { InvalidInput, TwotickError } from "../../../src/errors.js";
import type { Account } from "../../client/account.js";
import type { CheckOptions, JournalReport } from "../check-journals.js";
import { durationMs } from "../duration.js";
import type { ManualClock } from "../manual-clock.js";
import { bindDevice } from "./bind-device.js";
import { WorldDevice } from "./device.js";
import { WorldLink } from "./link.js";
import type { WorldPart } from "./part.js";
import { WorldPerson } from "./person.js";
import { type ServiceOptions, WorldService } from "./service.js";
import { settle } from "./settle.js";
import { sweepFolders, temporaryFolder } from "./temporary-folder.js";
import { Transcript, type WorldStep, writeTranscript } from "./transcript.js";

/** What may be chosen about a world. */
export interface WorldOptions extends ServiceOptions {
  /** Who is there from the beginning, online: names, or names with those of their devices. One device each unless named. */
  readonly people?: readonly string[] | Readonly<Record<string, readonly string[]>> | undefined;
  /** Whether each device is a process of its own, which can be killed; otherwise they run in this process. */
  readonly hasDeviceProcesses?: boolean | undefined;
  /**
   * What the timers of devices in this process run on, moved by {@link World.advance}; real time unless given. Prosody, the
   * component and what is on the way between them run in real time always.
   */
  readonly clock?: ManualClock | undefined;
  /** Leads what is left to chance on devices: the pauses between attempts to connect; 1 unless given. */
  readonly seed?: number | undefined;
  /** Where everything is kept, and left for a look afterwards; a temporary folder, which is removed, unless given. */
  readonly folder?: string | undefined;
}

/** How a world is checked. */
export interface WorldCheckOptions extends CheckOptions {
  /** How long everything may take to arrive once all is healed; 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

const FIRST_NUMBER = 15551230000;
const FIRST_DEVICE = "phone";

/**
 * A messenger of one's own for a test: a stock Prosody, the component and any number of people and devices, all real.
 *
 * @example
 * const world = await World.start({ people: ["romeo", "juliet"] });
 * const [romeo, juliet] = world.people;
 * const word = await romeo.say(juliet, "But soft");
 * juliet.device.link.cut();
 * await world.component.kill();
 * await world.component.start();
 * juliet.device.link.heal();
 * await juliet.hears(romeo, "But soft");
 * await word.until("delivered");
 * await world.check();
 * await world.stop();
 */
export class World {
  readonly #options: WorldOptions;
  readonly #folder: string;
  readonly #service: WorldService;
  readonly #transcript: Transcript;
  readonly #people = new Map<string, WorldPerson>();
  readonly #accounts = new Map<WorldPerson, Account>();
  #words = 0;
  #devices = 0;
  #numbers = 0;

  private constructor(options: WorldOptions, folder: string, service: WorldService, transcript: Transcript) {
    this.#options = options;
    this.#folder = folder;
    this.#service = service;
    this.#transcript = transcript;
  }

  /**
   * Starts everything; resolves when everybody is online.
   *
   * @throws {TwotickError} `prosody-missing` where Prosody is not on the PATH; `component-exited`, `timeout`
   */
  static async start(options: WorldOptions = {}): Promise<World> {
    if (options.clock && options.hasDeviceProcesses)
      throw new InvalidInput("a clock is moved by hand for devices in this process only");
    if (options.folder === undefined) await sweepFolders();
    const folder = options.folder ?? temporaryFolder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const transcript = new Transcript();
    const service = await WorldService.start(folder, options, transcript).catch((error: unknown) => {
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    const world = new World(options, folder, service, transcript);
    try {
      await world.#populate();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** The domain that holds the accounts. */
  get host(): string {
    return this.#service.server.host;
  }

  /** The number domain: the component. */
  get numberDomain(): string {
    return this.#service.server.componentDomain;
  }

  /** Where a client connects to, past every link: `xmpp://127.0.0.1:PORT`. */
  get service(): string {
    return this.#service.server.service;
  }

  /** Where sign-up is. */
  get api(): string {
    return this.#service.api;
  }

  /** Where everything is kept: journals, logs, stores. */
  get folder(): string {
    return this.#folder;
  }

  /** Prosody's process and data. */
  get server(): ProsodyProcess {
    return this.#service.server;
  }

  /** Prosody, as something to be killed and started. */
  get prosody(): WorldPart {
    return this.#service.prosody;
  }

  /** The component. */
  get component(): WorldPart {
    return this.#service.component;
  }

  /** The connection between the two. */
  get componentLink(): WorldLink {
    return this.#service.componentLink;
  }

  /** Everybody, in the order of coming. */
  get people(): WorldPerson[] {
    return [...this.#people.values()];
  }

  /** Every device of everybody. */
  get devices(): WorldDevice[] {
    return this.people.flatMap(({ devices }) => devices);
  }

  /** What has happened so far, in words that `replayWorld` can do again. It holds the texts of messages. */
  get transcript(): readonly WorldStep[] {
    return this.#transcript.steps;
  }

  /** Somebody by name. @throws {InvalidInput} when there is no such person */
  person(name: string): WorldPerson {
    return this.#people.get(name) ?? missing(`there is nobody called ${name}`);
  }

  /** A device by its name: `romeo/phone`. @throws {InvalidInput} when there is none */
  device(name: string): WorldDevice {
    return this.devices.find((device) => device.name === name) ?? missing(`there is no device ${name}`);
  }

  /** A link by its name: `component`, or that of a device. @throws {InvalidInput} when there is none */
  link(name: string): WorldLink {
    return name === this.componentLink.name ? this.componentLink : this.device(name).link;
  }

  /** Somebody new: signs up with a code, links the further devices, and comes online with all of them. */
  async addPerson(
    name: string,
    {
      number = this.freshNumber(),
      devices = [],
    }: { readonly number?: string; readonly devices?: readonly string[] } = {},
  ): Promise<WorldPerson> {
    if (this.#people.has(name)) throw new InvalidInput(`there is a ${name} already`);
    const person: WorldPerson = new WorldPerson(name, number, (device) => this.#addDevice(person, device));
    this.#people.set(name, person);
    for (const device of devices.length === 0 ? [FIRST_DEVICE] : devices) await person.addDevice(device);
    return person;
  }

  /** A number that nobody has. */
  freshNumber(): string {
    return `+${FIRST_NUMBER + ++this.#numbers}`;
  }

  /** The code that was sent to a number that signs up in this world by other ways than {@link World.addPerson}. @throws {TwotickError} `timeout` */
  async codeFor(number: string): Promise<string> {
    return await this.#service.codeFor(number);
  }

  /** Moves the clock of the devices, timer by timer. @param by milliseconds, or a text such as `90s` @throws {InvalidInput} when the world has no clock */
  async advance(by: number | string): Promise<void> {
    const { clock } = this.#options;
    if (!clock) throw new InvalidInput("the world has no clock of its own: start it with one");
    const ms = durationMs(by);
    this.#transcript.note({ do: "advance", ms });
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Heals and starts everything, lets all that is on the way arrive, and checks the delivery contract over the journals.
   *
   * @returns what was counted, so that a check over nothing is noticed
   * @throws {TwotickError} `contract-broken` with what was found and the transcript
   */
  async check({ timeoutMs = 30_000, ...options }: WorldCheckOptions = {}): Promise<JournalReport> {
    const steps = this.transcript.length;
    await this.#mend();
    const report = await settle(this.devices, this.#options.clock, timeoutMs, options);
    if (report.violations.length === 0) return report;
    const found = report.violations.map(({ kind, id, detail }) => `${kind}: ${id}: ${detail}`).join("\n");
    const happened = writeTranscript(this.transcript.slice(0, steps));
    throw new TwotickError("contract-broken", `${found}\n\nwhat happened:\n${happened}`);
  }

  /** Ends everything, and removes the folder unless it was given. */
  async stop(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.end()));
    await this.#service.stop();
    if (this.#options.folder === undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #populate(): Promise<void> {
    const { people = [] } = this.#options;
    const wanted = isNames(people)
      ? people.map((name) => [name, [FIRST_DEVICE]] as const)
      : Object.entries(people);
    await Promise.all(wanted.map(([name, devices]) => this.addPerson(name, { devices })));
  }

  async #addDevice(person: WorldPerson, name: string): Promise<WorldDevice> {
    const full = `${person.name}/${name}`;
    if (person.devices.some((device) => device.name === full))
      throw new InvalidInput(`there is a ${full} already`);
    this.#transcript.note({ do: "join", who: full });
    const count = ++this.#devices;
    const storePath = join(this.#folder, `device-${count}.db`);
    const known = this.#accounts.get(person);
    this.#accounts.set(person, await bindDevice(this.#service, storePath, person.number, known));
    const link = await WorldLink.open(full, this.server.clientPort, (change) =>
      this.#transcript.note({ do: "link", which: full, change }),
    );
    const device = new WorldDevice(full, link, {
      storePath,
      journalPath: join(this.#folder, `device-${count}.journal`),
      seed: (this.#options.seed ?? 1) * 1_000 + count,
      clock: this.#options.clock,
      isProcess: this.#options.hasDeviceProcesses ?? false,
      note: (deed) => this.#transcript.note(deed),
      nextId: () => `word-${++this.#words}`,
      numberOf: (whom) => this.#numberOf(whom),
    });
    person.devices.push(device);
    await device.run();
    return device;
  }

  #numberOf(whom: WorldPerson | string): string {
    if (typeof whom !== "string") return whom.number;
    return whom.startsWith("+") ? whom : this.person(whom).number;
  }

  async #mend(): Promise<void> {
    for (const link of [this.componentLink, ...this.devices.map(({ link }) => link)]) link.heal();
    for (const part of [this.prosody, this.component])
      await (part.pid === undefined ? part.start() : part.thaw());
    await Promise.all(this.devices.filter(({ isRunning }) => !isRunning).map((device) => device.start()));
  }
}

function isNames(people: NonNullable<WorldOptions["people"]>): people is readonly string[] {
  return Array.isArray(people);
}

function missing(message: string): never {
  throw new InvalidInput(message);
}
