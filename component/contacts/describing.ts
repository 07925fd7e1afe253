import { StanzaError } from "../../src/errors.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import type { Context, IqRequest } from "../capability.js";
import type { AskingPorts } from "./asking.js";
import { commonFeatures, describeApp, isCapsNode } from "./presented-features.js";

/** What describing numbers needs. */
export type DescribingPorts = AskingPorts & Pick<Context, "availability" | "description">;

/** Apps whose features are put together for the number as a whole. */
const MAX_APPS = 12;

/**
 * What disco#info says of a number: of one app behind it at its full JID, of all of them together at the bare one.
 *
 * An app's JID is known only to whoever was shown it, or spoken to from it; it is answered for as long as the app is there.
 * Source: XEP-0030 §3, XEP-0115 §6.2
 */
export class Describing {
  readonly #ports: DescribingPorts;

  constructor(ports: DescribingPorts) {
    this.#ports = ports;
  }

  /** `undefined` leaves it at what holds for every number. @throws {StanzaError} `service-unavailable`, `item-not-found` */
  async describe(request: IqRequest): Promise<readonly Element[] | undefined> {
    return request.to.isFull ? this.#describeApp(request) : this.#describeNumber(request);
  }

  async #describeApp({ from, to, payload }: IqRequest): Promise<readonly Element[]> {
    const { availability, numbers } = this.#ports;
    const found = await this.#find(from.bare, from.domain, to);
    const account = found?.account;
    const app = availability
      .resourcesOf(account ?? "")
      .find(({ jid }) => numbers.appJid(to.bare, jid) === to.toString());
    const features = app && (await availability.featuresOf(app.jid));
    // RFC 6121 §8.5.3.2.3: nobody is there, or not for this one
    if (!features) throw new StanzaError("service-unavailable", "there is no such app of this number");
    const node = attribute(payload, "node");
    if (node !== undefined && !isCapsNode(node, features))
      throw new StanzaError("item-not-found", "there is no such node");
    return describeApp(features);
  }

  async #describeNumber({ from, to, payload }: IqRequest): Promise<readonly Element[] | undefined> {
    if (attribute(payload, "node") !== undefined) return undefined;
    const found = await this.#find(from.bare, from.domain, to);
    // Who does not see the person is not told by features either that somebody is there
    if (!found?.isSeen) return undefined;
    const { availability, description } = this.#ports;
    const apps = availability.resourcesOf(found.account).slice(0, MAX_APPS);
    const known = await Promise.all(apps.map(({ jid }) => availability.featuresOf(jid)));
    const common = commonFeatures(known.map((features) => features ?? []));
    const own = description.of("number");
    const named = new Set(own.map((element) => attribute(element, "var")));
    const further = common.filter((feature) => !named.has(feature));
    return [...own, ...further.map((feature) => xml("feature", { var: feature }))];
  }

  async #find(
    jid: string,
    domain: string,
    to: IqRequest["to"],
  ): Promise<{ account: string; isSeen: boolean } | undefined> {
    const { config, numbers, store } = this.#ports;
    const hash = numbers.hashOf(to);
    if (domain !== config.host.domain || !hash) return undefined;
    const { person, isBlocked, sees } = await store.acquaintance(jid, hash);
    return person && !isBlocked ? { account: person.jid, isSeen: sees.presence } : undefined;
  }
}
