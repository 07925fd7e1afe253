import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { TwotickError } from "../../../src/errors.js";
import { World, type WorldOptions } from "../world/world.js";
import { disperse, gather, type LoadConversation, type LoadPerson } from "./crowd.js";
import { type LoadFault, LoadLedger } from "./ledger.js";
import { LoadMeter, type LoadSecond, type LoadStage, type StageTimes } from "./meter.js";
import {
  durationOf,
  type LoadScenario,
  type ResolvedScenario,
  resolveScenario,
  schedule,
} from "./scenario.js";

/** Where and how a load is run. */
export interface LoadOptions {
  /** The world to load, which stays; one of its own unless given. */
  readonly world?: World | undefined;
  /** How its own world is started. */
  readonly worldOptions?: Omit<WorldOptions, "people"> | undefined;
  /** How long what is on the way may take to arrive after the last message; 30,000 unless given. */
  readonly drainMs?: number | undefined;
  /** Called about twice a second: how much of the time has passed (0 to 1), and what was sent and delivered. */
  readonly onProgress?:
    | ((progress: { readonly share: number; readonly sent: number; readonly delivered: number }) => void)
    | undefined;
}

/** What a load has come to; JSON as it stands. */
export interface LoadReport {
  readonly format: "twotick-load-1";
  readonly startedAt: string;
  readonly scenario: ResolvedScenario;
  readonly machine: { readonly node: string; readonly platform: string; readonly cpus: number };
  /** How long messages were offered, in seconds, and how long the rest took to arrive after that. */
  readonly seconds: number;
  readonly drainSeconds: number;
  readonly counts: {
    readonly sent: number;
    readonly accepted: number;
    readonly failed: number;
    readonly shown: number;
    readonly delivered: number;
  };
  /** By the code of the error, what did not get through. */
  readonly failures: Readonly<Record<string, number>>;
  /** What broke a promise: none on a sound service. At most 50 are named. */
  readonly faultCount: number;
  readonly faults: readonly LoadFault[];
  readonly stages: Readonly<Record<LoadStage, StageTimes>>;
  readonly perSecond: readonly LoadSecond[];
  /** CPU time for one message, in microseconds; null where the system does not tell. The generator is all devices together. */
  readonly cpuMicros: {
    readonly prosody: number | null;
    readonly component: number | null;
    readonly generator: number;
  };
}

const PROGRESS_EVERY_MS = 500;
const WARM_UP_WITHIN_MS = 30_000;
/** The clock ticks of /proc, a second. */
const TICKS = 100;

/**
 * Loads a service as people do: what is due is sent, however long the answers take (an open loop), really encrypted, and
 * every message is accounted for: its id, its text, its order, its loss. All times count from when a message was due.
 *
 * Devices are of the SDK, with stores in memory, and all in this process: `stages.begun` says how late the generator
 * itself was, and a load for which it is late says more about the generator than about the service.
 *
 * @throws {InvalidInput} for a scenario in which nothing happens; @throws {TwotickError} when a world cannot be started
 * @example
 * const report = await runLoad({ pairs: 10, ramps: [{ seconds: 20, from: 10, to: 400 }] });
 * writeFileSync("load.html", writeLoadHtml(report));
 */
export async function runLoad(scenario: LoadScenario, options: LoadOptions = {}): Promise<LoadReport> {
  const resolved = resolveScenario(scenario);
  const world = options.world ?? (await World.start(options.worldOptions));
  try {
    const conversations = await gather(world, resolved);
    const people = conversations.flatMap(({ from, to }) => [from, ...to]);
    try {
      await warmUp(conversations);
      return await new LoadRun(resolved, world, conversations, options).run();
    } finally {
      await disperse(people);
    }
  } finally {
    if (!options.world) await world.stop();
  }
}

/** The first message of a pair makes sessions; what is measured is what comes after. */
async function warmUp(conversations: readonly LoadConversation[]): Promise<void> {
  for (const { from, to } of conversations) {
    for (const person of to) {
      const handle = await from.client.send(person.number, "hello");
      await handle.until("delivered", { timeoutMs: WARM_UP_WITHIN_MS });
    }
  }
}

/** In microseconds. */
interface CpuTimes {
  readonly prosody: number;
  readonly component: number;
  readonly generator: number;
}

class LoadRun {
  readonly #scenario: ResolvedScenario;
  readonly #world: World;
  readonly #conversations: readonly LoadConversation[];
  readonly #options: LoadOptions;
  readonly #ledger = new LoadLedger();
  readonly #meter = new LoadMeter();
  readonly #due = new Map<string, number>();
  readonly #failures: Record<string, number> = {};
  readonly #filler: string;
  #delivered = 0;
  #beganAt = 0;

  constructor(
    scenario: ResolvedScenario,
    world: World,
    conversations: readonly LoadConversation[],
    options: LoadOptions,
  ) {
    this.#scenario = scenario;
    this.#world = world;
    this.#conversations = conversations;
    this.#options = options;
    this.#filler = "x".repeat(scenario.bodyLength);
  }

