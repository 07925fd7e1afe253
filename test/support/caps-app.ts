import { Connection } from "../../sdk/connection/connection.js";
import { capsHash } from "../../src/caps-hash.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import type { DeviceCredentials } from "./raw-device.js";
import { until } from "./until.js";

/** What an app of a test says of itself. */
export interface CapsAppOptions {
  readonly features?: readonly string[];
  readonly resource?: string;
  /** A lie about the features' hash. */
  readonly ver?: string;
  /** Whether it does not answer what it can do. */
  readonly isMute?: boolean;
  /** Whether it says nothing of caps in its presence. */
  readonly hasNoCaps?: boolean;
}

const NODE = "https://app.example";

/** An app that announces its features by entity caps, and keeps every stanza that arrives. Source: XEP-0115 */
export class CapsApp {
  readonly connection: Connection;
  /** Messages and presences, in order. */
  readonly stanzas: Element[] = [];
  /** How often it was asked what it can do, by somebody else than its own server. */
  asked = 0;
  readonly credentials: DeviceCredentials;
  readonly #options: CapsAppOptions;

  constructor(credentials: DeviceCredentials, options: CapsAppOptions = {}) {
    const { service, domain, username, password, numberDomain } = credentials;
    this.credentials = credentials;
    this.#options = options;
    const resource = options.resource ?? `caps-${newId()}`;
    this.connection = new Connection({ service, domain, username, password, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => void this.stanzas.push(stanza));
    this.connection.handle("get", NS.discoInfo, "query", (query, iq) => {
      if (String(iq.attrs["from"]).endsWith(numberDomain)) this.asked += 1;
      return this.#options.isMute
        ? new Promise<undefined>(() => {})
        : this.#describe(attribute(query, "node"));
    });
  }

  /** Logs in and shows itself to its server. */
  static async online(credentials: DeviceCredentials, options?: CapsAppOptions): Promise<CapsApp> {
    const app = new CapsApp(credentials, options);
    await app.connection.start();
    await app.show();
    return app;
  }

  get numberJid(): string {
    return `${this.credentials.number}@${this.credentials.numberDomain}`;
  }

  /** Sends presence, to everybody or to one. */
  async show(to?: string, ...more: readonly Element[]): Promise<void> {
    await this.connection.send(
      xml("presence", { to }, ...(this.#options.hasNoCaps ? [] : [this.caps()]), ...more),
    );
  }

  /** Asks and answers the payload of the result. */
  async ask(type: "get" | "set", payload: Element, to?: string): Promise<Element> {
    const result = await this.connection.request(xml("iq", { type, to, id: newId() }, payload), {
      timeoutMs: 10_000,
    });
    return result.getChildElements()[0] ?? result;
  }

  /** Publishes an item of its account that everybody may read. Source: XEP-0060 §7.1.5 */
  async publish(node: string, content: Element, id = "current"): Promise<void> {
    const field = (name: string, value: string, type?: string): Element =>
      xml("field", { var: name, type }, xml("value", {}, value));
    const options = xml(
      "publish-options",
      {},
      xml(
        "x",
        { xmlns: NS.dataForms, type: "submit" },
        field("FORM_TYPE", NS.publishOptions, "hidden"),
        field("pubsub#access_model", "open"),
      ),
    );
    const publish = xml("publish", { node }, xml("item", { id }, content));
    await this.ask("set", xml("pubsub", { xmlns: NS.pubsub }, publish, options));
  }

  /** Personal events from an address, about a node. Source: XEP-0163 §4.3 */
  eventsFrom(address: string, node?: string): Element[] {
    return this.stanzas
      .filter((stanza) => stanza.name === "message" && attribute(stanza, "from") === address)
      .flatMap((stanza) => stanza.getChild("event", NS.pubsubEvent) ?? [])
      .filter(
        (event) => node === undefined || event.getChildElements().some((one) => one.attrs["node"] === node),
      );
  }

  /** Waits for so many events from an address and answers them. */
  async events(address: string, count: number): Promise<Element[]> {
    await until(`${count} events from ${address}`, () => this.eventsFrom(address).length >= count, 10_000);
    return this.eventsFrom(address);
  }

  /** Waits until the component has answered, so that everything before on this connection has reached it. */
  async settled(): Promise<void> {
    await this.ask("get", xml("ping", { xmlns: NS.ping }), this.credentials.numberDomain);
  }

  async stop(): Promise<void> {
    await this.connection.stop();
  }

  #describe(node: string | undefined): Element {
    return xml(
      "query",
      { xmlns: NS.discoInfo, node },
      xml("identity", { category: "client", type: "phone", name: "App" }),
      ...[NS.discoInfo, NS.caps, ...(this.#options.features ?? [])].map((name) =>
        xml("feature", { var: name }),
      ),
    );
  }

  /** The caps in its presence. */
  caps(): Element {
    const ver = this.#options.ver ?? capsHash(this.#describe(undefined), "sha-1") ?? "";
    return xml("c", { xmlns: NS.caps, hash: "sha-1", node: NODE, ver });
  }
}
