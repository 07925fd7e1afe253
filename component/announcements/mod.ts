import { addForAdmin } from "../admin/http.js";
import type { CapabilityModule } from "../capability.js";
import { addAnnouncementRoutes } from "./http.js";
import { Announcements } from "./service.js";

/** The admin writes to everybody. Source: docs/decisions/0012-announcements.md */
export const announcements: CapabilityModule = {
  name: "announcements",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const service = new Announcements(context);
    return {
      http: (server) =>
        addForAdmin(server, context.vault, (routes, prefix) =>
          addAnnouncementRoutes(routes, prefix, service),
        ),
      // What a restart broke off
      onOnline: () => service.goOn(),
      stop: () => Promise.resolve(service.stop()),
    };
  },
};
