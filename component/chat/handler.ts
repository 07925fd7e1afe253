import { type Clock, parseStamp } from "../../src/clock.js";
import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import type { Context, Stanza } from "../capability.js";
import { english } from "../languages/en.js";
import { type Language, say } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";
import type { Remote } from "../store/operations.js";
import { Conversation } from "./conversation.js";
import { type Partner, Partners } from "./partners.js";
import type { ChatOperations } from "./store.js";

/** What was written longer ago is not done now: its writer has gone on. */
const MAX_DELAY_MS = 10 * 60_000;
const ENCRYPTIONS = [NS.omemo, NS.omemo2];

/** Messages to the component itself, and its answers. */
export class ChatHandler {
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #conversation: Conversation;
  readonly #partners: Partners;
  readonly #operations: Remote<ChatOperations>;

  constructor(context: Context) {
    this.#context = context;
    this.#clock = context.clock;
    this.#conversation = new Conversation(context);
    this.#partners = new Partners(context.clock);
    this.#operations = context.store.of<ChatOperations>("chat");
  }

  /** Takes a message. @throws {StanzaError} `forbidden` for strangers */
  async take({ from, type = "normal", element }: Stanza): Promise<void> {
    // RFC 6121 §5.2.2: a headline expects no reply; there are no rooms here
    if (type !== "chat" && type !== "normal") return;
    const body = element.getChild("body");
    if (!body) return;
    if (from.domain !== this.#context.config.host.domain || from.local === "")
      throw new StanzaError("forbidden", "this service is for accounts of its own server");
    const partner = this.#partners.of(from.bare);
    if (this.#isLate(element) || !this.#partners.mayAnswer(partner)) return;
    this.#confirm(from, element);
    if (!this.#partners.isNew(partner, attribute(element, "id"))) return;
    const answered = partner.last.then(() => this.#answer(from, type, body, partner));
    partner.last = answered.catch(() => undefined);
    await answered;
  }

  /** Tells somebody whose account has no number how to get one; once a day. @param fullJid who was refused */
  async hint(from: Jid): Promise<void> {
    if (from.domain !== this.#context.config.host.domain || from.local === "") return;
    if (!(await this.#operations.takeHint(from.bare, this.#clock.now()))) return;
    const language = this.#partners.of(from.bare).language ?? english;
    this.#say(from, "chat", { text: say(language, "hint"), language });
  }

  async #answer(from: Jid, type: string, body: Element, partner: Partner): Promise<void> {
    const element = body.parent ?? body;
    const language = languageIn(body);
    const isEncrypted = ENCRYPTIONS.some((namespace) => element.getChild("encrypted", namespace));
    const line = { from, text: body.getText(), language, isEncrypted };
    const answer = await this.#conversation.answer(line, partner).catch((error: unknown) => {
      this.#context.log.error({ reason: (error as Error).name }, "a line of the chat could not be answered");
      const used = language ?? partner.language ?? english;
      return { text: say(used, "failed"), language: used };
    });
    if (answer) this.#say(from, type, answer, element.getChildText("thread") ?? undefined);
  }

  // XEP-0184 §5.3
  #confirm(from: Jid, element: Element): void {
    const id = attribute(element, "id");
    if (id === undefined || !element.getChild("request", NS.receipts)) return;
    const received = xml("received", { xmlns: NS.receipts, id });
    this.#send(xml("message", { ...this.#head(from), type: "chat" }, received));
  }

  #say(
    to: Jid,
    type: string,
    { text, language }: { readonly text: string; readonly language: Language },
    thread?: string,
  ): void {
    const head = { ...this.#head(to), type, "xml:lang": language.tag };
    const threaded = thread === undefined ? undefined : xml("thread", {}, thread);
    this.#send(xml("message", head, xml("body", {}, text), threaded));
  }

  #head(to: Jid): Record<string, string> {
    return { from: this.#context.config.link.domain, to: to.toString(), id: newId() };
  }

  // Offline: whoever wrote writes again
  #send(message: Element): void {
    if (this.#context.link.isOnline) this.#context.link.send(message);
  }

  #isLate(element: Element): boolean {
    const stamp = element.getChild("delay", NS.delay)?.attrs["stamp"] as unknown;
    const at = typeof stamp === "string" ? readStamp(stamp) : undefined;
    return at !== undefined && this.#clock.now() - at > MAX_DELAY_MS;
  }
}

function readStamp(text: string): number | undefined {
  try {
    return parseStamp(text);
  } catch {
    return undefined;
  }
}
