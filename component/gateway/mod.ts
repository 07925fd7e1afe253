import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { type Element, xml } from "../../src/xml.js";
import type { CapabilityModule, IqRequest } from "../capability.js";
import { Directory } from "../directory/directory.js";
import { english } from "../languages/en.js";
import { say } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";

/**
 * "Add contact by number" in apps that know gateways: asks for a number, answers its address.
 *
 * Source: XEP-0100 §6.3
 */
export const gateway: CapabilityModule = {
  name: "gateway",
  create(context) {
    const directory = new Directory(context);
    const prompt = async ({ payload }: IqRequest): Promise<Element> => {
      const language = languageIn(payload) ?? english;
      return xml(
        "query",
        { xmlns: NS.gateway },
        xml("desc", {}, say(language, "gateway-description")),
        xml("prompt", {}, say(language, "gateway-prompt")),
      );
    };
    const translate = async ({ from, payload }: IqRequest): Promise<Element> => {
      const prompts = payload.getChildren("prompt");
      const text = prompts[0]?.getText() ?? "";
      if (prompts.length !== 1 || text.trim() === "")
        throw new StanzaError("bad-request", "the number is missing");
      const { jid } = await directory.find(from, text);
      if (jid === undefined)
        throw new StanzaError("item-not-found", say(languageIn(payload) ?? english, "not-here"));
      return xml("query", { xmlns: NS.gateway }, xml("jid", {}, jid));
    };
    const route = { element: "query", namespace: NS.gateway, addressee: "component" } as const;
    return {
      // Apps offer gateways of type sms and pstn for the people in the phone's address book
      identities: [{ category: "gateway", type: "sms", name: "Twotick" }],
      features: { component: [NS.gateway] },
      iqs: [
        { ...route, type: "get", handle: prompt },
        { ...route, type: "set", handle: translate },
      ],
    };
  },
};
