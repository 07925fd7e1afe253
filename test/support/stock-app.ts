import { Connection } from "../../sdk/connection/connection.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { until } from "./until.js";
import type { DeviceCredentials } from "./raw-device.js";

/** What an app may be without. */
export interface StockAppOptions {
  readonly resource?: string;
  /** Whether it says that it gives receipts, and gives them. */
  readonly hasReceipts?: boolean;
  /** Whether it says so and gives none. */
  readonly isSilent?: boolean;
  readonly hasCarbons?: boolean;
  /** Whether it answers IQs that are sent behind messages. */
  readonly answersPings?: boolean;
}

/** An ordinary XMPP app: it knows plain messages, receipts and carbons, and nothing of ours. */
export class StockApp {
  readonly credentials: DeviceCredentials;
  readonly connection: Connection;
  /** Every message that arrived, in order. */
  readonly arrived: Element[] = [];
  /** Gives receipts when they are asked for. Source: XEP-0184 §5.3 */
  givesReceipts: boolean;
  answersPings: boolean;
  pings = 0;
  readonly #options: StockAppOptions;

  constructor(credentials: DeviceCredentials, options: StockAppOptions = {}) {
    const { service, domain, username, password } = credentials;
    const resource = options.resource ?? `app-${newId()}`;
    this.credentials = credentials;
    this.#options = options;
    this.givesReceipts = (options.hasReceipts ?? true) && options.isSilent !== true;
    this.answersPings = options.answersPings ?? true;
    this.connection = new Connection({ service, domain, username, password, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => this.#receive(stanza));
    this.connection.handle("get", NS.discoInfo, "query", (query) => this.#describe(query));
    this.connection.handle("get", NS.ping, "ping", () => this.#ping());
  }

  /** Logs in and says that it is there. */
  static async online(credentials: DeviceCredentials, options?: StockAppOptions): Promise<StockApp> {
    const app = new StockApp(credentials, options);
    await app.connection.start();
    if (options?.hasCarbons) {
      const enable = xml("enable", { xmlns: NS.carbons });
      await app.connection.request(xml("iq", { type: "set", id: newId() }, enable), { timeoutMs: 10_000 });
    }
    await app.connection.send("<presence/>");
    return app;
  }

  get numberJid(): string {
    return `${this.credentials.number}@${this.credentials.numberDomain}`;
  }

  /** Sends a message as apps do, and answers its id. */
  async say(to: string, text: string, id = newId(), more = ""): Promise<string> {
    const asks = `<request xmlns='${NS.receipts}'/><markable xmlns='${NS.chatMarkers}'/>`;
    return this.send(
      to,
      `<body>${text}</body>${asks}<origin-id xmlns='${NS.stanzaIds}' id='${id}'/>${more}`,
      id,
    );
  }

  /** Sends any message. */
  async send(to: string, content: string, id = newId()): Promise<string> {
    await this.connection.send(`<message type='chat' to='${to}' id='${id}'>${content}</message>`);
    return id;
  }

  /** Says that a message was displayed. Source: XEP-0333 §4.3 */
  async markRead(to: string, id: string): Promise<void> {
    await this.send(to, `<displayed xmlns='${NS.chatMarkers}' id='${id}'/>`);
  }

  /** Gives the receipt for a message. Source: XEP-0184 §5.3 */
  async giveReceipt(message: Element): Promise<void> {
    const received = `<received xmlns='${NS.receipts}' id='${attribute(message, "id") ?? ""}'/>`;
    await this.send(attribute(message, "from") ?? "", received);
  }

  /** Messages with a body. */
  get messages(): Element[] {
    return this.arrived.filter((one) => attribute(one, "type") !== "error" && one.getChild("body"));
  }

  get texts(): string[] {
    return this.messages.map((one) => one.getChildText("body") ?? "");
  }

  /** Waits for so many texts and answers them. */
  async heard(count: number): Promise<string[]> {
    await until(`${count} texts`, () => this.texts.length >= count, 10_000);
    return this.texts;
  }

  /** Waits for a message with a child. */
  async got(what: string, matches: (message: Element) => boolean): Promise<Element> {
    await until(what, () => this.arrived.some(matches), 10_000);
    return this.arrived.find(matches) as Element;
  }

  /** Waits for the tick of a message, or for its being read. */
  async tick(name: "received" | "displayed", id: string): Promise<Element> {
    const namespace = name === "received" ? NS.receipts : NS.chatMarkers;
    return this.got(`${name} of ${id}`, (one) => {
      const notice = one.getChild(name, namespace);
      return notice !== undefined && attribute(notice, "id") === id;
    });
  }

  /** Waits until everything that it sent was handled by the component. */
  async handled(): Promise<void> {
    const ping = xml("ping", { xmlns: NS.ping });
    const iq = xml("iq", { type: "get", id: newId(), to: this.credentials.numberDomain }, ping);
    await this.connection.request(iq, { timeoutMs: 10_000 });
  }

  async stop(): Promise<void> {
    await this.connection.stop();
  }

  #receive(stanza: Element): void {
    if (stanza.name !== "message") return;
    this.arrived.push(stanza);
    const isAsked = stanza.getChild("request", NS.receipts) !== undefined;
    if (isAsked && this.givesReceipts) void this.giveReceipt(stanza).catch(() => {});
  }

  #describe(query: Element): Element {
    const { hasReceipts = true } = this.#options;
    const features = [NS.discoInfo, NS.ping, ...(hasReceipts ? [NS.receipts] : [])];
    return xml(
      "query",
      { xmlns: NS.discoInfo, node: attribute(query, "node") },
      xml("identity", { category: "client", type: "phone", name: "App" }),
      ...features.map((name) => xml("feature", { var: name })),
    );
  }

  #ping(): Promise<undefined> | undefined {
    this.pings += 1;
    return this.answersPings ? undefined : new Promise(() => {});
  }
}
