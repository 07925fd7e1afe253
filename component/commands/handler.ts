import { InvalidInput, StanzaError, type StanzaCondition, type StanzaErrorType } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import {
  attribute,
  childElements,
  type Element,
  namespaceOf,
  reading,
  requireAttribute,
  xml,
} from "../../src/xml.js";
import { readForm } from "../../src/data-form.js";
import type { AdHocCommand, CommandStage, IqRequest } from "../capability.js";
import { english } from "../languages/en.js";
import type { Language } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";
import type { CommandSession, CommandSessions, OpenStage } from "./service.js";
import { formInWords, inWords } from "./wording.js";

/** XEP-0050 §3.4: what a requester can do with a command. */
const ACTIONS = ["execute", "next", "prev", "complete", "cancel"] as const;
type Action = (typeof ACTIONS)[number];

/** The conditions that XEP-0050 adds, with the stanza error that each goes with. Source: XEP-0050 §4.4. */
type CommandCondition =
  "bad-action" | "bad-locale" | "bad-payload" | "bad-sessionid" | "malformed-action" | "session-expired";

/** An answer as it is written in the language of whoever asked. */
type Answer = (language: Language) => Element;

// RFC 5646 §2.1, as far as its shape goes
const LANGUAGE_TAG = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}$/;

/** Runs the commands of all capabilities for whoever may run them. Source: XEP-0050. */
export class CommandResponder {
  readonly #commands: () => readonly AdHocCommand[];
  readonly #sessions: CommandSessions;

  /** @param commands asked each time, because capabilities are made one after the other */
  constructor(commands: () => readonly AdHocCommand[], sessions: CommandSessions) {
    this.#commands = commands;
    this.#sessions = sessions;
  }

  /** Answers one `<command/>`. @throws {StanzaError} */
  async handle({ from, payload }: IqRequest): Promise<Element> {
    const node = requireAttribute(payload, "node");
    const action = readAction(payload);
    checkLocale(payload);
    const language = languageIn(payload) ?? english;
    const command = this.#commands().find((known) => known.node === node);
    if (!command) throw new StanzaError("item-not-found", "there is no such command");
    if (command.mayRun?.(from) === false)
      throw new StanzaError("forbidden", "this command is for accounts of this server");
    const submitted = readSubmitted(payload);
    const sessionId = attribute(payload, "sessionid");
    const step =
      sessionId === undefined
        ? await this.#start(command, from, action, submitted)
        : await this.#continue(this.#find(sessionId, from, node), action, submitted);
    return step(language);
  }

  /** The commands that this person may run, as items of disco#items. Source: XEP-0050 §2.2. */
  items(from: Jid, domain: string, language: Language): Element[] {
    return this.#commands()
      .filter((command) => command.mayRun?.(from) !== false)
      .map(({ node, name }) => xml("item", { jid: domain, node, name: inWords(language, name) }));
  }

  /** What disco#info says of one command; `undefined` when there is none. Source: XEP-0050 §2.2. */
  info(node: string, language: Language): Element[] | undefined {
    const command = this.#commands().find((known) => known.node === node);
    return (
      command && [
        xml("identity", {
          category: "automation",
          type: "command-node",
          name: inWords(language, command.name),
        }),
        xml("feature", { var: NS.commands }),
        xml("feature", { var: NS.dataForms }),
      ]
    );
  }

  async #start(
    command: AdHocCommand,
    from: Jid,
    action: Action,
    submitted: Element | undefined,
  ): Promise<Answer> {
    if (action === "cancel" || action === "prev")
      throw commandError("bad-action", "there is nothing begun to go back from");
    let stage = await command.start(from);
    // A client that knows the form may send it at once
    if (submitted && stage.status === "executing")
      stage = await takeForm(stage, submitted, action === "complete");
    if (stage.status === "completed") return completed(command.node, undefined, stage);
    const session = this.#sessions.open(from, command.node, stage);
    if (!session) throw new StanzaError("resource-constraint", "too many commands are being run");
    return executing(session);
  }

  async #continue(session: CommandSession, action: Action, submitted: Element | undefined): Promise<Answer> {
    if (action === "cancel") {
      this.#sessions.end(session);
      return () => canceled(session);
    }
    if (action === "prev") {
      if (session.stages.length < 2) throw commandError("bad-action", "this is the first step");
      session.stages.pop();
      return executing(session);
    }
    const present = session.stages.at(-1);
    if (!present || !submitted) throw commandError("bad-payload", "the form is missing");
    // XEP-0050 §3.4: complete ends the command, which only the last form can
    if (action === "complete" && present.isLast === false)
      throw commandError("bad-action", "there are further steps");
    return this.#submit(session, present, submitted, action === "complete");
  }

  async #submit(
    session: CommandSession,
    present: OpenStage,
    submitted: Element,
    isFinal: boolean,
  ): Promise<Answer> {
    session.isBusy = true;
    try {
      const stage = await takeForm(present, submitted, isFinal);
      if (stage.status === "executing") {
        this.#sessions.advance(session, stage);
        return executing(session);
      }
      this.#sessions.end(session);
      return completed(session.node, session.id, stage);
    } finally {
      session.isBusy = false;
    }
  }

  #find(id: string, from: Jid, node: string): CommandSession {
    const found = this.#sessions.find(id, from, node);
    if ("refusal" in found) {
      const text =
        found.refusal === "session-expired" ? "the command is over, or took too long" : "no such session";
      throw commandError(found.refusal, text);
    }
    if (found.session.isBusy)
      throw new StanzaError("unexpected-request", "the previous step is still being worked on");
    return found.session;
  }
}

