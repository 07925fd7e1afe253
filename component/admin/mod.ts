import type { CapabilityModule } from "../capability.js";
import { addAdminRoutes } from "./http.js";
import { Administration } from "./service.js";
import type { AdminOperations } from "./store.js";

/** What an admin can look at and mend while the component runs: entries set aside, everything about a number. */
export const admin: CapabilityModule = {
  name: "admin",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const administration = new Administration(context);
    const { metrics, store } = context;
    metrics.refreshers.push(async () => {
      metrics.setAsideEntries.set(await store.of<AdminOperations>("admin").countSetAside());
    });
    return {
      http: (server) => addAdminRoutes(server, context.vault, administration),
      jobs: administration.jobs,
    };
  },
};
