import { LinkError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, parseStanzaError, xml } from "../../src/xml.js";
import type { ClientStream } from "./client-stream.js";
import type { ConnectionSettings } from "./options.js";
import { authenticate } from "./sasl.js";
import type { ScramPassword } from "./scram.js";
import { StreamManagement } from "./stream-management.js";

/** The session that a negotiation ended in. */
export interface NegotiatedSession {
  /** The full JID bound, or the one of the resumed session. */
  jid: Jid;
  /** The counts of the session: the former ones when it was resumed. */
  management: StreamManagement;
  isResumed: boolean;
  /** Stanzas that came before stream management began to count. */
  early: Element[];
}

/** A session that was cut and may be resumed. */
export interface SuspendedSession {
  jid: Jid;
  management: StreamManagement;
}

/**
 * Takes a new stream from the first byte to a bound or resumed session.
 *
 * @param suspended is told what the server acknowledged of it even when it cannot be resumed
 * @throws {LinkError} with the condition; fatal when other settings are needed
 * Source: RFC 6120 §4.3, XEP-0170 §2.1
 */
export async function negotiate(
  stream: ClientStream,
  settings: ConnectionSettings,
  scram: ScramPassword,
  suspended: SuspendedSession | undefined,
): Promise<NegotiatedSession> {
  const features = await logIn(stream, settings, scram);
  const hasManagement = features.getChild("sm", NS.streamManagement) !== undefined;
  if (hasManagement && suspended && (await isResumed(stream, suspended.management))) {
    return { ...suspended, isResumed: true, early: [] };
  }
  const early: Element[] = [];
  const jid = await bind(stream, settings.resource, early);
  const management = new StreamManagement();
  if (hasManagement) await enable(stream, management, early);
  return { jid, management, isResumed: false, early };
}

/** Takes a new stream from the first byte to where a resource is bound; answers the features. @throws {LinkError} */
export async function logIn(
  stream: ClientStream,
  settings: ConnectionSettings,
  scram: ScramPassword,
): Promise<Element> {
  await stream.dial(settings.address, settings.trustedCertificates);
  const offered = await secured(stream, settings, await stream.begin());
  await authenticate(stream, offered, {
    username: settings.account.local,
    password: settings.password,
    scram,
  });
  return await stream.begin();
}

async function secured(
  stream: ClientStream,
  settings: ConnectionSettings,
  features: Element,
): Promise<Element> {
  if (stream.isSecure()) return features;
  const starttls = features.getChild("starttls", NS.tls);
  if (!starttls) {
    if (settings.allowPlaintext) return features;
    throw new LinkError(
      "tls-required",
      "the server offers no TLS, and the connection does not stay on this machine",
    );
  }
  // On loopback nobody listens in, and certificates are rarely made out for it.
  if (settings.isLoopback && settings.allowPlaintext && !starttls.getChild("required", NS.tls))
    return features;
  await stream.enqueue(xml("starttls", { xmlns: NS.tls }).toString());
  const answer = await stream.nextElement();
  if (!answer.is("proceed", NS.tls)) throw new LinkError("tls-failed", "the server refused to start TLS");
  await stream.secure(settings.trustedCertificates);
  return await stream.begin();
}

/** XEP-0198 §5: tries to take up the suspended session. */
async function isResumed(stream: ClientStream, management: StreamManagement): Promise<boolean> {
  const previd = management.resumptionId;
  if (previd === undefined) return false;
  await stream.enqueue(
    xml("resume", { xmlns: NS.streamManagement, previd, h: management.received }).toString(),
  );
  const answer = await stream.nextElement();
  const isAccepted = answer.is("resumed", NS.streamManagement);
  // Whatever goes wrong from here on, it would go wrong again: the next attempt begins a new session.
  if (!isAccepted) management.resumptionId = undefined;
  const handled = attribute(answer, "h");
  try {
    // A refusal may say how far the server had come: the rest stays unknown.
    if (handled !== undefined) management.acknowledge(Number(handled));
  } catch (error) {
    management.resumptionId = undefined;
    throw error;
  }
  if (isAccepted || answer.is("failed", NS.streamManagement)) return isAccepted;
  throw new LinkError("bad-stream", `the server answered a resumption with <${answer.name}/>`);
}

/** Binds a resource and answers the full JID. @param early gets what comes meanwhile @throws {LinkError} Source: RFC 6120 §7.6, §7.7 */
export async function bind(
  stream: ClientStream,
  resource: string | undefined,
  early: Element[],
): Promise<Jid> {
  const id = newId();
  const wanted = resource === undefined ? undefined : xml("resource", {}, resource);
  await stream.enqueue(xml("iq", { type: "set", id }, xml("bind", { xmlns: NS.bind }, wanted)).toString());
  const answer = await nextWhere(
    stream,
    early,
    (element) => element.name === "iq" && attribute(element, "id") === id,
  );
  if (attribute(answer, "type") !== "result") {
    const error = parseStanzaError(answer.getChild("error"));
    throw new LinkError(error.condition, `the server bound no resource: ${error.message}`, { cause: error });
  }
  const jid = Jid.tryParse(answer.getChild("bind", NS.bind)?.getChildText("jid") ?? undefined);
  if (!jid?.isFull) throw new LinkError("bad-stream", "the server bound no full JID");
  return jid;
}

/** XEP-0198 §3 */
async function enable(stream: ClientStream, management: StreamManagement, early: Element[]): Promise<void> {
  await stream.enqueue(xml("enable", { xmlns: NS.streamManagement, resume: "true" }).toString());
  const answer = await nextWhere(stream, early, (element) => ["enabled", "failed"].includes(element.name));
  if (!answer.is("enabled", NS.streamManagement)) return;
  management.isEnabled = true;
  const canResume = ["true", "1"].includes(attribute(answer, "resume") ?? "");
  if (canResume) management.resumptionId = attribute(answer, "id");
}

async function nextWhere(
  stream: ClientStream,
  early: Element[],
  isWanted: (element: Element) => boolean,
): Promise<Element> {
  for (;;) {
    const element = await stream.nextElement();
    if (isWanted(element)) return element;
    early.push(element);
  }
}
