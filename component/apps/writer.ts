import type { Context } from "../capability.js";
import type { Offer } from "../mailbox/delivery-ports.js";
import type { AppSession } from "./session.js";
import { writeForApp, type Written } from "./written.js";

/** Messages of which it is remembered that they went to an app of an account already: so many, and up to twice that. */
const MAX_ARCHIVED = 10_000;

/** Writes entries for apps: each the same way whenever it goes, and for an archive of the host once. */
export class AppWriter {
  readonly #context: Pick<Context, "clock" | "config" | "vault">;
  #archived = new Set<string>();
  #archivedBefore = new Set<string>();

  constructor(context: Pick<Context, "clock" | "config" | "vault">) {
    this.#context = context;
  }

  /** Writes an entry for an app. */
  write(session: AppSession, offer: Offer): Written {
    const { config, clock, vault } = this.#context;
    const { content, seq } = offer;
    const isAgain = seq <= session.tries.once;
    const stanzaId =
      content.kind === "message"
        ? vault.keyedHash("stanza-id", `${content.from}\0${content.id}`).subarray(0, 15).toString("base64url")
        : "";
    return writeForApp(content, {
      to: session.fullJid,
      reader: session,
      domain: config.link.domain,
      now: clock.now(),
      stanzaId,
      isAgain,
      isArchived: !isAgain && this.#isFirst(session, offer),
    });
  }

  // An archive of the host is to have a message once, however many apps it goes to
  #isFirst({ account }: AppSession, { content }: Offer): boolean {
    if (content.kind !== "message") return false;
    const key = `${account} ${content.from} ${content.id}`;
    if (this.#archived.has(key) || this.#archivedBefore.has(key)) return false;
    // Two sets in turn: to take the oldest out of one means to pass by all that were taken out before it
    if (this.#archived.size >= MAX_ARCHIVED) {
      this.#archivedBefore = this.#archived;
      this.#archived = new Set();
    }
    this.#archived.add(key);
    return true;
  }
}
