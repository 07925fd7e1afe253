import type { Client } from "../client/client.js";
import { StanzaError, type TwotickError } from "../../src/errors.js";
import type { SendHandle } from "../client/handles.js";
import { judgeSubmit } from "../client/outbox-outcomes.js";
import type { IncomingMessage } from "../client/incoming-message.js";
import { sendRank, type SendState } from "../client/sent-records.js";
import { hashBody, type Journal } from "./journal.js";

/** A client whose doings are written down; to be used in place of its own `send` and `messages`. */
export interface JournaledClient {
  /** Sends what an earlier process asked for and may not have lived to write down; before anything new. */
  readonly resume: () => Promise<SendHandle[]>;
  /** Writes down that it asks, and sends. @param id unique for the device */
  readonly send: (to: string, text: string, id: string) => Promise<SendHandle>;
  /** Shows and acknowledges every message, until the client stops. @param onShown called with each, before it is acknowledged */
  readonly show: (onShown?: (message: IncomingMessage) => void | Promise<void>) => Promise<void>;
}

/**
 * Writes what a client asks, is told and shows into a journal, for {@link checkJournals}.
 *
 * Best called before `client.start`, so that nothing is told before. A journal holds hashes of bodies only.
 *
 * @param bodyOf gives the text of a send by its id again, for those that `resume` has to ask for once more
 */
export function keepJournal(
  client: Client,
  journal: Journal,
  bodyOf: (id: string) => string | undefined = () => undefined,
): JournaledClient {
  const before = journal.lines();
  journal.write({ kind: "started", number: client.number ?? "", device: client.device });
  if (client.state === "attached") journal.write({ kind: "state", isAttached: true });
  client.on("state", (state) => journal.write({ kind: "state", isAttached: state === "attached" }));
  client.on("accepted", ({ handle }) => journal.write({ kind: "told", id: handle.id, state: "accepted" }));
  client.on("failed", ({ handle, error }) =>
    journal.write({ kind: "told", id: handle.id, state: "failed", ...causeOf(error) }),
  );
  client.on("receipt", ({ id, device, state }) => journal.write({ kind: "told", id, state, device }));

  const send = async (to: string, text: string, id: string): Promise<SendHandle> => {
    journal.write({ kind: "asked", id, to, body: hashBody(text) });
    return await client.send(to, text, { id });
  };

  return {
    send,
    async resume() {
      const asked = new Map(before.flatMap((line) => (line.kind === "asked" ? [[line.id, line.to]] : [])));
      const toldBefore = new Map<string, SendState[]>();
      for (const line of before)
        if (line.kind === "told") toldBefore.set(line.id, [...(toldBefore.get(line.id) ?? []), line.state]);
      const handles: SendHandle[] = [];
      for (const [id, to] of asked) {
        const told = toldBefore.get(id) ?? [];
        const known = client.sent(id);
        // It came further, and the process ended before it could write that down
        if (
          known &&
          told.every((state) => sendRank(state) < sendRank(known.state)) &&
          known.state !== "queued"
        )
          journal.write({
            kind: "told",
            id,
            state: known.state,
            ...(known.failure && causeOf(known.failure)),
          });
        if (told.length > 0) continue;
        const text = bodyOf(id);
        if (known) handles.push(known);
        else if (text !== undefined) handles.push(await client.send(to, text, { id }));
      }
      return handles;
    },
    async show(onShown) {
      for await (const message of client.messages()) {
        const { id, from, text } = message;
        journal.write({ kind: "shown", id, from, body: hashBody(text) });
        await onShown?.(message);
        await message.acknowledge();
        journal.write({ kind: "acknowledged", id, from });
      }
    },
  };
}

/** A failure as a journal has it: no answer, and trouble that passes, say nothing about whether it was accepted. */
function causeOf(error: TwotickError): { code: string; isRefusal: boolean } {
  return { code: error.code, isRefusal: error instanceof StanzaError && judgeSubmit(error) === "final" };
}
