import type { AccountOperations } from "../../../component/accounts/store.js";
import { hashDeviceKey } from "../../../component/mailbox/service.js";
import {
  Client,
  type ClientOptions,
  openDeviceKey,
  openMemoryStorage,
  type Storage,
} from "../../../sdk/mod.js";
import type { Account } from "../../../sdk/mod.js";
import type { ClientEvents, IncomingMessage } from "../../../sdk/mod.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { addAccount } from "../../support/prosody.js";
import type { World } from "../../support/world.js";

let next = 15551240000;

/** A number that nobody has yet. */
export function freshNumber(): string {
  return `+${++next}`;
}

/** Makes an account with a number and binds the device of a store to it, without the detour of a code. */
export async function enrol(world: World, number: string, storage: Storage): Promise<Account> {
  const { prosody } = world;
  const username = `a${number.slice(1)}`;
  const jid = await addAccount(prosody, username, "secret");
  const { device, publicKey } = openDeviceKey(storage);
  await world.withStore(async (store, vault) => {
    const e164 = phoneNumber(number);
    await store.of<AccountOperations>("accounts").create({
      jid: jid.bare,
      numberHash: vault.hashNumber(e164),
      numberSealed: vault.sealNumber(e164),
      isMadeHere: true,
      pinHash: null,
      device: { deviceId: device, keyHash: hashDeviceKey(publicKey) },
      now: Date.now(),
    });
  });
  return {
    domain: prosody.host,
    username,
    password: "secret",
    numberDomain: prosody.componentDomain,
    number,
  };
}

/** Binds the device of another store to an account. */
export async function enrolFurther(world: World, account: Account, storage: Storage): Promise<void> {
  const { device, publicKey } = openDeviceKey(storage);
  await world.withStore((store) =>
    store
      .of<AccountOperations>("accounts")
      .addDevice(
        `${account.username}@${account.domain}`,
        { deviceId: device, keyHash: hashDeviceKey(publicKey) },
        Date.now(),
      ),
  );
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
    "undecryptable",
    "accepted",
    "receipt",
    "failed",
    "identity-changed",
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
