import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { isPhoneNumber, phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { attribute, xml } from "../../src/xml.js";
import type { MailboxService } from "./mailbox-service.js";

/** The part of the service that a block list is kept with. */
export type BlockingPort = Pick<MailboxService, "ask" | "domain">;

/** Blocks a number for all devices and apps of the account, or ends that. @throws {InvalidInput} {StanzaError} {LinkError} Source: XEP-0191 §3.2, §3.3 */
export async function setBlocked(service: BlockingPort, number: string, isBlocked: boolean): Promise<void> {
  const item = xml("item", { jid: `${phoneNumber(number)}@${service.domain}` });
  const request = xml(isBlocked ? "block" : "unblock", { xmlns: NS.blocking }, item);
  await service.ask(xml("iq", { type: "set", to: service.domain }, request));
}

/** The numbers that the account has blocked. @throws {StanzaError} {LinkError} Source: XEP-0191 §3.1 */
export async function readBlocked(service: BlockingPort): Promise<PhoneNumber[]> {
  const request = xml("blocklist", { xmlns: NS.blocking });
  const answer = await service.ask(xml("iq", { type: "get", to: service.domain }, request));
  const items = answer.getChild("blocklist", NS.blocking)?.getChildren("item") ?? [];
  return items.flatMap((item) => {
    const number = Jid.tryParse(attribute(item, "jid"))?.local ?? "";
    return isPhoneNumber(number) ? [number] : [];
  });
}
