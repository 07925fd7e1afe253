import { readForm, submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import { SignUpError } from "./refusal.js";
import type { CodeChannel, SignUpDevice } from "./sign-up.js";

/** What can ask an IQ and wait for its result. */
export interface Requester {
  /** @throws {StanzaError} when the answer is an error */
  request(iq: Element, options?: { timeoutMs?: number }): Promise<Element>;
}

/** What linking a number begins with. */
export interface LinkNumberOptions {
  /** The component's domain. */
  readonly component: string;
  readonly number: string;
  /** SMS when left out. */
  readonly channel?: CodeChannel;
  /** None for people who use ordinary XMPP apps. */
  readonly device?: SignUpDevice;
}

const LINK_NODE = "urn:twotick:link";

/**
 * Gives a number to the account that is logged in, or binds a further device to it.
 *
 * @returns what waits for the code; `undefined` when none is needed, because the number is the account's already
 * @throws {SignUpError} the service refused; {LinkError} the connection is down
 */
export async function linkNumber(
  connection: Requester,
  options: LinkNumberOptions,
): Promise<LinkSession | undefined> {
  const { component, number, channel = "sms", device } = options;
  const form = submitElement(LINK_NODE, {
    number,
    channel,
    "device-id": device && String(device.deviceId),
    "device-key": device && Buffer.from(device.publicKey).toString("base64url"),
  });
  const stage = await run(connection, component, undefined, form);
  if (stage.isCompleted) return undefined;
  return new LinkSession(connection, component, stage.sessionId);
}

/** A linking that waits for its code. */
export class LinkSession {
  readonly #connection: Requester;
  readonly #component: string;
  readonly #sessionId: string;

  /** Made by {@link linkNumber}. */
  constructor(connection: Requester, component: string, sessionId: string) {
    this.#connection = connection;
    this.#component = component;
    this.#sessionId = sessionId;
  }

  /** Asks for another code. @throws {SignUpError} `too-early`, `no-more-codes` … */
  async resend(channel: CodeChannel = "sms"): Promise<void> {
    await this.#submit({ again: channel });
  }

  /** Gives the code; after that the number belongs to the account. @throws {SignUpError} */
  async verify(
    code: string,
    options: { readonly pin?: string; readonly newPin?: string } = {},
  ): Promise<void> {
    await this.#submit({ code, pin: options.pin, "new-pin": options.newPin });
  }

  /** Gives up. */
  async cancel(): Promise<void> {
    await run(this.#connection, this.#component, { id: this.#sessionId, action: "cancel" });
  }

  #submit(values: Readonly<Record<string, string | undefined>>): Promise<Stage> {
    const session = { id: this.#sessionId, action: "execute" as const };
    return run(this.#connection, this.#component, session, submitElement(LINK_NODE, values));
  }
}

interface Stage {
  readonly isCompleted: boolean;
  readonly sessionId: string;
}

async function run(
  connection: Requester,
  component: string,
  session: { readonly id: string; readonly action: "execute" | "cancel" } | undefined,
  form?: Element,
): Promise<Stage> {
  const payload = xml(
    "command",
    { xmlns: NS.commands, node: LINK_NODE, action: session?.action ?? "execute", sessionid: session?.id },
    form,
  );
  const answer = await ask(connection, xml("iq", { type: "set", id: newId(), to: component }, payload));
  const command = answer.name === "command" ? answer : answer.getChild("command", NS.commands);
  const status = command && attribute(command, "status");
  const sessionId = command && attribute(command, "sessionid");
  const next = command?.getChild("x", NS.dataForms);
  if (sessionId === undefined || (status === "executing" && (!next || readForm(next).type !== "form")))
    throw new SignUpError("bad-answer", "the answer is no stage of a command");
  return { isCompleted: status !== "executing", sessionId };
}

async function ask(connection: Requester, iq: Element): Promise<Element> {
  try {
    return await connection.request(iq);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    const wait = /\(wait (\d+) s\)$/.exec(error.message)?.[1];
    throw new SignUpError(error.applicationCondition ?? error.condition, error.message, {
      cause: error,
      ...(wait === undefined ? {} : { retryAfterSeconds: Number(wait) }),
    });
  }
}
