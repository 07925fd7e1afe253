import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { parsePayload } from "../../src/payload.js";
import { escapeXML, namespaceOf, type Element } from "../../src/xml.js";
import { readAppMessage, type AppMessage } from "../apps/message.js";
import { writeChildren } from "../apps/payload.js";
import type { Context, Stanza } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { StrangerLimits } from "./limits.js";
import { CHAT_STATES, knownStranger, writeNotice, type Stranger } from "./stranger.js";
import type { FederationOperations } from "./store.js";

const DAY_MS = 86_400_000;

/** Bytes of what a stranger's message says, as XML. */
const MAX_BYTES = 4096;

/** What passes in from a stranger, by namespace; everything else is left out. */
const SAYABLE: ReadonlySet<string> = new Set([
  NS.client,
  "urn:xmpp:fallback:0",
  "urn:xmpp:message-correct:0",
  "urn:xmpp:reply:0",
]);

/** What taking messages from other servers needs. */
export interface StrangerPorts {
  readonly context: Context;
  readonly store: Remote<FederationOperations>;
}

/** Takes what people on other servers write to numbers. Source: docs/decisions/0010-federation.md */
export class Strangers {
  readonly #ports: StrangerPorts;
  readonly #limits: StrangerLimits;

  constructor(ports: StrangerPorts) {
    const { clock, config } = ports.context;
    this.#ports = ports;
    this.#limits = new StrangerLimits(clock, config.federation);
  }

  /** Takes a message to a number; one of an account of the host is left to others. @throws {StanzaError} */
  take(stanza: Stanza): Promise<void> | undefined {
    if (stanza.from.domain === this.#ports.context.config.host.domain) return undefined;
    return this.#take(stanza);
  }

  async #take({ from, to, type, element }: Stanza): Promise<void> {
    const { context, store } = this.#ports;
    const { clock, config, numbers, vault } = context;
    const stranger = knownStranger(context, from);
    const toHash = numbers.hashOf(to);
    if (!stranger || !toHash || (type !== undefined && type !== "normal" && type !== "chat")) throw refused();
    if (!this.#limits.take(from)) throw tooMuch();
    const message = readAppMessage({ element, type });
    const payload = sayable(message.payload);
    if (payload === "") return this.#tell(stranger, toHash, message);
    if (Buffer.byteLength(payload) > MAX_BYTES)
      throw new StanzaError("policy-violation", `a message from elsewhere has at most ${MAX_BYTES} bytes`);
    const { numbersADay, domainNumbersADay } = config.federation;
    const of = [
      { hash: stranger.hash, limit: numbersADay },
      { hash: vault.keyedHash("domain", from.domain), limit: domainNumbersADay },
    ];
    const now = clock.now();
    if (!(await store.tryNumber({ of, toHash, day: Math.floor(now / DAY_MS) }))) throw tooMuch();
    const digest = vault.keyedHash("message", `${to.local}\0${payload}`).subarray(0, 16);
    const { hash: fromHash, local } = stranger;
    const resource = numbers.appResource(stranger.address, from.toString());
    const stored = {
      fromHash,
      fromSealed: vault.sealLocalpart(local),
      resource,
      toHash,
      id: message.id,
      payload,
      digest,
      now,
    };
    const entries = await store.acceptFromStranger(stored, config.mailbox);
    if (!entries) throw refused();
    const about = {
      kind: "message",
      from: stranger.address,
      resource,
      to: to.bare,
      id: message.id,
      at: now,
      payload,
    } as const;
    const sizeBytes = Buffer.byteLength(payload);
    context.exchange.offer(entries.map(({ device, seq }) => ({ device, seq, sizeBytes, content: about })));
  }

  // Receipts, markers and chat states, to the apps that are there; from others than those who were answered they are dropped
  async #tell(
    { hash, address, jid: speaker }: Stranger,
    toHash: Uint8Array,
    { passing, notices }: AppMessage,
  ): Promise<void> {
    const { store, context } = this.#ports;
    const account = await store.acquaintance(toHash, hash);
    const content = notices.map(({ kind, id }) => writeNotice(kind, id)).join("") || stateOf(passing);
    if (account === undefined || content === "") return;
    const { availability, exchange, link, numbers } = context;
    const from = numbers.appJid(address, speaker.toString());
    const apps = availability.resourcesOf(account).filter(({ jid }) => !exchange.isAttached(jid));
    for (const { jid } of apps)
      link.send(
        `<message type='chat' from='${escapeXML(from)}' to='${escapeXML(jid)}'>${content}` +
          `<no-store xmlns='${NS.hints}'/><no-copy xmlns='${NS.hints}'/></message>`,
      );
  }
}

// The words that everybody reads to whom no number may be written
function refused(): StanzaError {
  return new StanzaError("forbidden", "only accounts of this service may write to numbers");
}

function tooMuch(): StanzaError {
  return new StanzaError("resource-constraint", "too much at once; try again later");
}

// A subject or a thread alone says nothing to anybody
function sayable(payload: string): string {
  if (payload === "") return "";
  const children = parsePayload(payload).filter((child) => SAYABLE.has(namespaceOf(child)));
  return children.some(isBody) ? writeChildren(children) : "";
}

function isBody(child: Element): boolean {
  return child.is("body", NS.client) && child.getText().trim() !== "";
}

function stateOf(passing: string): string {
  if (passing === "") return "";
  const states = parsePayload(passing).filter((child) => namespaceOf(child) === CHAT_STATES);
  return states.length === 1 ? writeChildren(states) : "";
}
