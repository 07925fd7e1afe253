import { escapeXML } from "../../src/xml.js";
import type { DeliveryPorts } from "./delivery-ports.js";
import type { OpenSession } from "./open-session.js";

/**
 * How long entries wait for company while others are on the way to the same device: until those are acknowledged, and
 * no longer than this. The busier the road, the later the acknowledgements and the fewer the stanzas: a message that is
 * alone waits for nothing, and a server with too much to do gets less to do.
 */
const GATHER_MS = 5;

/** Decides when what is in the parcels of sessions leaves, and hands it to the link. */
export class Departures {
  readonly #ports: Pick<DeliveryPorts, "domain" | "link" | "clock" | "log">;
  readonly #dirty = new Set<OpenSession>();
  readonly #gathering = new Set<OpenSession>();

  constructor(ports: Pick<DeliveryPorts, "domain" | "link" | "clock" | "log">) {
    this.#ports = ports;
  }

  /** An entry was put into the parcel: it goes at the end of this turn, or gathers. */
  add(session: OpenSession): void {
    if (this.#dirty.size === 0) setImmediate(() => this.endTurn());
    this.#dirty.add(session);
  }

  /** Sends what was put into parcels in this turn, but for those whose devices have something to acknowledge first. */
  endTurn(): void {
    const now = this.#ports.clock.monotonicMs();
    for (const session of this.#dirty) {
      if (session.sentAtMs === undefined || now - session.sentAtMs >= GATHER_MS) this.flush(session);
      else this.#gather(session);
    }
    this.#dirty.clear();
  }

  /** The device has acknowledged: what gathered for it has waited long enough. */
  release(session: OpenSession): void {
    if (this.#gathering.delete(session)) this.flush(session);
  }

  /** Sends what is in the parcel now. */
  flush(session: OpenSession): void {
    const content = session.parcel.take();
    if (content === undefined) return;
    session.sentAtMs = this.#ports.clock.monotonicMs();
    this.tell(session.fullJid, content);
  }

  /** Sends a message that the server keeps for nobody: it arrives or it is gone. */
  tell(fullJid: string, content: string): void {
    const { domain, link, log } = this.#ports;
    // Offline: entries stay where they are, and go when the link is up again
    if (!link.isOnline) return;
    try {
      link.send(`<message type='headline' from='${domain}' to='${escapeXML(fullJid)}'>${content}</message>`);
    } catch (error) {
      // The server does not read, or will not take it: the time-out of the window looks after what was in it
      log.warn({ reason: (error as Error).message }, "a delivery could not be sent");
    }
  }

  /** The session has ended: nothing of it leaves any more. */
  forget(session: OpenSession): void {
    this.#dirty.delete(session);
    this.#gathering.delete(session);
  }

  /** Lets nothing leave that gathers. */
  stop(): void {
    this.#gathering.clear();
  }

  #gather(session: OpenSession): void {
    if (this.#gathering.size === 0) this.#ports.clock.after(GATHER_MS, () => this.#endGathering());
    this.#gathering.add(session);
  }

  #endGathering(): void {
    for (const session of this.#gathering) this.flush(session);
    this.#gathering.clear();
  }
}
