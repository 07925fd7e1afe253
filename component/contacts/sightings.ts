import type { EpochMs } from "../../src/clock.js";
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
  /** When the last resource of who was online was lost; that one may be back. */
  readonly #lostAt = new Map<string, EpochMs>();
  #hasTimer = false;

  constructor(ports: Pick<Context, "clock" | "log">, store: Remote<ContactOperations>) {
    this.#ports = ports;
    this.#store = store;
  }

  /** The last resource of an account (bare JID) is not there; whether it has gone is believed later. */
  lost(jid: string): void {
    if (this.#online.has(jid)) this.#lostAt.set(jid, this.#ports.clock.now());
  }

  /** When an account (bare JID) that is not there was last seen, where that is newer than what is kept. */
  lastSeen(jid: string): EpochMs | undefined {
    const waiting = this.#waiting.get(jid);
    return this.#lostAt.get(jid) ?? (waiting?.isOnline === false ? waiting.at : undefined);
  }

  /** Somebody came, or the last resource of an account (bare JID) has gone. */
  note(jid: string, isOnline: boolean): void {
    if (this.#online.has(jid) === isOnline) return;
    if (isOnline) this.#online.add(jid);
    else this.#online.delete(jid);
    const at = (isOnline ? undefined : this.#lostAt.get(jid)) ?? this.#ports.clock.now();
    this.#lostAt.delete(jid);
    this.#waiting.set(jid, { jid, isOnline, at });
    if (this.#hasTimer) return;
    this.#hasTimer = true;
    this.#ports.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    this.#hasTimer = false;
    const sightings = [...this.#waiting.values()];
    if (sightings.length === 0) return;
    try {
      await this.#store.noteSightings(sightings);
    } catch (error) {
      this.#ports.log.warn(
        { reason: (error as Error).message },
        "it could not be kept who was last seen when",
      );
    } finally {
      // What was noted meanwhile waits for the next time
      for (const one of sightings) if (this.#waiting.get(one.jid) === one) this.#waiting.delete(one.jid);
    }
  }
}
