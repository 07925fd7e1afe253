import { NS } from "../../src/namespaces.js";
import type { CapabilityModule } from "../capability.js";
import { Registration } from "./handler.js";

/** Registration with the component, as apps offer it for gateways. Source: XEP-0077, XEP-0100 §4.1 */
export const registration: CapabilityModule = {
  name: "registration",
  create(context) {
    const handler = new Registration(context);
    const route = { element: "query", namespace: NS.register, addressee: "component" } as const;
    return {
      features: { component: [NS.register] },
      iqs: [
        { ...route, type: "get", handle: (request) => handler.ask(request) },
        { ...route, type: "set", handle: (request) => handler.take(request) },
      ],
    };
  },
};
