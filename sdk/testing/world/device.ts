import { AssertionError } from "node:assert";
import { rmSync } from "node:fs";
import type { Clock } from "../../../src/clock.js";
import { InvalidInput, TwotickError } from "../../../src/errors.js";
import type { Client } from "../../client/client.js";
import type { ClientState } from "../../client/events.js";
import { sendRank, type SendState } from "../../client/sent-records.js";
import { DeviceProcess } from "./device-process.js";
import type { WorldLink } from "./link.js";
import type { WorldPerson } from "./person.js";
import { runDevice, type DeviceEvent, type RunningDevice } from "./running-device.js";
import type { Tick, WorldDeed } from "./transcript.js";
import { until } from "./until.js";

/** A message that was shown on a device. */
export interface HeardWord {
  readonly id: string;
  /** The number that it came from. */
  readonly from: string;
  readonly text: string;
  readonly isEncrypted: boolean;
}

/** A message that a device sent. */
export interface SaidWord {
  readonly id: string;
  readonly text: string;
  /** How far it has come so far. */
  readonly state: SendState;
  /** Resolves when it has come so far on some device of the recipient. @throws {TwotickError} `timeout`, or why it failed */
  readonly until: (tick: Tick, options?: { readonly timeoutMs?: number }) => Promise<void>;
}

/** What a device needs of its world. */
export interface DeviceContext {
  readonly storePath: string;
  readonly journalPath: string;
  readonly seed: number;
  readonly clock: Clock | undefined;
  readonly isProcess: boolean;
  readonly note: (deed: WorldDeed) => void;
  readonly nextId: () => string;
  /** Somebody by name or number. */
  readonly numberOf: (whom: WorldPerson | string) => string;
}

/** How long anything may take that a test waits for; more with `timeoutMs`. */
export const PATIENCE_MS = 20_000;

/** One device of a person: a client of the SDK with a store and a journal, behind a link of its own. */
export class WorldDevice {
  /** `romeo/phone`. */
  readonly name: string;
  /** Its connection to the server. */
  readonly link: WorldLink;
  /** Everything that it has shown, in order, repeated messages too. */
  readonly heard: HeardWord[] = [];
  readonly #context: DeviceContext;
  readonly #told = new Map<string, { state: SendState; code?: string | undefined }>();
  readonly #unsent = new Map<string, string>();
  readonly #taken = new Set<string>();
  #running: (RunningDevice & { client?: Client; kill?: () => Promise<void> }) | undefined;
  #state: ClientState = "stopped";

  /** Made by {@link WorldPerson.addDevice}. */
  constructor(name: string, link: WorldLink, context: DeviceContext) {
    this.name = name;
    this.link = link;
    this.#context = context;
  }

  /** What it is doing. */
  get state(): ClientState {
    return this.#state;
  }

  /** Whether it runs, online or not. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The file that its journal is written to. */
  get journalPath(): string {
    return this.#context.journalPath;
  }

  /** The client of the SDK itself, for what this class has no word for. @throws {InvalidInput} when it does not run in this process */
  get client(): Client {
    const { client } = this.#requireRunning();
    if (!client) throw new InvalidInput(`${this.name} runs in a process of its own`);
    return client;
  }

