import { xml } from "../../src/xml.js";
import type { Context } from "../capability.js";

/** What announcing needs. */
export type AnnouncerPorts = Pick<Context, "config" | "link" | "availability" | "description">;

/**
 * Shows the component itself as online to whoever is, with what it can do.
 *
 * That makes the accounts' server tell it of their device lists: it sends an event for each change, and the last
 * item at once to whoever it did not know as available. Source: XEP-0163 §4.3, XEP-0115 §3
 */
export class Announcer {
  readonly #ports: AnnouncerPorts;
  readonly #announced = new Set<string>();

  constructor(ports: AnnouncerPorts) {
    this.#ports = ports;
    ports.availability.onAvailable(({ account, jid }, isNew) => {
      if (isNew) this.#announce(account, jid);
    });
  }

  /** The link is up again: what happened meanwhile is to be told. */
  restart(): void {
    this.#announced.clear();
  }

  #announce(account: string, jid: string): void {
    const { config, link, description } = this.#ports;
    const from = config.link.domain;
    const presence = (to: string): string =>
      xml("presence", { from, to }, description.caps("component")).toString();
    // RFC 6121 §4.3.2.1: the server has been told; this is for the roster of the app that came
    if (this.#announced.has(account)) return link.send(presence(jid));
    this.#announced.add(account);
    // The server may think that it has told everything: then it says nothing of what changed while the link was down
    link.send(xml("presence", { type: "unavailable", from, to: account }).toString() + presence(account));
  }
}
