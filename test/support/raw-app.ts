import { Connection } from "../../sdk/connection/connection.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { until } from "./until.js";

/** Who an ordinary app logs in as. */
export interface AppAccount {
  readonly service: string;
  readonly domain: string;
  readonly username: string;
  readonly password: string;
}

/** An ordinary app as stock clients are, with nothing of the mailbox protocol: it keeps what it is sent. */
export class RawApp {
  readonly connection: Connection;
  readonly stanzas: Element[] = [];
  /** What it says of itself when it is asked. */
  readonly features: string[] = [NS.discoInfo];
  readonly #account: AppAccount;

  constructor(account: AppAccount, resource = "balcony") {
    this.#account = account;
    const { service, domain, username, password } = account;
    this.connection = new Connection({ service, domain, username, password, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => void this.stanzas.push(stanza));
    this.connection.handle("get", NS.discoInfo, "query", (query) => this.#describe(query));
  }

  /** Logs in and says that it is there. */
  static async online(
    account: AppAccount,
    resource?: string,
    features: readonly string[] = [],
  ): Promise<RawApp> {
    const app = new RawApp(account, resource);
    app.features.push(...features);
    await app.connection.start();
    // RFC 6121 §2.2: a server tells changes of subscriptions to those that asked for the roster
    await app.ask("get", undefined, xml("query", { xmlns: "jabber:iq:roster" }));
    await app.connection.send("<presence/>");
    return app;
  }

  get jid(): string {
    return String(this.connection.jid);
  }

  get account(): string {
    return `${this.#account.username}@${this.#account.domain}`;
  }

  /** The presences from an address (bare) that came, oldest first, as `type/show`. */
  presences(from: string): Element[] {
    return this.stanzas.filter(
      (stanza) => stanza.name === "presence" && bareOf(attribute(stanza, "from")) === from,
    );
  }

  /** Waits for a presence of a type from an address, after the first `after` of them. */
  async presence(from: string, type: string | undefined, after = 0): Promise<Element> {
    const find = (): Element | undefined =>
      this.presences(from)
        .slice(after)
        .find((stanza) => attribute(stanza, "type") === type);
    await until(`${type ?? "available"} from ${from}`, () => find() !== undefined, 15_000);
    return find() as Element;
  }

  async send(stanza: string): Promise<void> {
    await this.connection.send(stanza);
  }

  /** Asks and answers the result's payload. */
  async ask(type: "get" | "set", to: string | undefined, payload: Element): Promise<Element> {
    const result = await this.connection.request(xml("iq", { type, to, id: newId() }, payload), {
      timeoutMs: 15_000,
    });
    return result.getChildElements()[0] ?? result;
  }

  async stop(): Promise<void> {
    await this.connection.stop();
  }

  #describe(query: Element): Element {
    const node = attribute(query, "node");
    return xml(
      "query",
      { xmlns: NS.discoInfo, node },
      xml("identity", { category: "client", type: "pc", name: "Secret Software 1.0" }),
      ...this.features.map((feature) => xml("feature", { var: feature })),
    );
  }
}

function bareOf(jid: string | undefined): string {
  return (jid ?? "").split("/")[0] ?? "";
}
