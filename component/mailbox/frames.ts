import { StanzaError } from "../../src/errors.js";
import { decodeSubmit, encodeAnswer } from "../../src/frame-submit.js";
import { frameNumber, readFrame } from "../../src/frame.js";
import type { Submit, SubmitOutcome } from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import type { Stanza } from "../capability.js";
import { asStanzaError } from "../router.js";
import type { Session } from "./delivery-ports.js";
import type { Delivery } from "./delivery.js";

/** What taking frames needs from its surroundings. */
export interface FramePorts {
  /** Of the number JIDs that frames carry as numbers. */
  readonly domain: string;
  readonly delivery: Delivery;
  readonly submit: (session: Session, submit: Submit) => Promise<SubmitOutcome[]>;
}

/** Takes messages that came in a frame; the answer goes in one too, with entries that are ready for the device. */
export async function takeFrame(
  { domain, delivery, submit }: FramePorts,
  { from, element }: Stanza,
): Promise<void> {
  const session = delivery.sessionOf(from.toString());
  const frame = element.getChild("frame", NS.mailbox);
  if (!session?.isFramed) return delivery.tellDetached(from.toString(), "no frames were agreed on");
  const number = frame && frameNumber(frame);
  if (!frame || number === undefined) throw new StanzaError("bad-request", "a frame has a number");
  try {
    const outcomes = await submit(session, decodeSubmit(readFrame(frame), domain));
    delivery.answer(session.fullJid, encodeAnswer({ number, outcomes }));
  } catch (error) {
    delivery.answer(session.fullJid, encodeAnswer({ number, error: asStanzaError(error) }));
    throw error;
  }
}
