import { NS } from "../../src/namespaces.js";
import type { AccountOperations } from "../accounts/store.js";
import { AccountNodes } from "../bundles/account-nodes.js";
import type { Capability, CapabilityModule } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { Announcer } from "./announcer.js";
import { LastItems } from "./last-items.js";
import { notifyFeature, PUSHED_NODES } from "./nodes.js";
import { Notifier } from "./notifier.js";
import { NodeSubscriptions } from "./subscriptions.js";

/**
 * News of a person's devices, name and picture for whoever knows the number: so an unmodified app always encrypts to the
 * right devices, and shows people as they show themselves.
 */
export const pep: CapabilityModule = {
  name: "pep",
  create(context): Capability {
    const { config, link, clock, log, events, store } = context;
    const lastItems = new LastItems(new AccountNodes(link, config.link.domain), clock);
    const announcer = new Announcer(context);
    const accounts = store.of<AccountOperations>("accounts");
    const contacts = store.of<ContactOperations>("contacts");
    const notifier = new Notifier({ ...context, accounts, contacts, lastItems });
    const subscriptions = new NodeSubscriptions({ ...context, contacts, notifier });
    events.onNumberBlocked((block) => notifier.blocked(block));
    events.onAccountGone(() => lastItems.clear());
    const background = (work: Promise<void>): void => {
      work.catch((error: unknown) => {
        log.debug({ reason: (error as Error).message }, "what changed could not be told");
      });
    };
    events.onNumberLinked((jid) => background(notifier.linked(jid)));
    events.onSightChanged((of, by) => background(notifier.shown(of, by)));
    return {
      features: {
        component: PUSHED_NODES.map(({ node }) => notifyFeature(node)),
        // XEP-0163 §6.1, as far as it holds for who reads
        number: [
          `${NS.pubsub}#access-open`,
          `${NS.pubsub}#auto-subscribe`,
          `${NS.pubsub}#filtered-notifications`,
          `${NS.pubsub}#last-published`,
          `${NS.pubsub}#persistent-items`,
          `${NS.pubsub}#subscribe`,
        ],
      },
      iqs: [
        {
          type: "set",
          element: "pubsub",
          namespace: NS.pubsub,
          addressee: "number",
          handle: (request) => subscriptions.take(request),
        },
      ],
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
