import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { parsePayload } from "../../src/payload.js";
import { escapeXML } from "../../src/xml.js";
import type { AppMessage } from "../apps/message.js";
import { writeInStream } from "../apps/written.js";
import { Buckets } from "../buckets.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { strangerJid } from "./address.js";
import type { FederationOperations } from "./store.js";
import { knownStranger, writeNotice } from "./stranger.js";

/** Answers that one person may send to other servers. */
const AT_ONCE = 20;
const A_DAY = 500;

/** Brings people on other servers what they are answered. Source: docs/decisions/0010-federation.md */
export class Answers {
  readonly #context: Context;
  readonly #store: Remote<FederationOperations>;
  readonly #buckets: Buckets;

  constructor(context: Context, store: Remote<FederationOperations>) {
    this.#context = context;
    this.#store = store;
    this.#buckets = new Buckets(context.clock, AT_ONCE, A_DAY);
  }

  /** Brings what a person's app wrote to the address of a stranger. @throws {StanzaError} */
  async answer(from: Jid, numberJid: string, to: Jid, message: AppMessage): Promise<void> {
    const [context, store] = [this.#context, this.#store];
    const jid = strangerJid(to.local);
    const stranger = jid && knownStranger(context, jid);
    // Nobody begins to write from here: numbers are no means to send to all the world
    if (!stranger || !(await store.mayAnswer(from.bare, stranger.hash)))
      throw new StanzaError("item-not-found", "nobody of this address has written to you");
    if (message.payload !== "") {
      if (!this.#buckets.take(from.bare))
        throw new StanzaError("resource-constraint", "too much at once; try again later");
      await store.answered(from.bare, stranger.hash, context.clock.now());
    } else if (!(await store.hasAnswered(from.bare, stranger.hash))) return;
    const content = write(message);
    if (content === "") return;
    const addresses = `from='${numberJid}' to='${escapeXML(stranger.jid.bare)}' id='${escapeXML(message.id)}'`;
    context.link.send(`<message type='chat' ${addresses}>${content}</message>`);
  }
}

function write({ payload, passing, notices, traits }: AppMessage): string {
  const said = payload === "" ? passing : payload;
  const content =
    said === ""
      ? ""
      : parsePayload(said)
          .map((child) => writeInStream(child))
          .join("");
  const asks = traits.wantsReceipt ? `<request xmlns='${NS.receipts}'/>` : "";
  return content + notices.map(({ kind, id }) => writeNotice(kind, id)).join("") + asks;
}
