import { NS } from "../../src/namespaces.js";
import type { AccountOperations } from "../accounts/store.js";
import { AccountNodes } from "../bundles/account-nodes.js";
import type { Capability, CapabilityModule } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { Announcer } from "./announcer.js";
import { DEVICE_LIST_NODES, notifyFeature } from "./device-lists.js";
import { LastItems } from "./last-items.js";
import { Notifier } from "./notifier.js";

/** News of OMEMO device lists for whoever knows a number: so an unmodified app always encrypts to the right devices. */
export const pep: CapabilityModule = {
  name: "pep",
  create(context): Capability {
    const { config, link, clock, log, events, store } = context;
    const lastItems = new LastItems(new AccountNodes(link, config.link.domain), clock);
    const announcer = new Announcer(context);
    const accounts = store.of<AccountOperations>("accounts");
    const contacts = store.of<ContactOperations>("contacts");
    const notifier = new Notifier({ ...context, accounts, contacts, lastItems });
    events.onNumberBlocked((block) => notifier.blocked(block));
    events.onAccountGone(() => lastItems.clear());
    events.onNumberLinked((jid) => {
      notifier.linked(jid).catch((error: unknown) => {
        log.debug({ reason: (error as Error).message }, "the keys of a new number could not be told");
      });
    });
    return {
      features: {
        component: DEVICE_LIST_NODES.map(({ node }) => notifyFeature(node)),
        // XEP-0163 §6.1, as far as it holds for who reads
        number: [
          `${NS.pubsub}#access-open`,
          `${NS.pubsub}#auto-subscribe`,
          `${NS.pubsub}#filtered-notifications`,
          `${NS.pubsub}#last-published`,
          `${NS.pubsub}#persistent-items`,
        ],
      },
      messages: [
        {
          element: "event",
          namespace: NS.pubsubEvent,
          addressee: "component",
          handle: (message) => notifier.receive(message),
        },
      ],
      onPresence: (presence) => notifier.present(presence),
      onOnline() {
        lastItems.clear();
        announcer.restart();
        notifier.settle();
      },
    };
  },
};
