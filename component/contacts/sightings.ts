import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Sighting } from "./sighting-store.js";
import type { ContactOperations } from "./store.js";

/** Sightings gather for so long before they are written. */
const FLUSH_MS = 1_000;

/** Keeps when people were last seen: a thousand who come and go in a minute cost a commit a second. */
export class Sightings {
  readonly #ports: Pick<Context, "clock" | "log">;
  readonly #store: Remote<ContactOperations>;
  readonly #online = new Set<string>();
  readonly #waiting = new Map<string, Sighting>();
  #hasTimer = false;

  constructor(ports: Pick<Context, "clock" | "log">, store: Remote<ContactOperations>) {
    this.#ports = ports;
    this.#store = store;
  }

  /** Somebody came, or the last resource of an account (bare JID) has gone. */
  note(jid: string, isOnline: boolean): void {
    if (this.#online.has(jid) === isOnline) return;
    if (isOnline) this.#online.add(jid);
    else this.#online.delete(jid);
    this.#waiting.set(jid, { jid, isOnline, at: this.#ports.clock.now() });
    if (this.#hasTimer) return;
    this.#hasTimer = true;
    this.#ports.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    this.#hasTimer = false;
    const sightings = [...this.#waiting.values()];
    this.#waiting.clear();
    if (sightings.length === 0) return;
    try {
      await this.#store.noteSightings(sightings);
    } catch (error) {
      this.#ports.log.warn(
        { reason: (error as Error).message },
        "it could not be kept who was last seen when",
      );
    }
  }
}
