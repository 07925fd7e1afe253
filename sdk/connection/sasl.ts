import { LinkError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { childElements, type Element, namespaceOf, xml } from "../../src/xml.js";
import type { ClientStream } from "./client-stream.js";
import { SCRAM_MECHANISMS, ScramExchange, type ScramMechanism, type ScramPassword } from "./scram.js";

/** What is needed to log in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly scram: ScramPassword;
}

/** RFC 6120 §6.5: the failures after which the same credentials may yet be accepted. */
const TEMPORARY = new Set(["aborted", "temporary-auth-failure"]);

/**
 * Logs in with the strongest mechanism that both sides have; PLAIN only inside TLS.
 *
 * @throws {LinkError} the SASL condition, fatal unless it is temporary; `no-mechanism` when there is none in common
 * Source: RFC 6120 §6.4
 */
export async function authenticate(
  stream: ClientStream,
  features: Element,
  credentials: Credentials,
): Promise<void> {
  const offered = new Set(
    features
      .getChild("mechanisms", NS.sasl)
      ?.getChildren("mechanism")
      .map((m) => m.text()),
  );
  const scram = SCRAM_MECHANISMS.find((mechanism) => offered.has(mechanism));
  if (scram) return await authenticateScram(stream, scram, credentials);
  if (offered.has("PLAIN") && stream.isSecure()) return await authenticatePlain(stream, credentials);
  throw new LinkError("no-mechanism", "the server offers no login that is safe on this connection");
}

async function authenticateScram(
  stream: ClientStream,
  mechanism: ScramMechanism,
  credentials: Credentials,
): Promise<void> {
  const exchange = new ScramExchange(mechanism, credentials.username, credentials.scram);
  const challenge = await step(stream, xml("auth", { xmlns: NS.sasl, mechanism }, encode(exchange.first())));
  if (challenge.name !== "challenge")
    throw new LinkError("bad-challenge", "the server skipped the SCRAM challenge");
  const response = await exchange.final(decode(challenge));
  let answer = await step(stream, xml("response", { xmlns: NS.sasl }, encode(response)));
  exchange.verify(decode(answer));
  // RFC 6120 §6.3.10: the server's last words come with the success, or in a challenge of their own before it
  if (answer.name === "challenge") answer = await step(stream, xml("response", { xmlns: NS.sasl }));
  if (answer.name !== "success")
    throw new LinkError("bad-challenge", "the server did not end the SCRAM exchange");
}

async function authenticatePlain(stream: ClientStream, credentials: Credentials): Promise<void> {
  const message = `\0${credentials.username}\0${credentials.password}`;
  const answer = await step(stream, xml("auth", { xmlns: NS.sasl, mechanism: "PLAIN" }, encode(message)));
  if (answer.name !== "success")
    throw new LinkError("bad-challenge", "the server answered PLAIN with a challenge");
}

async function step(stream: ClientStream, element: Element): Promise<Element> {
  await stream.enqueue(element.toString());
  const answer = await stream.nextElement();
  if (namespaceOf(answer) !== NS.sasl)
    throw new LinkError("bad-challenge", `<${answer.name}/> during the login`);
  if (answer.name === "failure") throw failureOf(answer);
  return answer;
}

function failureOf(failure: Element): LinkError {
  const condition = childElements(failure).find((child) => child.name !== "text")?.name ?? "not-authorized";
  const text = failure.getChildText("text") ?? condition;
  return new LinkError(condition, `the server refused the login: ${text}`, {
    isFatal: !TEMPORARY.has(condition),
  });
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function decode(element: Element): string {
  return Buffer.from(element.text(), "base64").toString();
}
