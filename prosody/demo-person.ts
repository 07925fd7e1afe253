import { join } from "node:path";
import { Client } from "../sdk/client/client.js";
import type { SendHandle } from "../sdk/client/handles.js";
import type { IncomingMessage } from "../sdk/client/incoming-message.js";
import { signUpDevice } from "../sdk/client/sign-up.js";
import { openSqliteStorage } from "../sdk/storage/sqlite.js";
import type { Storage } from "../sdk/storage/port.js";
import type { MessageId } from "../src/ids.js";
import { type DemoService, withinTime } from "./demo-service.js";

/** How long anything in the story may take before it counts as failed. */
const STEP_WITHIN_MS = 20_000;

/** How far a message has come, in the order that people see ticks in. */
export const TICKS = ["accepted", "delivered", "read"] as const;
/** One of {@link TICKS}. */
export type Tick = (typeof TICKS)[number];

/** Somebody with a number and one device. */
export class DemoPerson {
  /** First name. */
  readonly name: string;
  /** The number. */
  readonly number: string;
  /** What has arrived and was shown, in this order. */
  readonly received: IncomingMessage[] = [];
  /** Which ticks each message that was sent has got, in this order. */
  readonly ticks = new Map<MessageId, Tick[]>();
  readonly #service: DemoService;
  readonly #storage: Storage;
  #client: Client | undefined;
  #arrived: () => void = () => {};

  /** @param folder where the device keeps its own, apart from the service */
  constructor(name: string, number: string, service: DemoService, folder: string) {
    this.name = name;
    this.number = number;
    this.#service = service;
    this.#storage = openSqliteStorage({ path: join(folder, `${name.toLowerCase()}.db`) });
  }

  /** Asks for a code, reads it from the phone (the component's console), gives it. @returns the code */
  async signUp(): Promise<string> {
    const session = await signUpDevice({
      storage: this.#storage,
      api: this.#service.api,
      number: this.number,
    });
    const code = await this.#service.codeFor(this.number);
    await session.verify(code);
    return code;
  }

  /** Comes online and shows what has come in the meantime and what comes from now on. */
  async comeOnline(): Promise<void> {
    const client = await Client.open({ storage: this.#storage, service: this.#service.prosody.service });
    this.#client = client;
    client.on("accepted", ({ handle }) => this.#tick(handle.id, "accepted"));
    client.on("receipt", ({ id, state }) => this.#tick(id, state));
    client.on("message", (message) => void this.#show(message));
    await withinTime(client.start(), STEP_WITHIN_MS, `${this.name} did not come online in time`);
  }

  /** Goes offline; what was not sent yet stays in the outbox. */
  async goAway(): Promise<void> {
    await this.#client?.stop();
    this.#client = undefined;
  }

  /** Writes to somebody; what it answers follows the message. */
  async write(to: DemoPerson, text: string): Promise<SendHandle> {
    return await this.#online.send(to.number, text);
  }

  /** Tells the senders that everything shown so far was seen. */
  async readEverything(): Promise<void> {
    for (const message of this.received) await this.#online.markRead(message);
  }

  /** Waits until so many messages have arrived in all. */
  async hasReceived(count: number): Promise<void> {
    while (this.received.length < count) {
      const arrived = new Promise<void>((resolve) => (this.#arrived = resolve));
      const missing = `${this.name} has ${this.received.length} of ${count} messages`;
      await withinTime(arrived, STEP_WITHIN_MS, missing);
    }
  }

  /** Goes offline and closes the device's store. */
  async end(): Promise<void> {
    await this.goAway();
    this.#storage.close();
  }

  get #online(): Client {
    if (!this.#client) throw new Error(`${this.name} is offline`);
    return this.#client;
  }

  async #show(message: IncomingMessage): Promise<void> {
    this.received.push(message);
    await message.acknowledge();
    this.#arrived();
  }

  #tick(id: MessageId, state: string): void {
    const tick = TICKS.find((one) => one === state);
    if (tick) this.ticks.set(id, [...(this.ticks.get(id) ?? []), tick]);
  }
}

/** Waits until all messages have come this far. @throws {TwotickError} `timeout` */
export async function allReach(handles: readonly SendHandle[], tick: Tick): Promise<void> {
  await Promise.all(handles.map((handle) => handle.until(tick, { timeoutMs: STEP_WITHIN_MS })));
}
