import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import type { AccountOperations } from "../../component/accounts/store.js";
import type { AdminOperations } from "../../component/admin/store.js";
import type * as AppModule from "../../component/app.js";
import type { AppEvents, Capability, CapabilityModule, Context, Sender } from "../../component/capability.js";
import type * as ConfigModule from "../../component/config.js";
import type { ContactOperations } from "../../component/contacts/store.js";
import type * as LogModule from "../../component/log.js";
import type * as ExchangeModule from "../../component/mailbox/exchange.js";
import type * as MetricsModule from "../../component/metrics.js";
import type * as NumbersModule from "../../component/numbers.js";
import type { Remote } from "../../component/store/operations.js";
import type * as VaultModule from "../../component/store/vault.js";
import { newId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { parseXml, type Element } from "../../src/xml.js";
import { DirectStore, type Durable, type StoreParts } from "./database.js";
import type { JumpClock } from "./jump-clock.js";

/** The host's domain. */
export const HOST = "example.org";
/** The number domain. */
export const DOMAIN = `phone.${HOST}`;
/** Entries on the way to a device: few, so that a run of twenty steps fills it. */
export const WINDOW = 3;
/** Entries in a mailbox. */
export const MAX_ENTRIES = 6;
/** How long entries are kept, in days. */
export const KEEP_DAYS = 30;

/** The parts of a build that the model is held against. */
export interface Build extends StoreParts {
  readonly mailbox: CapabilityModule;
  readonly createMetrics: typeof MetricsModule.createMetrics;
  readonly createLog: typeof LogModule.createLog;
  readonly checkConfig: typeof ConfigModule.checkConfig;
  readonly Exchange: typeof ExchangeModule.Exchange;
  readonly Numbers: typeof NumbersModule.Numbers;
  readonly Vault: typeof VaultModule.Vault;
}

/** Loads the JavaScript in a folder. */
export async function loadBuild(folder: string): Promise<Build> {
  const load = async <Module>(path: string): Promise<Module> =>
    (await import(pathToFileURL(join(folder, path)).href)) as Module;
  const { storeModules } = await load<typeof AppModule>("component/app.js");
  const stores = await Promise.all(
    storeModules().map(async (url) => ((await import(url.href)) as { store: Build["stores"][number] }).store),
  );
  return {
    stores,
    ...(await load<Pick<Build, "openDatabase">>("component/store/database.js")),
    ...(await load<Pick<Build, "migrate">>("component/store/migrations.js")),
    ...(await load<Pick<Build, "mailbox">>("component/mailbox/mod.js")),
    ...(await load<Pick<Build, "Exchange">>("component/mailbox/exchange.js")),
    ...(await load<Pick<Build, "createMetrics">>("component/metrics.js")),
    ...(await load<Pick<Build, "createLog">>("component/log.js")),
    ...(await load<Pick<Build, "checkConfig">>("component/config.js")),
    ...(await load<Pick<Build, "Numbers">>("component/numbers.js")),
    ...(await load<Pick<Build, "Vault">>("component/store/vault.js")),
  };
}

/** The mailbox as it runs in the component, with a link that only notes what is sent. One life of a process. */
export class Component {
  readonly store: DirectStore;
  readonly vault: VaultModule.Vault;
  readonly accounts: Remote<AccountOperations>;
  readonly contacts: Remote<ContactOperations>;
  readonly admin: Remote<AdminOperations>;
  readonly events: AppEvents;
  readonly #capability: Capability;
  #sent = 0;

  constructor(build: Build, durable: Durable, clock: JumpClock, onStanza: (stanza: Element) => void) {
    this.store = new DirectStore(build, durable);
    this.vault = new build.Vault(Buffer.alloc(32, 7));
    this.accounts = this.store.of("accounts") as Remote<AccountOperations>;
    this.contacts = this.store.of("contacts") as Remote<ContactOperations>;
    this.admin = this.store.of("admin") as Remote<AdminOperations>;
    this.events = newEvents();
    const link: Sender = {
      isOnline: true,
      send: (stanza) => {
        this.#sent += 1;
        // A dead process sends nothing any more
        if (!this.store.isDead) onStanza(parseXml(stanza.toString()));
      },
      request: () => Promise.reject(new Error("nothing is asked here")),
    };
    const context = {
      config: configOf(build),
      clock,
      log: build.createLog("silent"),
      metrics: build.createMetrics(),
      store: this.store,
      vault: this.vault,
      numbers: new build.Numbers(DOMAIN, this.vault),
      link,
      events: this.events,
      exchange: new build.Exchange(),
    };
    // The capability asks its context for no more than this
    this.#capability = build.mailbox.create(context as unknown as Context);
  }

  /** Begins as `App.start` does: recall, link, jobs. */
  async start(): Promise<void> {
    await this.#capability.start?.();
    this.#capability.onOnline?.();
    await this.runJobs();
  }

  /** Runs what is scheduled, one after the other. */
  async runJobs(): Promise<void> {
    for (const job of this.#capability.jobs ?? []) {
      await job.run();
      await this.settle();
    }
    await this.goOnErasing();
  }

  /** The admin's job that returns: deletions go on. */
  async goOnErasing(): Promise<void> {
    while ((await this.admin.erase()) === "more");
    await this.settle();
  }

  /** The link was down for a moment. */
  relink(): void {
    this.#capability.onOnline?.();
  }

  /** Asks as a device does. Answers the result's payload, or `undefined` when the process died over it. */
  async ask(from: string, type: "get" | "set", payload: Element): Promise<Element | undefined> {
    const route = this.#capability.iqs?.find((one) => one.type === type && one.element === payload.name);
    if (!route) throw new Error(`nobody answers ${payload.name}`);
    const to = Jid.parse(DOMAIN);
    let answer: Element | string | undefined;
    let failure: unknown;
    let isAnswered = false;
    void route
      .handle({ from: Jid.parse(from), to, id: newId(), payload })
      .then(
        (value) => (answer = value),
        (error: unknown) => (failure = error),
      )
      .finally(() => (isAnswered = true));
    await this.settle();
    if (failure !== undefined) throw failure as Error;
    if (!isAnswered && !this.store.isDead) throw new Error(`no answer to ${payload.name}`);
    return typeof answer === "string" ? parseXml(answer) : answer;
  }

  /** Sends a message as a device does. */
  async say(from: string, payload: Element): Promise<void> {
    const route = this.#capability.messages?.find((one) => one.element === payload.name);
    const element = parseXml(`<message from='${from}' to='${DOMAIN}'>${payload.toString()}</message>`);
    void route?.handle({ from: Jid.parse(from), to: Jid.parse(DOMAIN), type: "headline", element });
    await this.settle();
  }

  /** The server says that a device has gone offline. */
  async leave(from: string): Promise<void> {
    const element = parseXml(`<presence type='unavailable' from='${from}' to='${DOMAIN}'/>`);
    const stanza = { from: Jid.parse(from), to: Jid.parse(DOMAIN), type: "unavailable", element };
    this.#capability.onPresence?.(stanza);
    await this.settle();
  }

  /** Waits until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet += 1) {
      const before = this.store.count + this.#sent;
      await turn();
      if (this.store.count + this.#sent !== before) quiet = 0;
    }
  }
}

function configOf(build: Build) {
  return build.checkConfig({
    host: { domain: HOST },
    link: { host: "127.0.0.1", port: 5347, domain: DOMAIN, secret: "secret" },
    store: { path: "unused", key: Buffer.alloc(32, 7).toString("base64") },
    mailbox: { windowEntries: WINDOW, maxEntries: MAX_ENTRIES, keepDays: KEEP_DAYS },
  });
}

/** Events by their names: `numberGone` is heard by `onNumberGone`. */
function newEvents(): AppEvents {
  const emitter = new EventEmitter();
  const listen = (name: string) => (listener: (...args: unknown[]) => void) =>
    void emitter.on(name, listener);
  const emit =
    (name: string) =>
    (...args: unknown[]) =>
      void emitter.emit(name, ...args);
  return new Proxy({} as AppEvents, {
    get: (_, name: string) =>
      /^on[A-Z]/.test(name) ? listen(name.charAt(2).toLowerCase() + name.slice(3)) : emit(name),
  });
}
