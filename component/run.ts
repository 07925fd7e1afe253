import { InvalidInput } from "../src/errors.js";
import { App } from "./app.js";
import type { Config } from "./config.js";

/** How the component ended: as asked, or why it could not go on. */
export type ComponentEnd =
  { readonly kind: "stopped" } | { readonly kind: "failed" | "refused"; readonly message: string };

/** Runs the component until SIGTERM or SIGINT, or until it cannot go on. */
export async function runComponent(config: Config): Promise<ComponentEnd> {
  try {
    const app = await App.start(config);
    const asked = new Promise<"asked">((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve("asked"));
    });
    const first = await Promise.race([asked, app.failure]);
    if (first !== "asked") return { kind: "failed", message: first.message };
    await app.stop();
    return { kind: "stopped" };
  } catch (error) {
    const kind = error instanceof InvalidInput ? "refused" : "failed";
    return { kind, message: (error as Error).message };
  }
}
