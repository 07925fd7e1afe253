import type { CapabilityModule } from "../capability.js";
import { awaitAccounts, settleInvitations, tellWhetherOffered } from "../invitations/outcomes.js";
import { addWelcomePage } from "../welcome/routes.js";
import { untilDone } from "../turns.js";
import { addSignUpRoutes } from "./http.js";
import { signUpParts } from "./parts.js";
import type { SignUpOperations } from "./store.js";

const SWEEP_EVERY_MS = 60_000;

/** Sign-up by phone number: an HTTP API for newcomers. */
export const signUp: CapabilityModule = {
  name: "sign-up",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const { config, clock, store } = context;
    const operations = store.of<SignUpOperations>("sign-up");
    return {
      http(server) {
        const parts = signUpParts(context);
        addSignUpRoutes(server, context, parts);
        if (config.welcome.enabled) addWelcomePage(server, context, parts);
      },
      jobs: [
        { name: "invitations", everyMs: SWEEP_EVERY_MS, run: settleInvitations(context) },
        {
          name: "sign-up-sweep",
          everyMs: SWEEP_EVERY_MS,
          run: () => untilDone(() => operations.sweep(config.signUp.breaker, clock.now())),
        },
      ],
      start: () => awaitAccounts(context, signUpParts(context).signUp.toCome),
      onOnline: () => void tellWhetherOffered(context),
    };
  },
};