  /** Starts it; resolves when it is online. */
  async start(): Promise<void> {
    if (this.#running) throw new InvalidInput(`${this.name} runs already`);
    this.#context.note({ do: "start", who: this.name });
    await this.run();
  }

  /** The same, where it is not noted. */
  async run(): Promise<void> {
    const { storePath, journalPath, seed, clock, isProcess } = this.#context;
    const unsent = Object.fromEntries(this.#unsent);
    const settings = { storePath, journalPath, seed, service: this.link.service, unsent };
    const tell = (event: DeviceEvent): void => this.#tell(event);
    this.#running = await (isProcess
      ? DeviceProcess.start(settings, tell)
      : runDevice(settings, tell, clock));
    this.#unsent.clear();
  }

  /** Takes it offline in good order. */
  async stop(): Promise<void> {
    const running = this.#requireRunning();
    this.#context.note({ do: "stop", who: this.name });
    this.#running = undefined;
    await running.stop();
    this.#state = "stopped";
  }

  /** Ends its process by SIGKILL. @throws {InvalidInput} when it runs in this process */
  async kill(): Promise<void> {
    const running = this.#requireRunning();
    if (!running.kill)
      throw new InvalidInput(
        `${this.name} runs in this process, which cannot be killed: start the world with hasDeviceProcesses`,
      );
    this.#context.note({ do: "kill", who: this.name });
    this.#running = undefined;
    await running.kill();
    this.#state = "stopped";
  }

  /** Kills it and starts it again on what was durable. */
  async crash(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Writes to somebody; resolves when that is durable here. @param id chosen by the world unless given */
  async say(to: WorldPerson | string, text: string, id = this.#context.nextId()): Promise<SaidWord> {
    const running = this.#requireRunning();
    const number = this.#context.numberOf(to);
    this.#context.note({ do: "say", who: this.name, to: number, text, id });
    this.#unsent.set(id, text);
    await running.send(number, text, id);
    this.#unsent.delete(id);
    return this.said(id, text);
  }

  /** A message that it sent, by its id. */
  said(id: string, text = ""): SaidWord {
    const stateOf = (): SendState => this.#told.get(id)?.state ?? "queued";
    return {
      id,
      text,
      get state() {
        return stateOf();
      },
      until: (tick, { timeoutMs = PATIENCE_MS } = {}) => this.tick(id, tick, timeoutMs),
    };
  }

  /** Waits until a message that it sent has come so far. @throws {TwotickError} `timeout`, or why it failed */
  async tick(id: string, tick: Tick, timeoutMs = PATIENCE_MS): Promise<void> {
    await until(
      `${id} of ${this.name} is ${tick}`,
      () => {
        const told = this.#told.get(id);
        if (told?.state === "failed") throw new TwotickError(told.code ?? "failed", `${id} failed`);
        return told !== undefined && sendRank(told.state) >= sendRank(tick);
      },
      timeoutMs,
    );
    this.#context.note({ do: "tick", who: this.name, id, tick });
  }

  /**
   * Waits for the next message from somebody that was not waited for yet. Each is heard once, however often it is shown.
   *
   * @param expected the text, or what it matches @throws {AssertionError} when it is another, or none comes in time
   */
  async hears(
    from: WorldPerson | string,
    expected: string | RegExp,
    { timeoutMs = PATIENCE_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<HeardWord> {
    const number = this.#context.numberOf(from);
    const next = (): HeardWord | undefined =>
      this.heard.find((word) => word.from === number && !this.#taken.has(word.id));
    await until("a message", () => next() !== undefined, timeoutMs).catch(() => {});
    const word = next();
    const fits = typeof expected === "string" ? word?.text === expected : expected.test(word?.text ?? "");
    if (!word || !fits) {
      const actual = word?.text ?? "nothing";
      const message = `${this.name} hears "${actual}" from ${number}, not ${String(expected)}`;
      throw new AssertionError({ message, actual, expected, operator: "hears" });
    }
    this.#taken.add(word.id);
    this.#context.note({ do: "hear", who: this.name, from: number, text: word.text });
    return word;
  }

  /** What was shown and not waited for with {@link WorldDevice.hears}, each message once. */
  get unheard(): HeardWord[] {
    return this.heard.filter(
      ({ id }, index) => !this.#taken.has(id) && this.heard.findIndex((other) => other.id === id) === index,
    );
  }

  /** Tells the sender of a message that it was seen. */
  async reads({ id }: { readonly id: string }): Promise<void> {
    this.#context.note({ do: "read", who: this.name, id });
    await this.#requireRunning().read(id);
  }

  /** Takes everything of it away. */
  async end(): Promise<void> {
    await this.#running?.stop().catch(() => {});
    this.#running = undefined;
    await this.link.close();
    rmSync(this.#context.storePath, { force: true });
  }

  #requireRunning() {
    if (!this.#running) throw new InvalidInput(`${this.name} does not run`);
    return this.#running;
  }

  #tell(event: DeviceEvent): void {
    if (event.kind === "state") this.#state = event.state;
    if (event.kind === "shown") this.heard.push(event);
    if (event.kind !== "told") return;
    const known = this.#told.get(event.id)?.state;
    if (known === undefined || sendRank(event.state) > sendRank(known)) this.#told.set(event.id, event);
  }
}
