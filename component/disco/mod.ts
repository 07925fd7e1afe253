import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import type { Addressee, Capability, IqRequest } from "../capability.js";
import type { CommandResponder } from "../commands/handler.js";

const IDENTITIES: Record<Addressee, Record<string, string>> = {
  component: { category: "component", type: "generic", name: "Twotick" },
  number: { category: "account", type: "registered" },
};

/**
 * Service discovery: tells what all capabilities together can do.
 *
 * @param capabilities asked at each request, because they are made one after the other
 * Source: XEP-0030 §3, §4
 */
export function createDisco(
  domain: string,
  capabilities: () => readonly Capability[],
  commands: CommandResponder,
): Capability {
  const info =
    (addressee: Addressee) =>
    async ({ payload }: IqRequest): Promise<Element> => {
      const node = attribute(payload, "node");
      if (node === undefined)
        return answer(NS.discoInfo, undefined, [
          xml("identity", IDENTITIES[addressee]),
          ...features(addressee),
        ]);
      const described = addressee === "component" ? commands.info(node) : undefined;
      if (!described) throw new StanzaError("item-not-found", "there is no such node");
      return answer(NS.discoInfo, node, described);
    };
  const items =
    (addressee: Addressee) =>
    async ({ from, payload }: IqRequest): Promise<Element> => {
      const node = attribute(payload, "node");
      if (node !== undefined && node !== NS.commands)
        throw new StanzaError("item-not-found", "there is no such node");
      const isAboutCommands = addressee === "component" && node === NS.commands;
      return answer(NS.discoItems, node, isAboutCommands ? commands.items(from, domain) : []);
    };
  const features = (addressee: Addressee): Element[] => {
    const all = [
      NS.discoInfo,
      NS.discoItems,
      ...capabilities().flatMap((one) => one.features?.[addressee] ?? []),
    ];
    return [...new Set(all)].sort().map((feature) => xml("feature", { var: feature }));
  };
  return {
    iqs: (["component", "number"] as const).flatMap((addressee) => [
      { type: "get" as const, element: "query", namespace: NS.discoInfo, addressee, handle: info(addressee) },
      {
        type: "get" as const,
        element: "query",
        namespace: NS.discoItems,
        addressee,
        handle: items(addressee),
      },
    ]),
  };
}

function answer(namespace: string, node: string | undefined, children: readonly Element[]): Element {
  return xml("query", { xmlns: namespace, node }, ...children);
}
