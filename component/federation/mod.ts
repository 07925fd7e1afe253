import type { CapabilityModule } from "../capability.js";
import { untilDone } from "../turns.js";
import { strangersCommand } from "./commands.js";
import type { FederationOperations } from "./store.js";
import { Strangers } from "./strangers.js";

const DAY_MS = 86_400_000;

/** Whom a person has not written to for so long is a stranger again. */
const FORGET_AFTER_MS = 180 * DAY_MS;

/** Messages of people on other servers, where the admin and the person allow them. Source: docs/decisions/0010-federation.md */
export const federation: CapabilityModule = {
  name: "federation",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const { clock, config } = context;
    const store = context.store.of<FederationOperations>("federation");
    const forget = async (): Promise<void> => {
      await untilDone(() => store.forgetTrials(Math.floor(clock.now() / DAY_MS)));
      await untilDone(() => store.forgetAnswers(clock.now() - FORGET_AFTER_MS));
    };
    const jobs = [{ name: "forget strangers", everyMs: DAY_MS, run: forget }];
    if (!config.federation.allowed) return { jobs };
    const strangers = new Strangers({ context, store });
    return {
      numberMessage: (message) => strangers.take(message),
      commands: [strangersCommand(context, store)],
      jobs,
    };
  },
};
