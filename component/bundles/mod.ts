import { NS } from "../../src/namespaces.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Capability, CapabilityModule } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { BundleProxy } from "./handler.js";

/** OMEMO, 0.3 and 2, for number JIDs: device lists and bundles are answered from the account behind the number. */
export const bundles: CapabilityModule = {
  name: "bundles",
  create(context): Capability {
    const accounts = context.store.of<AccountOperations>("accounts");
    const contacts = context.store.of<ContactOperations>("contacts");
    const proxy = new BundleProxy({ ...context, accounts, contacts });
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
