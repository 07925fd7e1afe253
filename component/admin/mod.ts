import type { CapabilityModule } from "../capability.js";
import { addAdminRoutes } from "./http.js";
import { Overview } from "./overview.js";
import { Administration } from "./service.js";
import type { AdminOperations } from "./store.js";

/** What an admin can look at and mend while the component runs: who is signed up, what waits, entries set aside. */
export const admin: CapabilityModule = {
  name: "admin",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const administration = new Administration(context);
    const overview = new Overview(context);
    const { metrics, store } = context;
    metrics.refreshers.push(async () => {
      metrics.setAsideEntries.set(await store.of<AdminOperations>("admin").countSetAside());
    });
    return {
      http: (server) => addAdminRoutes(server, context.vault, { admin: administration, overview }),
      jobs: administration.jobs,
    };
  },
};
