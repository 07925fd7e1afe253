import { StanzaError } from "../../src/errors.js";
import type { Remote } from "../store/operations.js";
import type { Changes } from "./changes.js";
import type { People } from "./people.js";
import type { Presenter } from "./presenter.js";
import type { Context } from "../capability.js";
import type { PrivacySettings } from "./sight.js";
import type { ContactOperations } from "./store.js";

/** What changing settings needs. */
export type PrivacyPorts = Pick<Context, "numbers" | "events"> & {
  readonly store: Remote<ContactOperations>;
  readonly people: People;
  readonly presenter: Presenter;
  readonly changes: Changes;
};

/** What people let others see. */
export class PrivacyService {
  readonly #ports: PrivacyPorts;

  constructor(ports: PrivacyPorts) {
    this.#ports = ports;
  }

  /** What an account (bare JID) has decided. @throws {StanzaError} `item-not-found` without a number */
  async of(jid: string): Promise<PrivacySettings> {
    const settings = await this.#ports.store.settingsOf(jid);
    if (!settings) throw noNumber();
    return settings;
  }

  /** Decides anew; everybody whose sight of the person changes sees it at once. @throws {StanzaError} */
  async change(jid: string, settings: PrivacySettings): Promise<void> {
    const { store, people, presenter, changes, numbers, events } = this.#ports;
    const changed = await store.changeSettings(jid, settings);
    if (!changed) throw noNumber();
    const { me, affected } = changed;
    const addresses = { jid, numberJid: numbers.jidOf(me.number) };
    people.forget(jid, ...affected.map(({ party }) => party.jid));
    for (const { party, isVisible, isTold } of affected) {
      if (isTold) changes.tell(me, party.jid, "subscribed");
      if (isVisible) await changes.show(me, party);
      else presenter.hide(addresses, party.jid);
    }
    events.sightChanged(addresses);
  }
}

function noNumber(): StanzaError {
  return new StanzaError("item-not-found", "no number belongs to this account");
}
