import { NS } from "../../src/namespaces.js";
import type { CapabilityModule } from "../capability.js";

/** Answers pings, so that a device can tell a dead component from a quiet one. Source: XEP-0199 §4.3 */
export const ping: CapabilityModule = {
  name: "ping",
  create: () => ({
    features: { component: [NS.ping] },
    iqs: [
      {
        type: "get",
        element: "ping",
        namespace: NS.ping,
        addressee: "component",
        handle: async () => undefined,
      },
    ],
  }),
};
