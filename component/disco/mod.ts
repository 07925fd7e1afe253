import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import type { Addressee, Capability, IqRequest } from "../capability.js";
import type { CommandResponder } from "../commands/handler.js";
import { english } from "../languages/en.js";
import type { Language } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";
import type { Description } from "./description.js";

/**
 * Service discovery: tells what all capabilities together can do.
 *
 * Source: XEP-0030 §3, §4
 */
export function createDisco(
  domain: string,
  description: Description,
  commands: CommandResponder,
): Capability {
  const info =
    (addressee: Addressee) =>
    async (request: IqRequest): Promise<Element> => {
      const node = attribute(request.payload, "node");
      const own = addressee === "number" ? await description.ofOne(request) : undefined;
      if (own) return answer(NS.discoInfo, node, own);
      if (node === undefined || node === description.node(addressee))
        return answer(NS.discoInfo, node, description.of(addressee));
      const described =
        addressee === "component" ? commands.info(node, languageOfAsker(request.payload)) : undefined;
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
      return answer(
        NS.discoItems,
        node,
        isAboutCommands ? commands.items(from, domain, languageOfAsker(payload)) : [],
      );
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

function languageOfAsker(payload: Element): Language {
  return languageIn(payload) ?? english;
}

function answer(namespace: string, node: string | undefined, children: readonly Element[]): Element {
  return xml("query", { xmlns: namespace, node }, ...children);
}
