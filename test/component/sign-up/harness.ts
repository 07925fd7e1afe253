import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { REGISTRAR } from "../../../component/accounts/host-accounts.js";
import { accounts } from "../../../component/accounts/mod.js";
import { linking } from "../../../component/linking/mod.js";
import type { AccountOperations } from "../../../component/accounts/store.js";
import type { Capability, Context, PacedSender } from "../../../component/capability.js";
import { OnlineResources } from "../../../component/availability/online-resources.js";
import { checkConfig } from "../../../component/config.js";
import { HttpServer } from "../../../component/http/server.js";
import { Description } from "../../../component/disco/description.js";
import { Exchange } from "../../../component/mailbox/exchange.js";
import { createLog } from "../../../component/log.js";
import { createMetrics } from "../../../component/metrics.js";
import { Numbers } from "../../../component/numbers.js";
import { signUp } from "../../../component/sign-up/mod.js";
import type { SignUpOperations } from "../../../component/sign-up/store.js";
import type { Remote } from "../../../component/store/operations.js";
import { Store } from "../../../component/store/store.js";
import { Vault } from "../../../component/store/vault.js";
import { type Clock, formatStamp } from "../../../src/clock.js";
import { formElement, readForm } from "../../../src/data-form.js";
import { LinkError, StanzaError } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, xml, type Element } from "../../../src/xml.js";
import { ManualClock } from "../../support/manual-clock.js";
import { temporaryFolder } from "../../support/prosody.js";

