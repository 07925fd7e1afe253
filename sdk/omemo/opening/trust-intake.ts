import type { EpochMs } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { readTrustMessage, type TrustMessage } from "../../../src/trust-message.js";
import { type Element, namespaceOf } from "../../../src/xml.js";
import type { Transaction } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { tellChanges } from "../devices/meetings.js";
import { type Endpoint, receiveTrustMessage } from "../trust/mod.js";

/**
 * Takes the trust messages out of what an envelope holds; they are never shown.
 *
 * What cannot be read says nothing, and costs the other elements nothing.
 *
 * @returns the other elements. Source: XEP-0450 0.4 §4.
 */
export function takeTrustMessages(
  context: OmemoContext,
  transaction: Transaction,
  sender: Endpoint,
  { elements, sentAt }: { readonly elements: readonly Element[]; readonly sentAt: EpochMs | undefined },
): Element[] {
  for (const element of elements.filter(isTrustMessage)) {
    const message = tryRead(element);
    // XEP-0434 0.6 §5.2.1: without the time its place among others is not known
    if (!message || sentAt === undefined) continue;
    const renamed = withNumbers(context, message);
    tellChanges(context, receiveTrustMessage(context, transaction, sender, renamed, sentAt));
  }
  return elements.filter((element) => !isTrustMessage(element));
}

function isTrustMessage(element: Element): boolean {
  return element.name === "trust-message" && namespaceOf(element) === NS.trustMessages;
}

function tryRead(element: Element): TrustMessage | undefined {
  try {
    return readTrustMessage(element);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** People are known by their number JIDs here; an own app that is no device of the number says the account's. */
function withNumbers({ account, self }: OmemoContext, message: TrustMessage): TrustMessage {
  const keyOwners = message.keyOwners.map((owner) =>
    owner.jid === account.bare ? { ...owner, jid: self.address } : owner,
  );
  return { ...message, keyOwners };
}
