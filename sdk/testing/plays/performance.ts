import { InvalidInput, LinkError } from "../../../src/errors.js";
import { type Element, parseXml } from "../../../src/xml.js";
import { durationMs } from "../duration.js";
import type { World } from "../world/world.js";
import { failureOf, type PlayFailure, PlayMismatch } from "./failure.js";
import { type Captured, matchStanza } from "./match-stanza.js";
import type { Act, Character, Play } from "./play.js";
import { type PlayAccount, PlayClient } from "./play-client.js";
import { PersonActor } from "./person-actor.js";
import { prettyXml } from "./pretty-xml.js";

/** Where a play is performed. */
export interface Stage {
  /** What people and apps with numbers need, and where accounts are made. */
  readonly world: World | undefined;
  /** Where clients connect to when there is no world: `xmpp://host:port`. */
  readonly service: string | undefined;
  /** How long an act waits for what has to come. */
  readonly timeoutMs: number;
  /** How long "receives: nothing" waits. */
  readonly silenceMs: number;
  /** Makes an account on the world's server, and answers its password. */
  readonly addAccount: (localpart: string, password: string) => Promise<void>;
  /** Signs an app up: its account. */
  readonly signUpApp: () => Promise<PlayAccount & { readonly number: string }>;
}

/** One performance of a play. */
export class Performance {
  readonly #play: Play;
  readonly #stage: Stage;
  readonly #clients = new Map<string, PlayClient>();
  /** The full JID of each client's last session. */
  readonly #lastJids = new Map<string, string>();
  readonly #accounts = new Map<string, PlayAccount & { readonly number?: string }>();
  readonly #people = new Map<string, PersonActor>();
  readonly #captured: Captured = new Map();
  readonly #sealed = new Set<string>();

  constructor(play: Play, stage: Stage) {
    this.#play = play;
    this.#stage = stage;
  }

  /** Performs it. @returns why it failed; nothing when it did not */
  async run(): Promise<PlayFailure | undefined> {
    let [line, text] = [1, "the cast"];
    try {
      for (const character of this.#play.characters) {
        [line, text] = [character.line, `[${character.type}] ${character.name}`];
        await this.#cast(character);
      }
      for (const act of this.#play.acts) {
        [line, text] = [act.line, act.text];
        await this.#perform(act);
      }
      return undefined;
    } catch (error) {
      return failureOf(error, line, text);
    } finally {
      await this.#end();
    }
  }