/** A host that can do at the worst moment what a real one does once a year. */
export class UnreliableHost implements PacedSender {
  isOnline = true;
  /** Accounts with their passwords, by bare JID. */
  readonly accounts = new Map<string, string>();
  /** The commands that were run, in order. */
  readonly commands: string[] = [];
  /** Set: the next command of this name is done, but its answer gets lost. */
  loseAnswerTo: string | undefined;
  /** Called before each command is done, with its name. */
  before: (command: string) => void = () => undefined;
  /** Set: the next command of this name neither is done nor answered. */
  loseRequestOf: string | undefined;
  /** Set: everything is refused with this note. */
  refusal: string | undefined;
  /** Whether account invitations are made, and how long they are good. */
  invitations: { readonly ttlMs: number } | undefined;
  /** The tokens of the invitations that were made. */
  readonly tokens: string[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(): void {}

  async drained(): Promise<void> {}

  request(iq: Element): Promise<Element> {
    if (attribute(iq, "from") !== `${REGISTRAR}@phone.example.org`) throw new Error("not the registrar");
    if (!this.isOnline) return Promise.reject(new LinkError("not-connected", "the link is down"));
    const command = iq.getChild("command", NS.commands);
    if (!command) return Promise.resolve(this.#items());
    const name = attribute(command, "node")!.split("#")[1]!;
    this.commands.push(name);
    this.before(name);
    if (this.loseRequestOf === name) {
      this.loseRequestOf = undefined;
      return Promise.reject(new LinkError("timeout", "no answer"));
    }
    if (name === "create-account") return this.#invite();
    const { values } = readForm(command.getChild("x", NS.dataForms)!);
    const note = this.refusal ?? this.#run(name, values);
    if (this.loseAnswerTo === name) {
      this.loseAnswerTo = undefined;
      return Promise.reject(new LinkError("timeout", "no answer"));
    }
    const type = note === undefined ? "info" : "error";
    const answer = xml(
      "command",
      { xmlns: NS.commands, status: "completed" },
      xml("note", { type }, note ?? "done"),
    );
    return Promise.resolve(xml("iq", { type: "result" }, answer));
  }

  #items(): Element {
    const node = `${NS.invite}#create-account`;
    const items = this.invitations ? [xml("item", { jid: "example.org", node, name: "Invite" })] : [];
    return xml("iq", { type: "result" }, xml("query", { xmlns: NS.discoItems, node: NS.commands }, ...items));
  }

  #invite(): Promise<Element> {
    if (!this.invitations) return Promise.reject(new StanzaError("item-not-found", "no such command"));
    if (this.refusal !== undefined) return Promise.reject(new StanzaError("forbidden", this.refusal));
    const token = `invitation-${this.tokens.push("")}`;
    this.tokens[this.tokens.length - 1] = token;
    const form = formElement({
      type: "result",
      fields: [
        { name: "uri", type: "text-single", values: [`xmpp:example.org?register;preauth=${token}`] },
        {
          name: "expire",
          type: "text-single",
          values: [formatStamp(this.#clock.now() + this.invitations.ttlMs)],
        },
      ],
    });
    const answer = xml("command", { xmlns: NS.commands, status: "completed" }, form);
    return Promise.resolve(xml("iq", { type: "result" }, answer));
  }

  #run(name: string, values: ReadonlyMap<string, readonly string[]>): string | undefined {
    const jid = (values.get("accountjid") ?? values.get("accountjids"))![0]!;
    const exists = this.accounts.has(jid);
    if (name === "add-user") {
      if (exists) return "Account already exists";
      this.accounts.set(jid, values.get("password")![0]!);
      return undefined;
    }
    if (!exists) return "User does not exist";
    if (name === "change-user-password") this.accounts.set(jid, values.get("password")![0]!);
    if (name === "delete-user") this.accounts.delete(jid);
    return undefined;
  }
}

/** A real HTTP server that takes codes as an SMS service does. */
export class SmsService {
  readonly received: { number: string; code: string; text: string; path: string }[] = [];
  /** Answers every request with this status. */
  status = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<SmsService> {
    const server = createServer();
    const service = new SmsService(server);
    server.on("request", (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        if (service.status === 200) service.received.push({ ...JSON.parse(body), path: request.url });
        response.writeHead(service.status).end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The code that was sent last. */
  get lastCode(): string {
    return this.received.at(-1)!.code;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What a test may choose. */
export interface HarnessOptions {
  signUp?: Record<string, unknown>;
  http?: Record<string, unknown>;
  welcome?: Record<string, unknown>;
}

/** Sign-up on a real store file, behind its real HTTP routes, with a clock that is moved by hand. */
export class Harness {
  readonly clock = new ManualClock();
  readonly host = new UnreliableHost(this.clock);
  readonly gone: string[] = [];
  readonly logLines: string[] = [];
  readonly folder = temporaryFolder();
  readonly sms: SmsService;
  readonly #options: HarnessOptions;
  readonly #key = randomBytes(32).toString("base64");
  #running: { context: Context; server: HttpServer; capabilities: readonly Capability[] } | undefined;

  private constructor(sms: SmsService, options: HarnessOptions) {
    this.sms = sms;
    this.#options = options;
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness(await SmsService.start(), options);
    await harness.restart();
    return harness;
  }

  /** Closes store and server, and opens them again. */
  async restart(): Promise<void> {
    await this.#close();
    const config = checkConfig({
      host: { domain: "example.org" },
      link: { domain: "phone.example.org", secret: "s" },
      store: { path: join(this.folder, "twotick.db"), key: this.#key },
      http: { port: 0, ...this.#options.http },
      signUp: { ...this.#provider(), ...this.#options.signUp },
      welcome: { ...this.#options.welcome },
    });
    const vault = new Vault(Buffer.from(this.#key, "base64"));
    const log = createLog("debug", { write: (line) => void this.logLines.push(line) });
    const metrics = createMetrics();
    const store = await Store.open(config.store.path, [accounts.store!, signUp.store!, linking.store!]);
    const context: Context = {
      config,
      clock: this.clock,
      log,
      metrics,
      store,
      vault,
      numbers: new Numbers(config.link.domain, vault),
      link: this.host,
      availability: new OnlineResources({
        host: config.host.domain,
        link: this.host,
        clock: this.clock,
        log,
      }),
      description: new Description([]),
      exchange: new Exchange(),
      events: {
        accountGone: (jid) => void this.gone.push(jid),
        onAccountGone: () => undefined,
        devicesGone: () => undefined,
        onDevicesGone: () => undefined,
        entriesAdded: () => undefined,
        onEntriesAdded: () => undefined,
        numberLinked: () => undefined,
        onNumberLinked: () => undefined,
        phoneBookRead: () => undefined,
        onPhoneBookRead: () => undefined,
        numberMissing: () => undefined,
        onNumberMissing: () => undefined,
        numberBlocked: () => undefined,
        onNumberBlocked: () => undefined,
        sightChanged: () => undefined,
        onSightChanged: () => undefined,
      },
    };
    const capabilities = [accounts, signUp, linking].map((module) => module.create(context));
    const server = new HttpServer({ config: config.http, checks: {}, metrics, log, capabilities });
    this.#running = { context, server, capabilities };
  }

  get context(): Context {
    return this.#running!.context;
  }

  get server(): HttpServer {
    return this.#running!.server;
  }

  get capabilities(): readonly Capability[] {
    return this.#running!.capabilities;
  }

  get accounts(): Remote<AccountOperations> {
    return this.context.store.of<AccountOperations>("accounts");
  }

  get operations(): Remote<SignUpOperations> {
    return this.context.store.of<SignUpOperations>("sign-up");
  }

  async post(path: string, body: object, more: Partial<InjectOptions> = {}): Promise<LightMyRequestResponse> {
    return this.server.fastify.inject({ method: "POST", url: path, payload: body, ...more });
  }

  /** Begins a sign-up and answers its session. */
  async begin(number: string, more: Partial<InjectOptions> = {}): Promise<string> {
    const response = await this.post("/v1/sign-ups", { number }, more);
    if (response.statusCode !== 201) throw new Error(`not begun: ${response.body}`);
    return response.json<{ session: string }>().session;
  }

  verify(session: string, body: object): Promise<LightMyRequestResponse> {
    return this.post(`/v1/sign-ups/${session}/verification`, body);
  }

  /** Runs what the sweep job does. */
  async sweep(): Promise<void> {
    await this.operations.sweep(this.context.config.signUp.breaker, this.clock.now());
  }

  async stop(): Promise<void> {
    await this.#close();
    await this.sms.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #provider(): Record<string, unknown> {
    const body = '{"number":"{number}","code":"{code}","text":"{text}"}';
    return {
      provider: "http",
      countries: ["US"],
      http: {
        url: `${this.sms.url}/sms`,
        body,
        attempts: 1,
        voice: { url: `${this.sms.url}/voice`, body, attempts: 1 },
      },
    };
  }

  async #close(): Promise<void> {
    await this.#running?.server.stop();
    await this.#running?.context.store.close();
    this.#running = undefined;
  }
}

/** The type of a problem without its prefix. */
export function problemOf(response: LightMyRequestResponse): string {
  return response.json<{ type: string }>().type.replace("urn:twotick:problem:", "");
}
