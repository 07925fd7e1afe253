import { readForm } from "../../../src/data-form.js";
import { StanzaError } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, childElements, type Element, parseXml, xml } from "../../../src/xml.js";
import type { IqPort } from "../../../sdk/omemo/port.js";

interface Node {
  accessModel: string;
  item: Element | undefined;
}

/**
 * Personal eventing as far as OMEMO uses it: accounts with nodes, and number JIDs that are answered by proxy.
 *
 * `fetches` counts what was asked for, so that a test can tell cached from fetched; `before` may refuse or wait.
 */
export class FakePubSub {
  readonly nodes = new Map<string, Node>();
  readonly fetches: string[] = [];
  readonly publications: string[] = [];
  /** Called with what is about to be done ("get" or "publish") and where. */
  before: (what: string, where: string) => Promise<void> | void = () => {};
  readonly #accounts = new Map<string, string>();

  /** Has a number JID answered from an account. */
  link(number: string, account: string): void {
    this.#accounts.set(number, account);
  }

  /** The connection of an account. */
  portOf(account: string): IqPort {
    return { request: (iq) => this.#answer(account, iq) };
  }

  /** The content of a node, if there is any. */
  content(account: string, node: string): Element | undefined {
    return this.nodes.get(`${account} ${node}`)?.item;
  }

  /** Puts a content into a node, as another program of the account would. */
  put(account: string, node: string, item: Element | undefined, accessModel = "open"): void {
    this.nodes.set(`${account} ${node}`, { accessModel, item });
  }

  async #answer(account: string, iq: Element): Promise<Element> {
    const pubsub = childElements(iq)[0] as Element;
    const action = childElements(pubsub)[0] as Element;
    const node = attribute(action, "node") ?? "";
    const asked = attribute(iq, "to") ?? account;
    const owner = this.#accounts.get(asked) ?? asked;
    if (action.name === "items") return this.#items(account, owner, node);
    await this.before(action.name, `${owner} ${node}`);
    if (owner !== account) throw new StanzaError("forbidden", "not yours");
    if (action.name === "configure") return this.#configure(`${owner} ${node}`, action);
    return this.#publish(`${owner} ${node}`, action, pubsub);
  }

  async #items(account: string, owner: string, node: string): Promise<Element> {
    const name = `${owner} ${node}`;
    this.fetches.push(name);
    await this.before("get", name);
    const found = this.nodes.get(name);
    if (!found) throw new StanzaError("item-not-found", "no such node");
    if (found.accessModel !== "open" && owner !== account) throw new StanzaError("forbidden", "closed");
    const item = found.item ? xml("item", { id: "current" }, parseXml(String(found.item))) : undefined;
    return xml("iq", { type: "result" }, xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }, item)));
  }

  #publish(name: string, publish: Element, pubsub: Element): Element {
    const form = pubsub.getChild("publish-options")?.getChild("x", NS.dataForms);
    const wanted = form && readForm(form).values.get("pubsub#access_model")?.[0];
    const existing = this.nodes.get(name);
    if (existing && wanted !== undefined && existing.accessModel !== wanted) {
      throw new StanzaError("conflict", "the node is configured otherwise");
    }
    const item = childElements(childElements(publish)[0] as Element)[0];
    this.nodes.set(name, { accessModel: existing?.accessModel ?? wanted ?? "presence", item });
    this.publications.push(name);
    return xml("iq", { type: "result" });
  }

  #configure(name: string, configure: Element): Element {
    const form = readForm(configure.getChild("x", NS.dataForms) as Element);
    const node = this.nodes.get(name);
    if (!node) throw new StanzaError("item-not-found", "no such node");
    node.accessModel = form.values.get("pubsub#access_model")?.[0] ?? node.accessModel;
    return xml("iq", { type: "result" });
  }
}
