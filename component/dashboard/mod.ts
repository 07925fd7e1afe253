import { Administration } from "../admin/service.js";
import type { CapabilityModule } from "../capability.js";
import { addDashboardRoutes } from "./routes.js";
import { View } from "./view.js";

/** The page on which an admin sees what the component does, and mends what is set aside. */
export const dashboard: CapabilityModule = {
  name: "dashboard",
  create(context) {
    const { clock, config, vault } = context;
    if (!config.dashboard.enabled) return {};
    const view = new View(context);
    const admin = new Administration(context);
    return {
      http: (server) => addDashboardRoutes(server, { vault, clock, admin, view }),
      jobs: [view.job],
    };
  },
};
