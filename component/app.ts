import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { systemClock, type Clock } from "../src/clock.js";
import { LinkError, type TwotickError } from "../src/errors.js";
import { SteadyClock } from "../src/steady-clock.js";
import { accounts } from "./accounts/mod.js";
import type { AccountOperations } from "./accounts/store.js";
import { admin } from "./admin/mod.js";
import { announcements } from "./announcements/mod.js";
import { apps } from "./apps/mod.js";
import { createAvailability } from "./availability/mod.js";
import { OnlineResources } from "./availability/online-resources.js";
import { bundles } from "./bundles/mod.js";
import type { Capability, CapabilityModule, Context, Job } from "./capability.js";
import { chat } from "./chat/mod.js";
import { createCommands } from "./commands/mod.js";
import { contacts } from "./contacts/mod.js";
import type { Config } from "./config.js";
import { dashboard } from "./dashboard/mod.js";
import { deletions } from "./deletions/mod.js";
import { directory } from "./directory/mod.js";
import { Description } from "./disco/description.js";
import { createDisco } from "./disco/mod.js";
import { federation } from "./federation/mod.js";
import { gateway } from "./gateway/mod.js";
import { createEvents } from "./events.js";
import { HttpServer } from "./http/server.js";
import { Link, type LinkOptions } from "./link/mod.js";
import { linking } from "./linking/mod.js";
import { createLog, type Log } from "./log.js";
import { Exchange } from "./mailbox/exchange.js";
import { mailbox } from "./mailbox/mod.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { Numbers } from "./numbers.js";
import { passing } from "./passing/mod.js";
import { pep } from "./pep/mod.js";
import { phoneBook } from "./phone-book/mod.js";
import { ping } from "./ping/mod.js";
import { receipts } from "./receipts/mod.js";
import { registration } from "./registration/mod.js";
import { Router } from "./router.js";
import { search } from "./search/mod.js";
import { signUp } from "./sign-up/mod.js";
import { SparseWarnings } from "./sparse-warnings.js";
import { Store } from "./store/store.js";
import { Vault } from "./store/vault.js";
import { suggestions } from "./suggestions/mod.js";

/** Everything that the component can do. A capability is added by its line here, after what it builds on. */
const CAPABILITIES: readonly CapabilityModule[] = [
  accounts,
  contacts,
  mailbox,
  passing,
  receipts,
  signUp,
  linking,
  directory,
  registration,
  gateway,
  search,
  phoneBook,
  suggestions,
  chat,
  bundles,
  pep,
  ping,
  admin,
  announcements,
  dashboard,
  deletions,
  federation,
  apps,
];

/** How long stopping waits for requests that are being answered. */
const DRAIN_MS = 5_000;

/** What a start may bring along in place of the usual. */
export interface AppOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Shows the codes of the provider `console`; on standard output unless given. */
  readonly showCode?: (line: string) => void;
}

interface AppParts {
  readonly link: Link;
  readonly store: Store;
  readonly http: HttpServer;
  readonly router: Router;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The running component: the only place where its parts are put together. */
export class App {
  readonly #parts: AppParts;
  readonly #capabilities: readonly Capability[];
  readonly #cancelJobs: (() => void)[] = [];
  readonly #online: Promise<void>;
  readonly #failure: Promise<TwotickError>;
  #isStopping = false;

  private constructor(parts: AppParts, capabilities: readonly Capability[]) {
    this.#parts = parts;
    this.#capabilities = capabilities;
    const { link, store, router, log } = parts;
    link.onStanza = (stanza) => router.receive(stanza);
    link.on("online", () => {
      log.info({ domain: link.domain }, "linked to the server");
      for (const capability of capabilities) capability.onOnline?.();
    });
    link.on("offline", (error) => log.warn({ reason: error.message }, "the link to the server is down"));
    link.on("error", (error) => log.warn({ reason: (error as Error).message }, "trouble on the link"));
    store.onRoom = (hasRoom) =>
      hasRoom
        ? log.info({}, "the disk has room again")
        : log.error({}, "the disk is full: nothing new is accepted until there is room");
    const refused = new Promise<LinkError>((resolve) => {
      link.on("error", (error) => error instanceof LinkError && error.isFatal && resolve(error));
    });
    this.#failure = Promise.race([refused, store.broken]);
    void this.#failure.then((error) => log.error({ reason: error.message }, "the component cannot go on"));
    this.#online = link.start();
    // Whoever awaits it hears of a refusal; that nobody does is no crash
    this.#online.catch(() => undefined);
  }

