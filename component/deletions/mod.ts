import type { CapabilityModule } from "../capability.js";
import { DeletionList } from "./service.js";

/** Again at times: what could not be written when it was deleted. */
const WRITE_EVERY_MS = 60_000;

/** What was deleted stays deleted when a backup of before is restored: a list of it stands beside the store. */
export const deletions: CapabilityModule = {
  name: "deletions",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const list = new DeletionList(context);
    return {
      jobs: [{ name: "list deletions", everyMs: WRITE_EVERY_MS, run: () => list.write() }],
      async start() {
        await list.writeIfPossible();
        await list.replay();
      },
      stop: () => list.writeIfPossible(),
    };
  },
};
