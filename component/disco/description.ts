import { capsHash } from "../../src/caps-hash.js";
import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";
import type { Addressee, Capability, IqRequest } from "../capability.js";

const IDENTITIES: Record<Addressee, readonly Record<string, string>[]> = {
  component: [{ category: "component", type: "generic", name: "Twotick" }],
  // XEP-0163 §6.1: apps look for keys and avatars where there is a personal pubsub service
  number: [
    { category: "account", type: "registered" },
    { category: "pubsub", type: "pep" },
  ],
};

/** What names this program among all that announce caps. */
const CAPS_NODE = "urn:twotick:component";

/** What all capabilities together say that the component, or every number, can do. Source: XEP-0030 §3, XEP-0115 */
export class Description {
  readonly #capabilities: readonly Capability[];
  readonly #made = new Map<Addressee, { readonly children: readonly Element[]; readonly ver: string }>();

  /** @param capabilities complete when something is asked for the first time */
  constructor(capabilities: readonly Capability[]) {
    this.#capabilities = capabilities;
  }

  /** Identities and features, as disco#info answers them. */
  of(addressee: Addressee): readonly Element[] {
    // An element has one parent: every answer gets its own
    return this.#describe(addressee).children.map((child) => xml(child.name, { ...child.attrs }));
  }

  /** What is said of one number, or of one app behind it, beyond what holds for every number. @throws {StanzaError} */
  async ofOne(request: IqRequest): Promise<readonly Element[] | undefined> {
    for (const capability of this.#capabilities) {
      const described = await capability.describeNumber?.(request);
      if (described) return described;
    }
    return undefined;
  }

  /** The node at which disco#info is asked for what {@link caps} announces. Source: XEP-0115 §6.2 */
  node(addressee: Addressee): string {
    return `${CAPS_NODE}#${this.#describe(addressee).ver}`;
  }

  /** The child of a presence that names these features by their hash. Source: XEP-0115 §4 */
  caps(addressee: Addressee): Element {
    const { ver } = this.#describe(addressee);
    return xml("c", { xmlns: NS.caps, hash: "sha-1", node: CAPS_NODE, ver });
  }

  #describe(addressee: Addressee): { readonly children: readonly Element[]; readonly ver: string } {
    const known = this.#made.get(addressee);
    if (known) return known;
    const features = [
      NS.discoInfo,
      NS.discoItems,
      NS.caps,
      ...this.#capabilities.flatMap((one) => one.features?.[addressee] ?? []),
    ];
    const children = [
      ...IDENTITIES[addressee].map((identity) => xml("identity", identity)),
      ...(addressee === "component" ? this.#capabilities.flatMap((one) => one.identities ?? []) : []).map(
        ({ category, type, name }) => xml("identity", { category, type, name }),
      ),
      ...[...new Set(features)].sort().map((feature) => xml("feature", { var: feature })),
    ];
    const ver = capsHash(xml("query", { xmlns: NS.discoInfo }, ...children), "sha-1") ?? "";
    const made = { children, ver };
    this.#made.set(addressee, made);
    return made;
  }
}
