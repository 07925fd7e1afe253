import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { TwotickError } from "../../../src/errors.js";
import { nodeCommand } from "./component-process.js";
import type { DeviceAnswer, DeviceRequest } from "./device-main.js";
import { MORTAL } from "./mortal.js";
import type { DeviceEvent, DeviceSettings, RunningDevice } from "./running-device.js";
import { within } from "./within.js";

const MAIN = fileURLToPath(
  new URL(`device-main.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url),
);
const END_WITHIN_MS = 20_000;

type Unnumbered<Request> = Request extends DeviceRequest ? Omit<Request, "number"> : never;

/** A device in a process of its own, which can be killed. */
export class DeviceProcess implements RunningDevice {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, (error?: TwotickError) => void>();
  #asked = -1;

  private constructor(child: ChildProcess, tell: (event: DeviceEvent) => void) {
    this.#child = child;
    this.#exited = once(child, "exit");
    child.on("message", (message) => {
      const said = message as DeviceEvent | DeviceAnswer;
      if (said.kind !== "answer") return tell(said);
      const { number, error } = said;
      this.#waiting.get(number)?.(error && new TwotickError(error.code, error.message));
    });
    child.once("exit", () => {
      for (const end of this.#waiting.values()) end(new TwotickError("killed", "the device's process ended"));
    });
  }

  /** Starts the process; resolves when it is online. @throws {TwotickError} what kept it from that */
  static async start(settings: DeviceSettings, tell: (event: DeviceEvent) => void): Promise<DeviceProcess> {
    const [program = "", ...args] = [...MORTAL, ...nodeCommand(MAIN, JSON.stringify(settings))];
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const device = new DeviceProcess(child, tell);
    await device.#answered(() => {});
    return device;
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a text under an id; resolves when that is durable. @throws {TwotickError} `killed` */
  send(to: string, text: string, id: string): Promise<void> {
    return this.#ask({ ask: "send", to, text, id });
  }

  /** Tells the sender of a message that it was seen. */
  read(id: string): Promise<void> {
    return this.#ask({ ask: "read", id });
  }

  /** Goes offline in good order and ends. */
  async stop(): Promise<void> {
    await this.#ask({ ask: "stop" });
    await within("the device's process ends", END_WITHIN_MS, this.#exited);
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within("the device's process ends by SIGKILL", END_WITHIN_MS, this.#exited);
  }

  #ask(request: Unnumbered<DeviceRequest>): Promise<void> {
    return this.#answered((number) => {
      if (!this.#child.connected) throw new TwotickError("killed", "the device's process has ended");
      this.#child.send({ ...request, number });
    });
  }

  #answered(ask: (number: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const number = ++this.#asked;
      this.#waiting.set(number, (error) => {
        this.#waiting.delete(number);
        if (error) reject(error);
        else resolve();
      });
      ask(number);
    });
  }
}
