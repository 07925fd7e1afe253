import { Client, openMemoryStorage, type ClientOptions, type Storage } from "../../../sdk/mod.js";
import { ManualClock } from "../../../sdk/testing/mod.js";
import { FakeOmemo } from "./fake-omemo.js";
import { DOMAIN, FakeService, OWN } from "./fake-service.js";
import { type Person, watch } from "./people.js";

/** One device before a scripted service, with a clock that is moved by hand. */
export class Stage {
  readonly clock = new ManualClock();
  readonly service: FakeService = new FakeService();
  readonly omemo = new FakeOmemo();
  readonly #clients: Client[] = [];

  /** A client on a store: the next process, when it is used again. */
  async prepare(
    storage: Storage = openMemoryStorage(),
    options: Partial<ClientOptions> = {},
  ): Promise<Person> {
    const account = {
      domain: "example.org",
      username: "romeo",
      password: "secret",
      numberDomain: DOMAIN,
      number: OWN,
    };
    const client = await Client.open({
      service: "xmpp://127.0.0.1:5222",
      account,
      clock: this.clock,
      random: () => 0.5,
      openConnection: this.service.open,
      openOmemo: () => this.omemo,
      ...options,
      storage,
    });
    this.#clients.push(client);
    return watch(client, storage, account);
  }

  /** The same, with an open mailbox. */
  async enter(storage?: Storage, options: Partial<ClientOptions> = {}): Promise<Person> {
    const person = await this.prepare(storage, options);
    await person.client.start();
    return person;
  }

  /** The process is gone: nothing of it reaches the service or the store any more. */
  crash({ client }: Person): void {
    this.service.connection.state = "offline";
    this.#clients.splice(this.#clients.indexOf(client), 1);
  }

  /** Stops every client that has not crashed. */
  async clear(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.stop()));
  }
}