  /**
   * Opens the store, begins to listen for HTTP and to connect to the server.
   *
   * @throws {StorageError} and what listening throws; a server that is not there yet is waited for
   */
  static async start(config: Config, options: AppOptions = {}): Promise<App> {
    const log = options.log ?? createLog(config.log.level);
    const clock = new SteadyClock(options.clock ?? systemClock, (stepMs) =>
      log.warn(
        { seconds: Math.round(stepMs / 1000) },
        "the clock of the machine was set: a restart takes its new time over, until then it is approached slowly",
      ),
    );
    mkdirSync(dirname(config.store.path), { recursive: true });
    const store = await Store.open(config.store.path, storeModules());
    const link = new Link({ ...linkOptions(config), clock });
    const vault = new Vault(Buffer.from(config.store.key, "base64"));
    const metrics = createMetrics();
    const availability = new OnlineResources({ host: config.host.domain, link, clock, log });
    const capabilities: Capability[] = [];
    const description = new Description(capabilities);
    const context: Context = {
      config,
      clock,
      log,
      showCode: options.showCode,
      metrics,
      store,
      vault,
      numbers: new Numbers(link.domain, vault),
      link,
      availability,
      description,
      exchange: new Exchange(),
      events: createEvents(),
    };
    const probed = {
      domain: link.domain,
      link,
      clock,
      log,
      accounts: store.of<AccountOperations>("accounts"),
    };
    // First, so that whoever is told of a presence finds it on the roll
    capabilities.push(createAvailability(availability, probed));
    capabilities.push(...CAPABILITIES.map((module) => module.create(context)));
    const commands = createCommands(clock, () => capabilities.flatMap((one) => one.commands ?? []));
    capabilities.push(commands, createDisco(link.domain, description, commands.responder));
    const router = new Router({ domain: link.domain, link, log, metrics }, capabilities);
    observe(metrics, link, store);
    const refusals = new SparseWarnings(log, clock, "a stanza was refused");
    link.on("refused", (_, error) => refusals.warn(error.message));
    const checks = { link: () => link.isOnline, store: () => store.isOpen, disk: () => store.hasRoom };
    const http = new HttpServer({ config: config.http, checks, metrics, log, capabilities });
    try {
      for (const capability of capabilities) await capability.start?.();
      await http.start();
    } catch (error) {
      await store.close();
      throw error;
    }
    const app = new App({ link, store, http, router, log, metrics }, capabilities);
    for (const job of capabilities.flatMap((one) => one.jobs ?? [])) app.#schedule(job, clock);
    app.#cancelJobs.push(() => refusals.stop());
    return app;
  }

  /** Settles when the server has taken the component; rejects when it never will: a wrong secret. */
  get online(): Promise<void> {
    return this.#online;
  }

  /** Settles with what no waiting mends: the server refuses the secret, now or later, or the store broke. */
  get failure(): Promise<TwotickError> {
    return this.#failure;
  }

  /** Everything that it can do, with all routes, commands and jobs. @internal */
  get capabilities(): readonly Capability[] {
    return this.#capabilities;
  }

  /** The port of the HTTP API. */
  get httpPort(): number {
    return this.#parts.http.port;
  }

  /** Takes nothing new, commits and answers what has begun, and closes. */
  async stop(): Promise<void> {
    const { link, store, http, router, log } = this.#parts;
    this.#isStopping = true;
    for (const cancel of this.#cancelJobs) cancel();
    router.close();
    await http.stop();
    const deadline = performance.now() + DRAIN_MS;
    while (router.inFlight > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const capability of this.#capabilities) await capability.stop?.();
    await link.stop();
    await store.close();
    log.info({}, "stopped");
  }

  #schedule(job: Job, clock: Clock): void {
    const index = this.#cancelJobs.length;
    const { log, metrics } = this.#parts;
    const run = async (): Promise<void> => {
      const ended = metrics.jobSeconds.startTimer({ job: job.name });
      try {
        await job.run();
        ended();
      } catch (error) {
        metrics.jobFailures.inc({ job: job.name });
        log.error({ job: job.name, reason: (error as Error).message }, "a job failed; it runs again");
      }
      if (!this.#isStopping) this.#cancelJobs[index] = clock.after(job.everyMs, () => void run());
    };
    this.#cancelJobs.push(clock.after(0, () => void run()));
  }
}

function linkOptions({ link }: Config): LinkOptions {
  const { host, port, domain, secret, maxRetrySeconds, keepaliveSeconds } = link;
  const backoffMaxMs = maxRetrySeconds * 1000;
  return {
    host,
    port,
    domain,
    secret,
    backoffMinMs: Math.min(1000, backoffMaxMs),
    backoffMaxMs,
    keepaliveMs: keepaliveSeconds * 1000,
    keepaliveTimeoutMs: keepaliveSeconds * 500,
  };
}

/** The modules of the store thread, in the order in which their schemas build on each other. */
export function storeModules(): URL[] {
  return CAPABILITIES.flatMap((module) => module.store ?? []);
}

function observe(metrics: Metrics, link: Link, store: Store): void {
  link.on("online", () => metrics.linkReconnects.inc());
  store.onTurn = (operations, tookMs) => {
    metrics.commitSeconds.observe(tookMs / 1000);
    metrics.commitOperations.observe(operations);
  };
  metrics.refreshers.push(async () => {
    metrics.linkUp.set(link.isOnline ? 1 : 0);
    metrics.storeHasRoom.set(store.hasRoom ? 1 : 0);
  });
}
