import { Connection } from "../../sdk/connection/connection.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, type Element, parseXml, xml } from "../../src/xml.js";
import { addAccount } from "./prosody.js";
import { until } from "./until.js";
import type { World } from "./world.js";

const PASSWORD = "secret";

/** What an app shows of a message of the component's chat. */
export interface Said {
  readonly text: string;
  readonly language: string | undefined;
  readonly element: Element;
}

/** Somebody with an account of the host and an ordinary app: it writes XML and keeps what comes. */
export class AppAccount {
  readonly connection: Connection;
  readonly jid: string;
  /** Every stanza that arrived and was no answer to a request of ours. */
  readonly stanzas: Element[] = [];
  /** Addresses that were suggested to the app, if it takes suggestions. Source: XEP-0144 */
  readonly suggested: string[] = [];
  readonly #component: string;

  private constructor(world: World, username: string, resource: string) {
    const { service, host, componentDomain } = world.prosody;
    this.#component = componentDomain;
    this.jid = `${username}@${host}`;
    this.connection = new Connection({ service, domain: host, username, password: PASSWORD, resource });
    this.connection.on("error", () => {});
    this.connection.on("stanza", (stanza) => void this.stanzas.push(stanza));
  }

  /** Makes an account and logs in. @param features that the app announces when it is asked */
  static async make(world: World, username: string, features: readonly string[] = []): Promise<AppAccount> {
    await addAccount(world.prosody, username, PASSWORD);
    return AppAccount.logIn(world, username, features);
  }

  /** Logs in to an account that is there. */
  static async logIn(world: World, username: string, features: readonly string[] = []): Promise<AppAccount> {
    const app = new AppAccount(world, username, `app-${newId()}`);
    app.#answer(features);
    await app.connection.start();
    await app.connection.send("<presence/>");
    return app;
  }

  get fullJid(): string {
    return String(this.connection.jid);
  }

  /** Asks the component and answers the result. @throws {StanzaError} */
  async ask(
    type: "get" | "set",
    payload: Element | string,
    attributes: Record<string, string> = {},
  ): Promise<Element> {
    const content = typeof payload === "string" ? parseXml(payload) : payload;
    const iq = xml("iq", { type, to: this.#component, id: newId(), ...attributes }, content);
    return this.connection.request(iq, { timeoutMs: 10_000 });
  }

  /** Asks the component and answers the result's payload. @throws {StanzaError} */
  async query(
    type: "get" | "set",
    payload: Element | string,
    attributes: Record<string, string> = {},
  ): Promise<Element> {
    const result = await this.ask(type, payload, attributes);
    return childElements(result)[0] ?? xml("nothing");
  }

  /** Writes to the component's chat. */
  async write(text: string, attributes: Record<string, string> = {}, ...more: Element[]): Promise<void> {
    const head = { to: this.#component, type: "chat", id: newId(), ...attributes };
    await this.connection.send(xml("message", head, xml("body", {}, text), ...more).toString());
  }

  /** What the component's chat has said so far. */
  get said(): Said[] {
    return this.stanzas
      .filter((one) => one.name === "message" && attribute(one, "from") === this.#component)
      .flatMap((element) => {
        const text = element.getChildText("body");
        return text === null ? [] : [{ text, language: attribute(element, "xml:lang"), element }];
      });
  }

  /** Writes to the component's chat and waits for the answer. */
  async converse(text: string, attributes: Record<string, string> = {}, ...more: Element[]): Promise<Said> {
    const before = this.said.length;
    await this.write(text, attributes, ...more);
    await until(`an answer to "${text}"`, () => this.said.length > before, 10_000);
    return this.said.at(-1) as Said;
  }

  /** Settles when everything written before has reached the component and come back. */
  async settle(): Promise<void> {
    await this.ask("get", xml("ping", { xmlns: NS.ping }));
  }

  async stop(): Promise<void> {
    await this.connection.stop();
  }

  #answer(features: readonly string[]): void {
    this.connection.handle("get", NS.discoInfo, "query", (query) =>
      xml(
        "query",
        { xmlns: NS.discoInfo, node: attribute(query, "node") },
        xml("identity", { category: "client", type: "pc" }),
        ...features.map((feature) => xml("feature", { var: feature })),
      ),
    );
    if (features.includes(NS.rosterExchange))
      this.connection.handle("set", NS.rosterExchange, "x", (offer) => {
        for (const item of offer.getChildren("item")) this.suggested.push(attribute(item, "jid") ?? "");
        return undefined;
      });
  }
}
