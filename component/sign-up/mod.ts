import type { CapabilityModule } from "../capability.js";
import { Codes } from "./codes.js";
import { linkCommand } from "./commands.js";
import { addSignUpRoutes } from "./http.js";
import { createProvider } from "./providers/mod.js";
import { SignUp } from "./sign-up.js";
import type { SignUpOperations } from "./store.js";
import { SWEEP_ROWS } from "./tables.js";

const SWEEP_EVERY_MS = 60_000;

/** Sign-up by phone number: an HTTP API for newcomers, a command for who has an account. */
export const signUp: CapabilityModule = {
  name: "sign-up",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const { config, clock, store } = context;
    const codes = new Codes(context, createProvider(config.signUp, clock));
    const parts = { codes, signUp: new SignUp(context, codes) };
    const operations = store.of<SignUpOperations>("sign-up");
    return {
      http: (server) => addSignUpRoutes(server, context, parts),
      commands: [linkCommand(context, parts)],
      jobs: [
        {
          name: "sign-up-sweep",
          everyMs: SWEEP_EVERY_MS,
          run: async () => {
            let ended: number;
            do ended = await operations.sweep(config.signUp.breaker, clock.now());
            while (ended === SWEEP_ROWS);
          },
        },
      ],
    };
  },
};
