import { parseStamp } from "../../src/clock.js";
import { readForm } from "../../src/data-form.js";
import { InvalidInput, LinkError, StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import { HostAccountError, REGISTRAR } from "../accounts/host-accounts.js";
import type { Sender } from "../capability.js";

const REQUEST_TIMEOUT_MS = 10_000;
const CREATE_ACCOUNT = `${NS.invite}#create-account`;
const TOKEN = /^[\w-]{8,128}$/;

/** An invitation to make one account, as the host made it. */
export interface HostInvitation {
  /** What opens an app that makes the account of the reserved address. Source: XEP-0445 §2.1. */
  readonly uri: string;
  /** From when on the host does not take it any more, in ms since 1970. */
  readonly expiresAt: number;
}

/** Has the host make account invitations, from the one address that is an administrator there. Source: XEP-0401. */
export class HostInvitations {
  readonly #link: Sender;
  readonly #host: string;
  readonly #registrar: string;

  /** @param host domain of the accounts @param domain the component's own */
  constructor(link: Sender, host: string, domain: string) {
    this.#link = link;
    this.#host = host;
    this.#registrar = `${REGISTRAR}@${domain}`;
  }

  /** Whether the host makes account invitations for us. @throws {HostAccountError} Source: XEP-0050 §2.2. */
  async areOffered(): Promise<boolean> {
    const query = xml("query", { xmlns: NS.discoItems, node: NS.commands });
    const answer = await this.#request("get", query);
    const items = (answer.name === "query" ? answer : answer.getChild("query"))?.getChildren("item") ?? [];
    return items.some((item) => attribute(item, "node") === CREATE_ACCOUNT);
  }

  /**
   * Makes an invitation, and writes into its link the address that the account is to have.
   *
   * Stock Prosody ties a token to no address. An app makes the account of the address in the link, and nobody else can:
   * the address is random and nobody else has seen it.
   *
   * @param account bare JID, with a localpart that cannot be guessed
   * @throws {HostAccountError} `host-refused` when the host makes none
   */
  async create(account: string): Promise<HostInvitation> {
    const command = xml("command", { xmlns: NS.commands, node: CREATE_ACCOUNT, action: "execute" });
    const answer = await this.#request("set", command);
    const done = answer.name === "command" ? answer : answer.getChild("command", NS.commands);
    const form = done?.getChild("x", NS.dataForms);
    if (!form) throw refused("it answered without an invitation");
    try {
      const { values } = readForm(form);
      const token = tokenOf(values.get("uri")?.[0] ?? "");
      return {
        uri: `xmpp:${account}?register;preauth=${token}`,
        expiresAt: parseStamp(values.get("expire")?.[0]),
      };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw refused(error.message, error);
    }
  }

  async #request(type: "get" | "set", payload: Element): Promise<Element> {
    const iq = xml("iq", { type, id: newId(), from: this.#registrar, to: this.#host }, payload);
    try {
      return await this.#link.request(iq, { timeoutMs: REQUEST_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof StanzaError && error.type !== "wait") throw refused(error.message, error);
      if (error instanceof StanzaError || error instanceof LinkError)
        throw new HostAccountError(
          "host-unavailable",
          "the host did not answer a question about invitations",
          error,
        );
      throw error;
    }
  }
}

// XEP-0445 §2: xmpp:example.org?register;preauth=TOKEN, with further parameters or none
function tokenOf(uri: string): string {
  const [, query = ""] = /^xmpp:[^?#]+\?(.+)$/.exec(uri) ?? [];
  const [action, ...parameters] = query.split(";");
  const token = parameters.find((one) => one.startsWith("preauth="))?.slice("preauth=".length) ?? "";
  if (action !== "register" || !TOKEN.test(token)) throw new InvalidInput("its link cannot be read");
  return token;
}

function refused(reason: string, cause?: unknown): HostAccountError {
  return new HostAccountError("host-refused", `the host makes no invitations: ${reason}`, cause);
}
