import { NS } from "../../src/namespaces.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Capability, CapabilityModule, Context, IqRoute } from "../capability.js";
import { Blocking } from "./blocking.js";
import { Changes } from "./changes.js";
import { contactCommands } from "./commands.js";
import { Describing } from "./describing.js";
import { Farewells } from "./farewells.js";
import { HostBlocks } from "./host-blocks.js";
import { People } from "./people.js";
import { Presenter } from "./presenter.js";
import { PrivacyService } from "./privacy.js";
import { Profile } from "./profile.js";
import { Sightings } from "./sightings.js";
import type { ContactOperations } from "./store.js";
import { Subscriptions } from "./subscriptions.js";

const FAREWELLS_EVERY_MS = 60_000;

/** A number is a contact like any other: subscriptions, presence, profile, what its apps can do, blocking. */
export const contacts: CapabilityModule = {
  name: "contacts",
  store: new URL("store.js", import.meta.url),
  create,
};

function create(context: Context): Capability {
  const { availability, events, log, config } = context;
  const store = context.store.of<ContactOperations>("contacts");
  const accounts = context.store.of<AccountOperations>("accounts");
  const people = new People(context.clock, context.numbers, store);
  const sightings = new Sightings(context, store);
  const presenter = new Presenter({ ...context, people, sightings });
  const changes = new Changes({ ...context, people, presenter });
  const hostBlocks = new HostBlocks({ ...context, store, changes });
  const subscriptions = new Subscriptions({
    ...context,
    store,
    people,
    presenter,
    changes,
    hostBlocks,
  });
  const blocking = new Blocking({ ...context, store, changes });
  const privacy = new PrivacyService({ ...context, store, people, presenter, changes });
  const describing = new Describing({ ...context, store });
  const farewells = new Farewells({ ...context, store, people, presenter });
  const background = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      log.warn({ reason: (error as Error).message }, "a contact could not be looked after");
    });
  };
  events.onAccountGone((jid) => {
    people.forget(jid);
    background(farewells.say());
  });
  context.exchange.findDropped(
    async (account, numberJid) => (await hostBlocks.isBlocked(account, numberJid)) === true,
  );
  events.onNumberLinked((jid) => people.forget(jid));
  availability.onAvailable(({ account }, isNew) => {
    if (isNew) background(hostBlocks.review(account));
  });
  return {
    features: {
      component: [NS.blocking],
      number: [NS.lastActivity, NS.vcardTemp, NS.vcard4],
    },
    iqs: iqRoutes(blocking, new Profile({ ...context, store, sightings })),
    commands: contactCommands({ config, vault: context.vault, accounts, privacy, blocking }),
    describeNumber: (request) => describing.describe(request),
    onPresence(presence) {
      if (presence.to.local !== "") background(subscriptions.take(presence));
      // Of whom nobody is told nothing is noted: their going would not be heard of
      else if (presence.type === undefined && presence.from.domain === config.host.domain)
        presenter.note(presence.from, presence.element);
    },
    jobs: [{ name: "relation-farewells", everyMs: FAREWELLS_EVERY_MS, run: () => farewells.say() }],
    onOnline() {
      presenter.settle();
      farewells.settle();
      background(farewells.say());
    },
    stop: () => sightings.flush(),
  };
}

function iqRoutes(blocking: Blocking, profile: Profile): IqRoute[] {
  const blocks = { namespace: NS.blocking, addressee: "component" } as const;
  const asked = { type: "get", addressee: "number" } as const;
  return [
    { ...blocks, type: "get", element: "blocklist", handle: (request) => blocking.list(request) },
    { ...blocks, type: "set", element: "block", handle: (request) => blocking.block(request) },
    { ...blocks, type: "set", element: "unblock", handle: (request) => blocking.unblock(request) },
    {
      ...asked,
      element: "query",
      namespace: NS.lastActivity,
      handle: (request) => profile.lastActivity(request),
    },
    { ...asked, element: "vCard", namespace: NS.vcardTemp, handle: (request) => profile.vcardTemp(request) },
    { ...asked, element: "vcard", namespace: NS.vcard4, handle: (request) => profile.vcard4(request) },
  ];
}