async function takeForm(stage: OpenStage, submitted: Element, isFinal: boolean): Promise<CommandStage> {
  try {
    return await stage.next(submitted, isFinal);
  } catch (error) {
    // XEP-0050 §4.4: a form that lacks a field, say
    if (error instanceof InvalidInput) throw commandError("bad-payload", error.message, error);
    throw error;
  }
}

function readAction(payload: Element): Action {
  const text = attribute(payload, "action") ?? "execute";
  const action = ACTIONS.find((known) => known === text);
  if (!action) throw commandError("malformed-action", "no such action");
  return action;
}

// A language that we do not have is answered in English; only what is no language tag is refused
function checkLocale(payload: Element): void {
  const language = attribute(payload, "xml:lang");
  if (language !== undefined && language !== "" && !LANGUAGE_TAG.test(language))
    throw commandError("bad-locale", "not a language tag");
}

function readSubmitted(payload: Element): Element | undefined {
  const form = childElements(payload).find((child) => namespaceOf(child) === NS.dataForms);
  if (!form) return undefined;
  try {
    const { type } = reading(() => readForm(form));
    return type === "submit" ? form : undefined;
  } catch (error) {
    throw commandError("bad-payload", error instanceof Error ? error.message : "not a form", error);
  }
}

function executing(session: CommandSession): Answer {
  const stage = session.stages.at(-1);
  const isLast = stage?.isLast === true;
  const canGoBack = session.stages.length > 1;
  return (language) =>
    xml(
      "command",
      { xmlns: NS.commands, node: session.node, sessionid: session.id, status: "executing" },
      // XEP-0050 §3.4: what "execute" means at this stage
      xml(
        "actions",
        { execute: isLast ? "complete" : "next" },
        canGoBack ? xml("prev") : undefined,
        isLast ? xml("complete") : xml("next"),
      ),
      stage && formInWords(language, stage.form),
    );
}

function completed(
  node: string,
  sessionid: string | undefined,
  stage: Extract<CommandStage, { status: "completed" }>,
): Answer {
  return (language) =>
    xml(
      "command",
      // XEP-0050 §4.1: an answer has a session id even when it ends with the first answer
      { xmlns: NS.commands, node, sessionid: sessionid ?? newId(), status: "completed" },
      stage.note === undefined ? undefined : xml("note", { type: "info" }, inWords(language, stage.note)),
      stage.form && formInWords(language, stage.form),
    );
}

function canceled(session: CommandSession): Element {
  return xml("command", {
    xmlns: NS.commands,
    node: session.node,
    sessionid: session.id,
    status: "canceled",
  });
}

const STANZA_ERRORS: Record<CommandCondition, { condition: StanzaCondition; type: StanzaErrorType }> = {
  "bad-action": { condition: "bad-request", type: "modify" },
  "bad-locale": { condition: "bad-request", type: "modify" },
  "bad-payload": { condition: "bad-request", type: "modify" },
  "bad-sessionid": { condition: "bad-request", type: "modify" },
  "malformed-action": { condition: "bad-request", type: "modify" },
  "session-expired": { condition: "not-allowed", type: "cancel" },
};

function commandError(name: CommandCondition, text: string, cause?: unknown): StanzaError {
  const { condition, type } = STANZA_ERRORS[name];
  return new StanzaError(condition, text, {
    type,
    applicationCondition: name,
    applicationNamespace: NS.commands,
    ...(cause === undefined ? {} : { cause }),
  });
}
