import { InvalidInput } from "../../../src/errors.js";
import type { PartChange } from "./transcript.js";

/** How a part is begun and ended. */
export interface PartProcess {
  readonly start: () => Promise<void>;
  /** Sends a signal; resolves when the process has ended, or at once for SIGSTOP and SIGCONT. */
  readonly signal: (signal: NodeJS.Signals) => Promise<void>;
  readonly pid: () => number | undefined;
}

/** Prosody or the component: a process that can be killed, stopped and started again on what it had written. */
export class WorldPart {
  readonly #process: PartProcess;
  readonly #note: (change: PartChange) => void;

  /** Made by the world. */
  constructor(process: PartProcess, note: (change: PartChange) => void) {
    this.#process = process;
    this.#note = note;
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.#process.pid();
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    await this.apply("kill");
  }

  /** Ends it in good order, by SIGTERM. */
  async stop(): Promise<void> {
    await this.apply("stop");
  }

  /** Starts it again; resolves when it answers. */
  async start(): Promise<void> {
    await this.apply("start");
  }

  /** Stops it in good order and starts it again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Has it stand still (SIGSTOP), with its connections open, until {@link WorldPart.thaw}. */
  async freeze(): Promise<void> {
    await this.apply("freeze");
  }

  /** Lets it go on. */
  async thaw(): Promise<void> {
    await this.apply("thaw");
  }

  /** Does one of these things. @throws {InvalidInput} when it does not run, or runs already */
  async apply(change: PartChange): Promise<void> {
    const isRunning = this.pid !== undefined;
    if (isRunning === (change === "start"))
      throw new InvalidInput(isRunning ? "it runs already" : `it does not run: ${change}`);
    this.#note(change);
    if (change === "start") await this.#process.start();
    else await this.#process.signal(SIGNALS[change]);
  }
}

const SIGNALS = { kill: "SIGKILL", stop: "SIGTERM", freeze: "SIGSTOP", thaw: "SIGCONT" } as const;
