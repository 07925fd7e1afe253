import { NS } from "../../src/namespaces.js";
import type { Capability, CapabilityModule, IqRoute, MessageRoute } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { CALL_MESSAGES, Passing } from "./handler.js";

/** What passes between apps that know each other by number: calls and pings, and nothing else. */
export const passing: CapabilityModule = {
  name: "passing",
  create(context): Capability {
    const handler = new Passing({ ...context, contacts: context.store.of<ContactOperations>("contacts") });
    const iqs: readonly Omit<IqRoute, "handle" | "addressee">[] = [
      { type: "set", element: "jingle", namespace: NS.jingle },
      { type: "get", element: "ping", namespace: NS.ping },
    ];
    return {
      iqs: iqs.map((route): IqRoute => ({
        ...route,
        addressee: "number",
        handle: (request) => handler.request(route.type, request),
      })),
      messages: CALL_MESSAGES.map((element): MessageRoute => ({
        element,
        namespace: NS.jingleMessage,
        addressee: "number",
        handle: (message) => handler.callMessage(message),
      })),
    };
  },
};
