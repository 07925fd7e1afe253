import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";
import type { Context, IqRequest } from "../capability.js";
import { whoAsks, type AskingPorts } from "./asking.js";
import type { Sightings } from "./sightings.js";
import { presentVcard4, presentVcardTemp } from "./vcard.js";

/** How long the account's server may take. */
const TIMEOUT_MS = 10_000;

/** What answering about a person needs. */
export type ProfilePorts = AskingPorts &
  Pick<Context, "availability" | "clock" | "link"> & { readonly sightings: Pick<Sightings, "lastSeen"> };

/** Answers what one asks about a person by number: the vCard, and when the person was last seen. */
export class Profile {
  readonly #ports: ProfilePorts;

  constructor(ports: ProfilePorts) {
    this.#ports = ports;
  }

  /** Source: XEP-0054 §3.2. @throws {StanzaError} */
  async vcardTemp(request: IqRequest): Promise<Element> {
    const { answer, account } = await this.#read(request, xml("vCard", { xmlns: NS.vcardTemp }));
    const vcard = answer.getChild("vCard", NS.vcardTemp);
    if (!vcard) throw nothing();
    return presentVcardTemp(vcard, request.to.bare, account);
  }

  /** Source: XEP-0292 §5. @throws {StanzaError} */
  async vcard4(request: IqRequest): Promise<Element> {
    const { answer, account } = await this.#read(request, xml("vcard", { xmlns: NS.vcard4 }));
    const vcard = answer.getChild("vcard", NS.vcard4);
    if (!vcard) throw nothing();
    return presentVcard4(vcard, request.to.bare, account);
  }

  /**
   * How long ago the person was last there; 0 for whoever is seen to be there now.
   *
   * @throws {StanzaError} `forbidden` when the person does not tell this one. Source: XEP-0012 §3, §4
   */
  async lastActivity(request: IqRequest): Promise<Element> {
    const asked = await whoAsks(this.#ports, request);
    if (!asked.sees.lastSeen)
      throw new StanzaError("forbidden", "this person does not tell when they were last seen");
    const isThere = this.#ports.availability.resourcesOf(asked.person.jid).length > 0;
    if (isThere && asked.sees.presence) return last(0);
    const seenAt = this.#ports.sightings.lastSeen(asked.person.jid) ?? asked.seenAt;
    if (seenAt === undefined) throw nothing();
    return last(Math.max(0, Math.floor((this.#ports.clock.now() - seenAt) / 1000)));
  }

  async #read(request: IqRequest, payload: Element): Promise<{ answer: Element; account: string }> {
    const asked = await whoAsks(this.#ports, request);
    if (!asked.sees.profile) throw nothing();
    const { link, config } = this.#ports;
    const account = asked.person.jid;
    const iq = xml("iq", { type: "get", id: newId(), from: config.link.domain, to: account }, payload);
    try {
      return { answer: await link.request(iq, { timeoutMs: TIMEOUT_MS }), account };
    } catch (error) {
      // What the account's server says could tell who is behind the number
      if (error instanceof StanzaError && error.type !== "wait") throw nothing();
      throw new StanzaError("remote-server-timeout", "the profile cannot be fetched at the moment", {
        cause: error,
      });
    }
  }
}

function last(seconds: number): Element {
  return xml("query", { xmlns: NS.lastActivity, seconds });
}

function nothing(): StanzaError {
  return new StanzaError("item-not-found", "there is nothing to be seen");
}
