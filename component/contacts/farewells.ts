import { escapeXML } from "../../src/xml.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { People } from "./people.js";
import { SETTLE_MS, type Presenter } from "./presenter.js";
import type { ContactOperations } from "./store.js";

/** Rows of one turn. */
const TURN = 200;

/** What saying goodbye needs. */
export type FarewellPorts = Pick<
  Context,
  "availability" | "clock" | "config" | "link" | "log" | "numbers"
> & {
  readonly store: Remote<ContactOperations>;
  readonly people: People;
  readonly presenter: Presenter;
};

/** Tells what nobody was there to tell: relations that ended with a number, people who left while the component was away. */
export class Farewells {
  readonly #ports: FarewellPorts;
  #isSaying: Promise<void> | undefined;
  #hasSettled = false;

  constructor(ports: FarewellPorts) {
    this.#ports = ports;
  }

  /** Tells both sides of relations that ended, so that no roster believes in them. Source: RFC 6121 §3.2, §3.3 */
  async say(): Promise<void> {
    this.#isSaying ??= this.#say().finally(() => {
      this.#isSaying = undefined;
    });
    await this.#isSaying;
  }

  /** The link is up for the first time: who was online before the start, and does not come back, has gone. */
  settle(): void {
    if (this.#hasSettled) return;
    this.#hasSettled = true;
    const { clock, log } = this.#ports;
    clock.after(SETTLE_MS, () => {
      this.#showGone().catch((error: unknown) => {
        log.warn({ reason: (error as Error).message }, "it could not be shown who has gone");
      });
    });
  }

  async #say(): Promise<void> {
    const { store, link, people } = this.#ports;
    for (;;) {
      const ended = await store.endedRelations(TURN);
      if (ended.length === 0 || !link.isOnline) return;
      people.forget(...ended.map(({ jid }) => jid));
      for (const { jid, number } of ended) if (number.sealed.length > 0) this.#end(jid, number);
      await store.forgetEnded(ended.map(({ id }) => id));
    }
  }

  #end(jid: string, number: { readonly id: number; readonly sealed: Uint8Array }): void {
    const { link, numbers } = this.#ports;
    const from = escapeXML(numbers.jidOf(number));
    for (const type of ["unavailable", "unsubscribe", "unsubscribed"])
      link.send(`<presence type='${type}' from='${from}' to='${escapeXML(jid)}'/>`);
  }

  async #showGone(): Promise<void> {
    const { store, availability, people, presenter, clock } = this.#ports;
    for (let after = ""; ;) {
      const page = await store.leftOnline(after, TURN);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last;
      const gone = page.filter((jid) => availability.resourcesOf(jid).length === 0);
      await store.noteSightings(gone.map((jid) => ({ jid, isOnline: false, at: clock.now() })));
      for (const jid of gone) {
        const person = await people.glance(jid);
        if (person) await presenter.showGone(person);
      }
    }
  }
}
