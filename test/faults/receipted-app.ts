import { Connection } from "../../sdk/connection/connection.js";
import { hashBody, type Journal, type JournalLine } from "../../sdk/testing/mod.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import type { DeviceCredentials } from "../support/raw-device.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { until } from "../support/until.js";

/** What has no tick after so long is sent again, as a person does who sees none. */
const AGAIN_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 250;
const RESOURCE = "phone";
/** Every person has one app: journals call it device 1. */
const DEVICE = 1;
const CONNECTION = {
  retry: { minMs: 20, maxMs: 200 },
  heartbeat: { intervalMs: 2_000, afterSendMs: 500, deadlineMs: 2_000 },
};

/** What an app of a test is made of. */
export interface ReceiptedAppOptions {
  readonly credentials: DeviceCredentials;
  /** The road to its server. */
  readonly road: TcpProxy;
  readonly journal: Journal;
  /** Whether it announces receipts and gives them. Source: XEP-0184 */
  readonly givesReceipts: boolean;
}

interface Sent {
  readonly to: string;
  readonly text: string;
  lastAtMs: number;
}

/**
 * An ordinary app as people have it: stream management, ids that it knows again, receipts, and what has no tick is sent
 * again under its id. What it remembers outlives its connection, as in an app's database.
 */
export class ReceiptedApp {
  readonly number: string;
  readonly #options: ReceiptedAppOptions;
  readonly #unticked = new Map<string, Sent>();
  readonly #copies = new Map<string, number>();
  /** Ids that went more than once: what comes after them may overtake them. */
  readonly sentAgain = new Set<string>();
  /** Ids of what came late and said so. Source: XEP-0203 */
  readonly late = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #connection: Connection | undefined;

  constructor(options: ReceiptedAppOptions) {
    this.#options = options;
    this.number = options.credentials.number;
    options.journal.write({ kind: "started", number: this.number, device: DEVICE });
    this.#timer = setInterval(() => this.#sendLate(), LOOK_EVERY_MS);
  }

  get lines(): JournalLine[] {
    return this.#options.journal.lines();
  }

  /** How often each message came, by sender and id. */
  get copies(): ReadonlyMap<string, number> {
    return this.#copies;
  }

  /** Logs in, as the same app. */
  async start(): Promise<void> {
    const { credentials, road } = this.#options;
    const { domain, username, password } = credentials;
    const login = { service: road.service, domain, username, password, resource: RESOURCE };
    const connection = new Connection({ ...login, ...CONNECTION });
    connection.on("error", () => {});
    connection.on("stanza", (stanza) => this.#take(stanza));
    connection.on("online", ({ isResumed }) => this.#online(isResumed));
    connection.on("offline", () => this.#noteState(false));
    connection.handle("get", NS.discoInfo, "query", (query) => this.#describe(query));
    this.#connection = connection;
    await connection.start();
  }

  /** Goes as apps do: says goodbye to its server. */
  async leave(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.stop();
  }

  /** Dies, without a word to its server, which may take it for there. */
  async die(): Promise<void> {
    this.#options.road.refuse();
    await this.leave();
    this.#options.road.heal();
  }

  /** Writes to a number. */
  say(to: string, id: string): void {
    const text = `the text of ${id}`;
    this.#options.journal.write({ kind: "asked", id, to, body: hashBody(text) });
    this.#unticked.set(id, { to, text, lastAtMs: 0 });
    this.#send(id);
  }

  /** Waits until everything that it wrote has its tick. */
  async ticked(withinMs: number): Promise<void> {
    await until(`${this.number} has its ticks`, () => this.#unticked.size === 0, withinMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.leave();
    this.#options.journal.close();
  }

  #online(isResumed: boolean): void {
    this.#noteState(true);
    if (isResumed) return;
    this.#put("<presence/>");
    for (const id of this.#unticked.keys()) this.#send(id);
  }

  #noteState(isAttached: boolean): void {
    this.#options.journal.write({ kind: "state", isAttached });
  }

  #sendLate(): void {
    if (this.#connection?.state !== "online") return;
    const before = performance.now() - AGAIN_AFTER_MS;
    for (const [id, { lastAtMs }] of this.#unticked) if (lastAtMs < before) this.#send(id);
  }

  #send(id: string): void {
    const sent = this.#unticked.get(id);
    if (!sent) return;
    if (sent.lastAtMs > 0) this.sentAgain.add(id);
    const { numberDomain } = this.#options.credentials;
    const asks = `<request xmlns='${NS.receipts}'/><origin-id xmlns='${NS.stanzaIds}' id='${id}'/>`;
    const content = `<body>${sent.text}</body>${asks}`;
    if (this.#put(`<message type='chat' to='${sent.to}@${numberDomain}' id='${id}'>${content}</message>`))
      sent.lastAtMs = performance.now();
  }

  /** Answers whether it went. */
  #put(stanza: string): boolean {
    if (this.#connection?.state !== "online") return false;
    this.#connection.send(stanza).catch(() => undefined);
    return true;
  }

  #take(stanza: Element): void {
    const from = attribute(stanza, "from") ?? "";
    if (stanza.name !== "message" || attribute(stanza, "type") === "error") return;
    const number = from.split("@", 1)[0] ?? "";
    const received = stanza.getChild("received", NS.receipts);
    if (received) this.#tick(number, attribute(received, "id") ?? "");
    const body = stanza.getChildText("body");
    if (body !== null) this.#show(stanza, number, body);
  }

  // Nobody ticks but who was written to
  #tick(number: string, id: string): void {
    if (this.#unticked.get(id)?.to === number) this.#unticked.delete(id);
    this.#options.journal.write({ kind: "told", id, state: "delivered", device: DEVICE });
  }

  #show(stanza: Element, number: string, body: string): void {
    const { journal, givesReceipts } = this.#options;
    const id = attribute(stanza, "id") ?? "";
    const copies = this.#copies.get(`${number} ${id}`) ?? 0;
    this.#copies.set(`${number} ${id}`, copies + 1);
    if (stanza.getChild("delay", NS.delay)) this.late.add(id);
    if (copies === 0) {
      journal.write({ kind: "shown", id, from: number, body: hashBody(body) });
      journal.write({ kind: "acknowledged", id, from: number });
    }
    if (givesReceipts && stanza.getChild("request", NS.receipts))
      this.#put(
        `<message type='chat' to='${attribute(stanza, "from") ?? ""}'><received xmlns='${NS.receipts}' id='${id}'/></message>`,
      );
  }

  #describe(query: Element): Element {
    const features = [NS.discoInfo, NS.ping, ...(this.#options.givesReceipts ? [NS.receipts] : [])];
    return xml(
      "query",
      { xmlns: NS.discoInfo, node: attribute(query, "node") },
      xml("identity", { category: "client", type: "phone", name: "App" }),
      ...features.map((name) => xml("feature", { var: name })),
    );
  }
}
