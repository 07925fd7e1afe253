import { readForm, submitElement } from "../../../src/data-form.js";
import { StanzaError } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, childElements, type Element, parseXml, xml } from "../../../src/xml.js";
import type { NodeItem } from "../../../sdk/omemo/devices/pep.js";
import type { IqPort } from "../../../sdk/omemo/port.js";

interface Node {
  options: Map<string, string>;
  readonly items: Map<string, Element | undefined>;
}

/** How a node is when nobody says otherwise. Source: XEP-0163 §3 */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ["pubsub#access_model", "presence"],
  ["pubsub#persist_items", "true"],
  ["pubsub#max_items", "1"],
];

/**
 * Personal eventing as far as OMEMO uses it: accounts with nodes, and number JIDs that are answered by proxy.
 *
 * `fetches` counts what was asked for, so that a test can tell cached from fetched; `before` may refuse or wait.
 */
export class FakePubSub {
  readonly nodes = new Map<string, Node>();
  readonly fetches: string[] = [];
  readonly publications: string[] = [];
  /** Called with what is about to be done ("get", "publish", "configuration" or "configure") and where. */
  before: (what: string, where: string) => Promise<void> | void = () => {};
  /** The values of `pubsub#max_items` that are understood; all unless set. */
  limits: readonly string[] | undefined;
  readonly #accounts = new Map<string, string>();

  /** Has a number JID answered from an account. */
  link(number: string, account: string): void {
    this.#accounts.set(number, account);
  }

  /** The connection of an account. */
  portOf(account: string): IqPort {
    return { request: (iq) => this.#answer(account, iq) };
  }

  /** The content of an item, if there is any. */
  content(account: string, { node, id }: NodeItem): Element | undefined {
    return this.nodes.get(`${account} ${node}`)?.items.get(id);
  }

  /** Puts a content into a node, as another program of the account would. */
  put(account: string, { node, id }: NodeItem, item: Element | undefined, accessModel = "open"): void {
    const options = new Map([
      ...DEFAULTS,
      ["pubsub#access_model", accessModel],
      ["pubsub#max_items", "max"],
    ] as const);
    const items = this.nodes.get(`${account} ${node}`)?.items ?? new Map<string, Element | undefined>();
    this.nodes.set(`${account} ${node}`, { options, items: items.set(id, item) });
  }

  /** How the nodes are configured in one respect. */
  option(name: string): (string | undefined)[] {
    return [...this.nodes.values()].map(({ options }) => options.get(`pubsub#${name}`));
  }

  async #answer(account: string, iq: Element): Promise<Element> {
    const pubsub = childElements(iq)[0] as Element;
    const action = childElements(pubsub)[0] as Element;
    const node = attribute(action, "node") ?? "";
    const asked = attribute(iq, "to") ?? account;
    const owner = this.#accounts.get(asked) ?? asked;
    const name = `${owner} ${node}`;
    if (action.name === "items") return this.#items(account, owner, action);
    const isReading = attribute(iq, "type") === "get";
    await this.before(isReading ? "configuration" : action.name, name);
    if (owner !== account) throw new StanzaError("forbidden", "not yours");
    if (isReading) return this.#configuration(name, node);
    return action.name === "configure" ? this.#configure(name, action) : this.#publish(name, action, pubsub);
  }

  async #items(account: string, owner: string, asked: Element): Promise<Element> {
    const node = attribute(asked, "node") ?? "";
    const name = `${owner} ${node}`;
    this.fetches.push(name);
    await this.before("get", name);
    const found = this.nodes.get(name);
    if (!found) throw new StanzaError("item-not-found", "no such node");
    if (found.options.get("pubsub#access_model") !== "open" && owner !== account) {
      throw new StanzaError("forbidden", "closed");
    }
    const ids = asked.getChildren("item").map((item) => attribute(item, "id"));
    const items = [...found.items]
      .filter(([id, item]) => item && (ids.length === 0 || ids.includes(id)))
      .map(([id, item]) => xml("item", { id }, parseXml(String(item))));
    return xml(
      "iq",
      { type: "result" },
      xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }, ...items)),
    );
  }

  #publish(name: string, publish: Element, pubsub: Element): Element {
    const wanted = this.#optionsOf(pubsub.getChild("publish-options"));
    const existing = this.nodes.get(name);
    for (const [option, value] of existing ? wanted : []) {
      // XEP-0060 §7.1.5
      if (existing?.options.get(option) !== value) throw new StanzaError("conflict", "configured otherwise");
    }
    const item = childElements(publish)[0] as Element;
    const node = existing ?? { options: new Map([...DEFAULTS, ...wanted]), items: new Map() };
    node.items.set(attribute(item, "id") ?? "", childElements(item)[0]);
    this.nodes.set(name, node);
    this.publications.push(name);
    return xml("iq", { type: "result" });
  }

  #configure(name: string, configure: Element): Element {
    const wanted = this.#optionsOf(configure);
    const node = this.nodes.get(name);
    if (!node) throw new StanzaError("item-not-found", "no such node");
    node.options = new Map([...node.options, ...wanted]);
    return xml("iq", { type: "result" });
  }

  #configuration(name: string, node: string): Element {
    const found = this.nodes.get(name);
    if (!found) throw new StanzaError("item-not-found", "no such node");
    const form = submitElement(NS.nodeConfig, Object.fromEntries(found.options));
    const configure = xml("configure", { node }, form);
    return xml("iq", { type: "result" }, xml("pubsub", { xmlns: NS.pubsubOwner }, configure));
  }

  #optionsOf(parent: Element | undefined): [string, string][] {
    const form = parent?.getChild("x", NS.dataForms);
    const values = form ? [...readForm(form).values] : [];
    const options = values.map(([name, [value]]): [string, string] => [name, value ?? ""]);
    const limit = options.find(([name]) => name === "pubsub#max_items")?.[1];
    if (limit !== undefined && this.limits && !this.limits.includes(limit)) {
      throw new StanzaError("bad-request", "no such number of items");
    }
    return options.filter(([name]) => name.startsWith("pubsub#"));
  }
}