  async #cast(character: Character): Promise<void> {
    if (character.type === "Client") this.#accounts.set(character.name, await this.#account(character));
    if (character.type === "Person")
      this.#people.set(character.name, new PersonActor(character, this.#world(), this.#sealed));
  }

  async #account({ name, properties }: Character): Promise<PlayAccount> {
    const [bare = "", resource] = (properties.get("jid") ?? "").split(/\/(.*)/);
    const [username = "", domain = ""] = bare.split("@");
    const password = properties.get("password") ?? "";
    if (username === "" || domain === "")
      throw new InvalidInput(`${name} needs a jid: user@${domain || "domain"}`);
    const { world, service } = this.#stage;
    if (world && world.host !== domain)
      throw new InvalidInput(`${name} is of ${domain}, and this world of ${world.host}`);
    if (world) await this.#stage.addAccount(username, password);
    const host = properties.get("connect_host");
    const port = properties.get("connect_port") ?? "5222";
    const own = host === undefined ? undefined : `xmpp://${host}:${port}`;
    return {
      service: own ?? service ?? world?.service ?? `xmpp://${domain}:${port}`,
      domain,
      username,
      password,
      resource: properties.get("resource") ?? resource,
    };
  }

  async #perform(act: Act): Promise<void> {
    const { character, verb } = act;
    if (!character) return await this.#directStage(act.text);
    if (character.type === "Person")
      return await this.#person(character.name).perform(act, this.#stage, (name) => this.#numberOf(name));
    if (verb === "signs up" && character.type === "App")
      return void this.#accounts.set(character.name, await this.#stage.signUpApp());
    if (verb === "connects") return await this.#connect(character);
    if (verb === "cannot connect") return await this.#isRefused(character);
    // Who is not there has no farewell to say
    if (verb === "disconnects") return await this.#disconnect(character.name);
    const client = this.#client(character.name);
    if (verb === "is cut off") return client.cut();
    if (verb === "is logged out") return await this.#isLoggedOut(character.name, client);
    if (verb === "sends") return await client.send(this.#stanza(act.content));
    if (verb === "receives" && act.content !== "nothing") return await this.#receives(client, act);
    if (verb === "receives" || verb === "receives next") return await this.#receivesNext(client, act);
    throw new InvalidInput(`${character.name} does not know how to do this: ${verb}`);
  }

  async #connect({ name, type, properties }: Character): Promise<void> {
    const account = this.#accounts.get(name);
    if (!account) throw new InvalidInput(`${name} has no account yet: "${name} signs up" comes first`);
    if (this.#clients.has(name)) throw new InvalidInput(`${name} is connected already`);
    const features = (properties.get("features") ?? "").split(/,\s*/).filter(Boolean);
    const client = await PlayClient.connect(account, type === "App" ? features : undefined);
    this.#clients.set(name, client);
    this.#lastJids.set(name, client.jid.toString());
  }

  async #isRefused(character: Character): Promise<void> {
    try {
      await this.#connect(character);
    } catch (error) {
      if (error instanceof LinkError && error.code === "not-authorized") return;
      throw error;
    }
    throw new PlayMismatch("the login was accepted", "not-authorized", `a session of ${character.name}`);
  }

  async #isLoggedOut(name: string, client: PlayClient): Promise<void> {
    await client.loggedOut(this.#stage.timeoutMs);
    this.#clients.delete(name);
  }

  async #disconnect(name: string): Promise<void> {
    await this.#clients.get(name)?.disconnect();
    this.#clients.delete(name);
  }

  async #receivesNext(client: PlayClient, { content }: Act): Promise<void> {
    const { timeoutMs, silenceMs } = this.#stage;
    if (content === "nothing") {
      const surplus = await client.next(silenceMs).catch(() => undefined);
      if (surplus) throw new PlayMismatch("something came", "nothing", prettyXml(surplus));
      return;
    }
    const expected = this.#stanza(content);
    const received = await client.next(timeoutMs).catch(() => undefined);
    if (!received) throw new PlayMismatch("nothing came in time", prettyXml(expected), "nothing");
    const differences = matchStanza(expected, received, this.#captured);
    if (differences.length === 0) return;
    throw new PlayMismatch("another stanza came", prettyXml(expected), prettyXml(received), differences);
  }

  /**
   * Passes over what does not fit, as what came meanwhile is nobody's concern: presence, say, comes when it comes. Passed
   * is passed: of what a play receives, the order is proven.
   */
  async #receives(client: PlayClient, { content }: Act): Promise<void> {
    const expected = this.#stanza(content);
    const deadline = performance.now() + this.#stage.timeoutMs;
    const passed: Element[] = [];
    for (;;) {
      const received = await client.next(Math.max(0, deadline - performance.now())).catch(() => undefined);
      if (!received) {
        const actual = passed.map((one) => prettyXml(one)).join("\n") || "nothing";
        throw new PlayMismatch("it did not come in time", prettyXml(expected), actual);
      }
      if (matchStanza(expected, received).length === 0)
        return void matchStanza(expected, received, this.#captured);
      passed.push(received);
    }
  }

  async #directStage(text: string): Promise<void> {
    const [, time] = /^Time passes: (.+)$/.exec(text) ?? [];
    if (time !== undefined)
      return void (await new Promise((resolve) => setTimeout(resolve, durationMs(time))));
    const world = this.#world();
    const [, which, deed] = /^The (component|server) (.+)$/.exec(text) ?? [];
    const part = which === "component" ? world.component : world.prosody;
    if (deed === "is killed") return await part.kill();
    if (deed === "stops") return await part.stop();
    if (deed === "starts") return await part.start();
    if (deed === "restarts") return await part.restart();
    if (text === "Everything arrives") return void (await world.check({ timeoutMs: this.#stage.timeoutMs }));
    throw new InvalidInput(`nobody knows how to do this: ${text}`);
  }

  /** A stanza of the play, with what is known filled in. */
  #stanza(text: string): Element {
    const filled = text.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => this.#value(name));
    return parseXml(filled);
  }

  #value(name: string): string {
    const captured = this.#captured.get(name);
    if (captured !== undefined) return captured;
    const [, who = "", what] = /^(.+)'s (full JID|JID|number JID|number)$/.exec(name) ?? [];
    const value = this.#valueOf(who, what);
    if (value === undefined) throw new InvalidInput(`nobody knows \${${name}} yet`);
    return value
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&apos;");
  }

  #valueOf(who: string, what: string | undefined): string | undefined {
    if (what === "full JID") return this.#lastJids.get(who);
    const account = this.#accounts.get(who);
    if (what === "JID") return account && `${account.username}@${account.domain}`;
    const number = account?.number ?? this.#people.get(who)?.number;
    return what === "number" ? number : number && `${number}@${this.#world().numberDomain}`;
  }

  #numberOf(name: string): string {
    const number = this.#valueOf(name, "number");
    if (number === undefined) throw new InvalidInput(`${name} has no number yet`);
    return number;
  }

  #world(): World {
    return this.#stage.world ?? noWorld();
  }

  #client(name: string): PlayClient {
    const client = this.#clients.get(name);
    if (!client) throw new InvalidInput(`${name} is not connected`);
    return client;
  }

  #person(name: string): PersonActor {
    return this.#people.get(name) ?? noWorld();
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.disconnect()));
    await Promise.all([...this.#people.values()].map((person) => person.leave()));
  }
}

function noWorld(): never {
  throw new InvalidInput("people, apps and stage directions need a world");
}

/** Whether a play needs more than an XMPP server: a component, and numbers. */
export function needsWorld({ characters, acts }: Play): boolean {
  return (
    characters.some(({ type }) => type !== "Client") ||
    acts.some(({ character, text }) => !character && !text.startsWith("Time "))
  );
}

/** The host that the clients of a play are of; nothing where there are none. */
export function hostOf({ characters }: Play): string | undefined {
  const jid = characters.map(({ properties }) => properties.get("jid")).find((one) => one !== undefined);
  return jid?.split("/")[0]?.split("@")[1];
}
