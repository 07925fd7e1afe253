import type { CapabilityModule } from "../capability.js";
import { untilDone } from "../turns.js";
import { linkCommand } from "./commands.js";
import { Linking } from "./linking.js";
import type { LinkingOperations } from "./store.js";

const SWEEP_EVERY_MS = 60_000;

/** How an account that exists already gets a number, over XMPP. */
export const linking: CapabilityModule = {
  name: "linking",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const { clock, store } = context;
    const operations = store.of<LinkingOperations>("linking");
    return {
      commands: [linkCommand(context, new Linking(context))],
      jobs: [
        {
          name: "linking-sweep",
          everyMs: SWEEP_EVERY_MS,
          run: () => untilDone(() => operations.sweep(clock.now())),
        },
      ],
    };
  },
};
