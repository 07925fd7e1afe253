import { NS } from "../../src/namespaces.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Capability, CapabilityModule } from "../capability.js";
import { BundleProxy } from "./handler.js";

/** OMEMO, 0.3 and 2, for number JIDs: device lists and bundles are answered from the account behind the number. */
export const bundles: CapabilityModule = {
  name: "bundles",
  create(context): Capability {
    const proxy = new BundleProxy({ ...context, accounts: context.store.of<AccountOperations>("accounts") });
    return {
      features: { number: [NS.pubsub, `${NS.pubsub}#retrieve-items`] },
      iqs: [
        {
          type: "get",
          element: "pubsub",
          namespace: NS.pubsub,
          addressee: "number",
          handle: (request) => proxy.items(request),
        },
      ],
    };
  },
};
