import type { CapabilityModule } from "../capability.js";
import { untilDone } from "../turns.js";
import { findCommand } from "./commands.js";
import { Directory } from "./directory.js";
import type { DirectoryOperations } from "./store.js";

const SWEEP_EVERY_MS = 10 * 60_000;

/** Who has which number: looked up within a quota, and who asked for whom. */
export const directory: CapabilityModule = {
  name: "directory",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const { clock, store } = context;
    const operations = store.of<DirectoryOperations>("directory");
    return {
      commands: [findCommand(context, new Directory(context))],
      jobs: [
        {
          name: "directory-sweep",
          everyMs: SWEEP_EVERY_MS,
          run: () => untilDone(() => operations.sweep(clock.now())),
        },
      ],
    };
  },
};
