import { randomBytes } from "node:crypto";
import { readForm, submitElement } from "../../src/data-form.js";
import { LinkError, StanzaError, TwotickError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import type { Sender } from "../capability.js";

/** The localpart of the one exact address from which accounts are made. */
export const REGISTRAR = "registrar";

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * The host did not do what it was asked about an account.
 *
 * `host-unavailable`: whether it was done is not known, trying again helps. `host-refused`: it said no; the
 * admin has to see why (is the registrar's address in the host's `admins`?).
 */
export class HostAccountError extends TwotickError {}

/**
 * Makes, changes and deletes accounts on the host, from the one exact address that is an administrator there.
 *
 * Every command is run in one step. Source: XEP-0133 §4, XEP-0050 §3.4.
 */
export class HostAccounts {
  readonly #link: Sender;
  readonly #host: string;
  readonly #registrar: string;

  /** @param host domain of the accounts @param domain the component's own */
  constructor(link: Sender, host: string, domain: string) {
    this.#link = link;
    this.#host = host;
    this.#registrar = `${REGISTRAR}@${domain}`;
  }

  /** Whether the host can be asked now. */
  get isReachable(): boolean {
    return this.#link.isOnline;
  }

  /**
   * Makes an account, if there is none yet. Source: XEP-0133 §4.1.
   *
   * @throws {HostAccountError}
   */
  async add(jid: string, password: string): Promise<"made" | "exists"> {
    const values = { accountjid: jid, password, "password-verify": password };
    const answer = await this.#run("add-user", values);
    if (answer.isDone) return "made";
    if (await this.exists(jid)) return "exists";
    throw refused("add-user", answer.note);
  }

  /** Sets an account's password, which ends its sessions. @throws {HostAccountError} Source: XEP-0133 §4.7. */
  async setPassword(jid: string, password: string): Promise<void> {
    const answer = await this.#run("change-user-password", { accountjid: jid, password });
    if (!answer.isDone) throw refused("change-user-password", answer.note);
  }

  /** Whether there is such an account. @throws {HostAccountError} Source: XEP-0133 §4.10. */
  async exists(jid: string): Promise<boolean> {
    const answer = await this.#run("user-stats", { accountjid: jid });
    return answer.isDone;
  }

  /** Ends an account's sessions. @throws {HostAccountError} Source: XEP-0133 §4.5. */
  async endSessions(jid: string): Promise<void> {
    const answer = await this.#run("end-user-session", { accountjids: [jid] });
    if (!answer.isDone) throw refused("end-user-session", answer.note);
  }

  /**
   * Deletes an account; one that is gone already is no error. Source: XEP-0133 §4.2.
   *
   * Its password goes first: whoever is logged in is out even where the deletion has to be tried again.
   *
   * @throws {HostAccountError}
   */
  async remove(jid: string): Promise<void> {
    if (!(await this.exists(jid))) return;
    await this.setPassword(jid, newPassword());
    const answer = await this.#run("delete-user", { accountjids: [jid] });
    // Prosody reports what it could not delete in a note that is no error
    if (!answer.isDone || (await this.exists(jid))) throw refused("delete-user", answer.note);
  }

  async #run(
    command: string,
    values: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<{ isDone: boolean; note: string }> {
    const payload = xml(
      "command",
      { xmlns: NS.commands, node: `${NS.admin}#${command}`, action: "complete" },
      submitElement(NS.admin, values),
    );
    const iq = xml("iq", { type: "set", id: newId(), from: this.#registrar, to: this.#host }, payload);
    return readOutcome(await this.#request(iq, command));
  }

  async #request(iq: Element, command: string): Promise<Element> {
    try {
      return await this.#link.request(iq, { timeoutMs: REQUEST_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof StanzaError && error.type !== "wait") throw refused(command, error.message, error);
      if (error instanceof StanzaError || error instanceof LinkError)
        throw new HostAccountError("host-unavailable", `the host did not answer ${command}`, error);
      throw error;
    }
  }
}

/** A password that nobody has to type: 240 random bits. */
export function newPassword(): string {
  return randomBytes(30).toString("base64url");
}

// A failure comes as a result whose note is an error
function readOutcome(answer: Element): { isDone: boolean; note: string } {
  const command = answer.name === "command" ? answer : answer.getChild("command", NS.commands);
  const note = command?.getChild("note");
  const isError = !command || (note !== undefined && attribute(note, "type") === "error");
  const isCompleted = command !== undefined && attribute(command, "status") === "completed";
  const form = command?.getChild("x", NS.dataForms);
  // An unfinished command asks for more: this host wants another form than the standard's
  const asksForMore = form !== undefined && readForm(form).type === "form";
  return { isDone: isCompleted && !isError && !asksForMore, note: note?.getText() ?? "" };
}

function refused(command: string, note: string, cause?: unknown): HostAccountError {
  // Notes of hosts may name the account; only their first words are kept, and no address.
  // An address is looked for where a word begins, so that a long word costs its length and not its square
  const reason = note.replaceAll(/(?<![^\s@])[^\s@]+@\S+/g, "…").slice(0, 120);
  return new HostAccountError(
    "host-refused",
    `the host refused ${command}: ${reason || "no reason given"}`,
    cause,
  );
}
