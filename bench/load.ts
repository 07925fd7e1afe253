import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { DeviceCredentials, Form } from "../test/support/raw-device.js";
import type { World } from "../test/support/world.js";

/** What the thread of a {@link Load} is started with. */
export interface LoadThreadOptions {
  /** The first half writes, each to one of the second half. */
  readonly people: readonly DeviceCredentials[];
  readonly payload: string;
  readonly form: Form;
}

/** What a load is told: messages a second from now on, or to count, or to end. */
export type LoadCommand = number | "count" | "stop";

/** How many messages went out, and how many receipts came back. */
export interface LoadCounts {
  sent: number;
  receipted: number;
}

const PAIRS = 10;

let numbers = 0;

/** People who write to each other at a given rate, on a thread of their own: whoever measures beside them is not held up. */
export class Load {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /** Enrols twenty people and brings them online; nobody writes yet. */
  static async start(world: World, payload: string, form: Form): Promise<Load> {
    const people = await Promise.all(
      Array.from({ length: PAIRS * 2 }, () => world.person(`+1666${1_000_000 + ++numbers}`)),
    );
    const workerData: LoadThreadOptions = { people, payload, form };
    // A thread does not inherit how TypeScript is read
    const source = `import { register } from "${import.meta.resolve("tsx/esm/api")}"; register();
      await import("${new URL("load-thread.ts", import.meta.url).href}");`;
    const thread = new Worker(new URL(`data:text/javascript,${source}`), { workerData });
    await once(thread, "message");
    return new Load(thread);
  }

  /** From now on so many messages a second, whether they are answered or not. */
  setRate(perSecond: number): void {
    this.#tell(perSecond);
  }

  /** What has been sent and receipted since the start. */
  async counts(): Promise<LoadCounts> {
    this.#tell("count");
    const [counts] = (await once(this.#thread, "message")) as [LoadCounts];
    return counts;
  }

  /** Everybody goes offline. */
  async stop(): Promise<void> {
    const exited = once(this.#thread, "exit");
    this.#tell("stop");
    await exited;
  }

  #tell(command: LoadCommand): void {
    this.#thread.postMessage(command);
  }
}
