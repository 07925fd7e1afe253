import type { Context } from "../capability.js";
import type { NewReceiptEntry } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { Answer } from "./asking.js";
import type { AppSession } from "./session.js";
import type { AppOperations } from "./store.js";
import type { Tries } from "./tries-store.js";

/** What a delivery begins with. */
export interface Beginning {
  readonly tries: Tries;
  /** Whether entries should go one at a time. */
  readonly isCautious: boolean;
}

/** What looking at the return of an app needs. */
export interface ReturnPorts {
  readonly context: Pick<Context, "clock" | "log" | "metrics">;
  readonly store: Pick<Remote<AppOperations>, "tries" | "sendAgain">;
  readonly offerReceipts: (receipts: readonly NewReceiptEntry[]) => void;
  readonly ask: (session: AppSession) => Promise<Answer>;
}

/** Looks at an app that is there (again): how far it was sent what waits, and whether that may go. */
export class Returns {
  readonly #ports: ReturnPorts;

  constructor(ports: ReturnPorts) {
    this.#ports = ports;
  }

  /** `undefined` for an app that has gone, and for one of which no mailbox is known. */
  async of(session: AppSession): Promise<Beginning | undefined> {
    const tries = await this.#ports.store.tries(session.device);
    if (!tries || session.isClosed) return undefined;
    // What may have arrived before goes again only to an app of which it is known that it is there
    if (tries.hasUnconfirmed && !(await this.#isThere(session))) return undefined;
    return { tries, isCautious: tries.hasUnconfirmed && (await this.#returned(session)) };
  }

  async #isThere(session: AppSession): Promise<boolean> {
    for (;;) {
      const answer = await this.#ports.ask(session);
      if (answer === "there") return !session.isClosed;
      if (answer === "gone" || session.isClosed) return false;
    }
  }

  /** Answers whether entries should go one at a time. */
  async #returned(session: AppSession): Promise<boolean> {
    const { store, context, offerReceipts } = this.#ports;
    const { hasSetAside, isCautious, receipts } = await store.sendAgain(session.device, context.clock.now());
    offerReceipts(receipts);
    if (!hasSetAside) return isCautious;
    context.metrics.entriesSetAside.inc();
    context.log.warn(
      { mailbox: session.device },
      "an entry was set aside: an app was sent it too often without acknowledging it",
    );
    return isCautious;
  }
}
