import {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
} from "../../../sdk/connection/connection.js";
import type { Element } from "../../../src/xml.js";
import type { ProsodyProcess } from "../../../prosody/prosody.js";
import { addAccount } from "../../support/prosody.js";
import { until } from "../../support/until.js";

/** A connection and everything that it told. */
export interface Watched {
  connection: Connection;
  told: { [Name in keyof ConnectionEvents]: ConnectionEvents[Name][] };
  bodies(): string[];
}

/** Notes everything that a connection tells. */
export function watch(connection: Connection): Watched {
  const told: Watched["told"] = {
    online: [],
    offline: [],
    stanza: [],
    unacknowledged: [],
    error: [],
    fatal: [],
  };
  connection.on("online", (detail) => told.online.push(detail));
  connection.on("offline", (detail) => told.offline.push(detail));
  connection.on("stanza", (detail) => told.stanza.push(detail));
  connection.on("unacknowledged", (detail) => told.unacknowledged.push(detail));
  connection.on("error", (detail) => told.error.push(detail));
  connection.on("fatal", (detail) => told.fatal.push(detail));
  return {
    connection,
    told,
    bodies: () => told.stanza.map((stanza) => bodyOf(stanza)).filter((body) => body !== ""),
  };
}

/** The body of a message. */
export function bodyOf(stanza: Element): string {
  return stanza.name === "message" ? (stanza.getChildText("body") ?? "") : "";
}

/** Accounts and connections of one `describe` block; `closeAll` belongs into its `afterEach`. */
export class Cast {
  readonly #prosody: () => ProsodyProcess;
  readonly #connections: Connection[] = [];

  constructor(prosody: () => ProsodyProcess) {
    this.#prosody = prosody;
  }

  /** A connection that is not started, for an account that exists. */
  async prepare(username: string, options: Partial<ConnectionOptions> = {}): Promise<Watched> {
    const prosody = this.#prosody();
    await addAccount(prosody, username, `${username}'s password`);
    const connection = new Connection({
      service: prosody.service,
      domain: prosody.host,
      username,
      password: `${username}'s password`,
      random: () => 0,
      ...options,
    });
    this.#connections.push(connection);
    return watch(connection);
  }

  /** A connection that is online. */
  async enter(username: string, options: Partial<ConnectionOptions> = {}): Promise<Watched> {
    const watched = await this.prepare(username, options);
    await watched.connection.start();
    return watched;
  }

  /** Stops every connection. */
  async closeAll(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((connection) => connection.stop()));
  }
}

/** What a promise is rejected with. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Waits until a connection is online again after `times` sessions in all. */
export async function onlineTimes(watched: Watched, times: number): Promise<void> {
  await until(`online ${times} times`, () => watched.told.online.length >= times, 10_000);
}
