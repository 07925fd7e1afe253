import { LinkError, StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import type { Sender } from "../capability.js";
import { isGone } from "./service.js";
import type { AppAddress } from "./session.js";

/** How long an answer may take: an app on a phone has to be woken first. */
const TIMEOUT_MS = 60_000;

/** What came of asking an app. */
export type Answer = "there" | "gone" | "silent";

/**
 * Asks an app something that every app answers, an error being an answer.
 *
 * What went to it before has arrived by then: stanzas keep their order on a stream.
 *
 * @param onAnswer called as the answer arrives, before what arrived behind it is read
 */
export async function askApp(
  link: Sender,
  { fullJid, answersPings }: AppAddress,
  onAnswer?: () => void,
): Promise<Answer> {
  // XEP-0199 §4.1; every app answers XEP-0030
  const question = answersPings ? xml("ping", { xmlns: NS.ping }) : xml("query", { xmlns: NS.discoInfo });
  try {
    await link.request(xml("iq", { type: "get", to: fullJid }, question), {
      timeoutMs: TIMEOUT_MS,
      onAnswer,
    });
    return "there";
  } catch (error) {
    if (error instanceof LinkError && error.code === "timeout") return "silent";
    return error instanceof StanzaError && !isGone(error) ? "there" : "gone";
  }
}
