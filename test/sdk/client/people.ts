import {
  Client,
  type ClientOptions,
  openDeviceKey,
  openMemoryStorage,
  type Storage,
} from "../../../sdk/mod.js";
import type { Account } from "../../../sdk/mod.js";
import type { ClientEvents, IncomingMessage } from "../../../sdk/mod.js";
import { PASSWORD, type World } from "../../support/world.js";

let next = 15551240000;

/** A number that nobody has yet. */
export function freshNumber(): string {
  return `+${++next}`;
}

/** Makes an account with a number and binds the device of a store to it. */
export async function enrol(world: World, number: string, storage: Storage): Promise<Account> {
  const username = `a${number.slice(1)}`;
  const { device: deviceId, publicKey } = openDeviceKey(storage);
  await world.enrol(number, username, { deviceId, publicKey });
  const { host: domain, componentDomain: numberDomain } = world.prosody;
  return { domain, username, password: PASSWORD, numberDomain, number };
}

/** Binds the device of another store to an account. */
export async function enrolFurther(world: World, account: Account, storage: Storage): Promise<void> {
  const { device: deviceId, publicKey } = openDeviceKey(storage);
  await world.enrolFurther(account.username, { deviceId, publicKey });
}

/** A client and everything that it told. */
export interface Person {
  readonly client: Client;
  readonly storage: Storage;
  readonly account: Account;
  readonly told: { [Name in keyof ClientEvents]?: ClientEvents[Name][] };
  /** Messages that were told, in order. */
  readonly messages: IncomingMessage[];
  texts(): string[];
}

/** Notes everything that a client tells. */
export function watch(client: Client, storage: Storage, account: Account): Person {
  const told: Person["told"] = {};
  const messages: IncomingMessage[] = [];
  const note =
    <Name extends keyof ClientEvents>(name: Name) =>
    (detail: ClientEvents[Name]): void => {
      const list: ClientEvents[Name][] = told[name] ?? [];
      list.push(detail);
      told[name] = list as Person["told"][Name];
    };
  client.on("message", (message) => messages.push(message));
  for (const name of [
    "state",
    "sent-elsewhere",
    "reaction",
    "retraction",
    "reacted-elsewhere",
    "retracted-elsewhere",
    "undecryptable",
    "accepted",
    "receipt",
    "failed",
    "identity-changed",
    "device-added",
    "trust-changed",
    "device-skipped",
    "detached",
    "error",
    "fatal",
  ] as const)
    client.on(name, note(name));
  return { client, storage, account, told, messages, texts: () => messages.map(({ text }) => text) };
}

/** People of one world; `leave` belongs into an `afterEach`. */
export class People {
  readonly #world: () => World;
  readonly #clients: Client[] = [];

  constructor(world: () => World) {
    this.#world = world;
  }

  /** Somebody new, online. */
  async arrive(options: Partial<ClientOptions> = {}, number: string = freshNumber()): Promise<Person> {
    const storage = options.storage ?? openMemoryStorage();
    const account = await enrol(this.#world(), number, storage);
    return await this.open(storage, { ...options, account });
  }

  /** A client on a store, online. */
  async open(storage: Storage, options: Partial<ClientOptions> = {}): Promise<Person> {
    const person = await this.prepare(storage, options);
    await person.client.start();
    return person;
  }

  /** A client on a store that is not started. */
  async prepare(storage: Storage, options: Partial<ClientOptions> = {}): Promise<Person> {
    const client = await Client.open({
      service: this.#world().prosody.service,
      random: () => 0.1,
      ...options,
      storage,
    });
    this.#clients.push(client);
    return watch(client, storage, options.account as Account);
  }

  /** Stops everybody. */
  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.stop()));
  }
}
