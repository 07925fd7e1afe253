import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import type { CapabilityModule, Context } from "../capability.js";
import type { DirectoryOperations } from "../directory/store.js";
import type { Remote } from "../store/operations.js";

/** People suggested at once; the rest follow when the app has taken these. */
const MAX_ITEMS = 50;

/**
 * Answers after which the same is not suggested again.
 *
 * Gajim 2.5 announces suggestions, shows them, and answers that it has no such feature.
 */
const DECLINED: ReadonlySet<string> = new Set([
  "feature-not-implemented",
  "forbidden",
  "not-acceptable",
  "not-allowed",
  "not-authorized",
]);

/**
 * Suggests people to apps that take suggestions: those in the phone book, and those who sign up after somebody looked
 * for them in vain.
 *
 * Source: XEP-0144
 */
export const suggestions: CapabilityModule = {
  name: "suggestions",
  create(context) {
    const { config, events, availability } = context;
    if (!config.lookups.suggestions) return {};
    const suggesting = new Suggesting(context);
    const toAll = (account: string): void => {
      for (const { jid } of availability.resourcesOf(account)) suggesting.begin(account, jid);
    };
    events.onPhoneBookRead(toAll);
    events.onNumberLinked((account) => {
      toAll(account);
      suggesting.announce(account, toAll);
    });
    availability.onAvailable(({ account, jid }, isNew) => {
      if (isNew) suggesting.begin(account, jid);
    });
    return {};
  },
};

class Suggesting {
  readonly #context: Context;
  readonly #directory: Remote<DirectoryOperations>;
  /** Full JIDs that are being told; whether there is reason to look once more. */
  readonly #underWay = new Map<string, { isAgain: boolean }>();

  constructor(context: Context) {
    this.#context = context;
    this.#directory = context.store.of<DirectoryOperations>("directory");
  }

  /** Tells an app what its account has not been told, unless it cannot take it. */
  begin(account: string, fullJid: string): void {
    const known = this.#underWay.get(fullJid);
    if (known) {
      known.isAgain = true;
      return;
    }
    const round = { isAgain: false };
    this.#underWay.set(fullJid, round);
    void this.#suggest(account, fullJid, round)
      .catch((error: unknown) => this.#tell(error))
      .finally(() => this.#underWay.delete(fullJid));
  }

  /** Tells who looked for the number of this account. @param tell tells everything to all apps of an account */
  announce(account: string, tell: (account: string) => void): void {
    this.#directory
      .knowing(account)
      .then((accounts) => accounts.forEach(tell))
      .catch((error: unknown) => this.#tell(error));
  }

  async #suggest(account: string, fullJid: string, round: { isAgain: boolean }): Promise<void> {
    do {
      round.isAgain = false;
      const people = await this.#directory.untold(account, MAX_ITEMS);
      if (people.length === 0) continue;
      const features = await this.#context.availability.featuresOf(fullJid);
      // XEP-0144 §4: only to who announces support
      if (features?.has(NS.rosterExchange) !== true) return;
      await this.#send(
        fullJid,
        people.map((person) => this.#context.numbers.jidOf(person)),
      );
      await this.#directory.setTold(
        account,
        people.map(({ hash }) => hash),
      );
      round.isAgain ||= people.length === MAX_ITEMS;
    } while (round.isAgain);
  }

  // XEP-0144 §5: an IQ, because it is known that the app is there and can answer
  async #send(to: string, jids: readonly string[]): Promise<void> {
    const { link, config } = this.#context;
    const items = jids.map((jid) => xml("item", { action: "add", jid }));
    const offer = xml("x", { xmlns: NS.rosterExchange }, ...items);
    try {
      await link.request(xml("iq", { type: "set", id: newId(), from: config.link.domain, to }, offer));
    } catch (error) {
      // Declined for good, or shown all the same; anything else may work when the app is back
      if (!(error instanceof StanzaError && DECLINED.has(error.condition))) throw error;
    }
  }

  #tell(error: unknown): void {
    // It tries again when the app is back
    this.#context.log.debug({ reason: (error as Error).name }, "a suggestion was not taken");
  }
}