  async run(): Promise<LoadReport> {
    const startedAt = new Date().toISOString();
    for (const { from, to } of this.#conversations) {
      this.#watchSender(from);
      for (const person of to) this.#watchRecipient(person);
    }
    const before = this.#cpu();
    this.#beganAt = performance.now();
    await this.#offer();
    const offeredFor = this.#now();
    await this.#drain();
    const drainSeconds = (this.#now() - offeredFor) / 1_000;
    const after = this.#cpu();
    this.#ledger.close();
    return this.#report(startedAt, drainSeconds, before, after);
  }

  /** Milliseconds since the beginning. */
  #now(): number {
    return performance.now() - this.#beganAt;
  }

  #watchSender({ client }: LoadPerson): void {
    const record = (id: string, stage: LoadStage): void => {
      const dueMs = this.#due.get(id);
      if (dueMs !== undefined) this.#meter.record(stage, dueMs, this.#now());
    };
    client.on("accepted", ({ handle }) => {
      record(handle.id, "accepted");
      this.#ledger.accept(handle.id);
    });
    client.on("receipt", ({ id, state }) => {
      if (state !== "delivered" || !this.#due.has(id)) return;
      record(id, "delivered");
      this.#delivered += 1;
      this.#due.delete(id);
    });
    client.on("failed", ({ handle, error }) => this.#fail(handle.id, error));
  }

  #watchRecipient({ client, number }: LoadPerson): void {
    client.on("message", (message) => {
      const dueMs = this.#due.get(message.id);
      if (dueMs !== undefined) this.#meter.record("shown", dueMs, this.#now());
      // The words of the warm-up are not of the load
      if (message.text !== "hello") this.#ledger.show(message.id, message.from, number, message.text);
      void message.acknowledge();
    });
  }

  async #offer(): Promise<void> {
    const sizes = this.#conversations.map(({ to }) => to.length);
    const total = durationOf(this.#scenario) * 1_000;
    let toldAt = 0;
    let count = 0;
    for (const { dueMs, conversation } of schedule(this.#scenario, sizes)) {
      for (;;) {
        const waitMs = dueMs - this.#now();
        if (waitMs <= 0) break;
        await (waitMs > 2 ? sleep(waitMs - 1) : nextTurn());
      }
      const { from, to } = this.#conversations[conversation] as LoadConversation;
      for (const person of to) void this.#send(from, person, `load-${++count}`, dueMs);
      if (this.#now() - toldAt < PROGRESS_EVERY_MS) continue;
      toldAt = this.#now();
      this.#options.onProgress?.({
        share: Math.min(1, dueMs / total),
        sent: this.#ledger.sent,
        delivered: this.#delivered,
      });
      // However late: answers are read too
      await nextTurn();
    }
  }

  async #send(from: LoadPerson, to: LoadPerson, id: string, dueMs: number): Promise<void> {
    const text = `${id}:${this.#filler}`.slice(0, this.#scenario.bodyLength);
    this.#ledger.send(id, from.number, to.number, text);
    this.#due.set(id, dueMs);
    this.#meter.offer(dueMs);
    this.#meter.record("begun", dueMs, this.#now());
    try {
      await from.client.send(to.number, text, { id });
      this.#meter.record("queued", dueMs, this.#now());
    } catch (error) {
      this.#fail(id, error as TwotickError);
    }
  }

  #fail(id: string, { code }: TwotickError): void {
    this.#due.delete(id);
    this.#failures[code] = (this.#failures[code] ?? 0) + 1;
    this.#ledger.fail();
  }

  /** Until everything has arrived, or for so long. */
  async #drain(): Promise<void> {
    const deadline = performance.now() + (this.#options.drainMs ?? 30_000);
    while (performance.now() < deadline && !(this.#ledger.isSettled && this.#due.size === 0)) await sleep(10);
    this.#options.onProgress?.({ share: 1, sent: this.#ledger.sent, delivered: this.#delivered });
  }

  #cpu(): CpuTimes {
    const { user, system } = process.cpuUsage();
    return {
      prosody: cpuMicros(this.#world.prosody.pid),
      component: cpuMicros(this.#world.component.pid),
      generator: user + system,
    };
  }

  #report(startedAt: string, drainSeconds: number, before: CpuTimes, after: CpuTimes): LoadReport {
    const { sent, accepted, failed, shown, faultCount, faults } = this.#ledger;
    const each = (name: keyof CpuTimes): number | null => {
      const micros = (after[name] - before[name]) / Math.max(1, shown);
      return Number.isFinite(micros) ? Math.round(micros) : null;
    };
    return {
      format: "twotick-load-1",
      startedAt,
      scenario: this.#scenario,
      machine: { node: process.version, platform: process.platform, cpus: availableParallelism() },
      seconds: durationOf(this.#scenario),
      drainSeconds,
      counts: { sent, accepted, failed, shown, delivered: this.#delivered },
      failures: this.#failures,
      faultCount,
      faults,
      stages: this.#meter.stages(),
      perSecond: this.#meter.seconds(),
      cpuMicros: {
        prosody: each("prosody"),
        component: each("component"),
        generator: each("generator") ?? 0,
      },
    };
  }
}

/** CPU time of a process so far, in microseconds; NaN where the system does not tell. */
function cpuMicros(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
  } catch {
    return Number.NaN;
  }
}
