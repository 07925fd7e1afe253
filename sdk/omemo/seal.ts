import { InvalidInput } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { MAX_OMEMO_PAYLOAD_BYTES, omemoCompanions } from "../../src/omemo.js";
import { ILLEGAL_CHARACTER } from "../../src/stream-chars.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import { OmemoError } from "./errors.js";
import type { Sealed, SkippedDevice } from "./port.js";
import { listedDevices, type ListedDevice, type Route, routeTo } from "./route.js";
import { keepSealed, sealFor, type SealedElement } from "./seal-keys.js";
import type { Content, EnvelopeRoute, OmemoVersion } from "./version.js";

/** What is to be encrypted, and for whom. */
export interface Outgoing {
  /** Whom the envelope names: a person, or a room. A bare JID. */
  readonly to: string;
  /** All whose devices are to read it, besides one's own. Bare JIDs. */
  readonly recipients: readonly string[];
  readonly content: Content;
}

/** A device that a message is meant for, and how it can be reached. */
interface Target extends ListedDevice {
  readonly route: Exclude<Route, { kind: "unprepared" }>;
}

/**
 * Encrypts for all devices of the recipients and one's own others, for each in the version that it is reached in.
 *
 * Everything is computed before anything is written.
 *
 * @throws {OmemoError} `not-prepared`, `no-devices`, `untrusted-identity`
 * @throws {InvalidInput} when the text is longer than {@link MAX_OMEMO_PAYLOAD_BYTES}, or cannot stand in XML
 */
export function sealMessage(context: OmemoContext, transaction: Transaction, outgoing: Outgoing): Sealed {
  const { recipients, content } = outgoing;
  checkText(content.text ?? "");
  const targets = targetsOf(context, transaction, recipients).map((target) => restrict(target, content));
  const skipped = targets.flatMap(skippedOf);
  const isRecipient = ({ address, route }: Target): boolean =>
    recipients.includes(address) && route.kind === "session";
  if (!targets.some(isRecipient)) throw noRecipient(context, recipients, skipped);
  const encrypted = context.versions.flatMap((version) => sealIn(context, version, targets, outgoing));
  const sealed = encrypted.flatMap(({ keys }) => keys);
  keepSealed(transaction, sealed);
  const recipient = targets.filter(isRecipient).length;
  return {
    payload:
      encrypted.map(({ element }) => element).join("") +
      omemoCompanions(encrypted.map(({ version }) => version.profile.namespace)),
    devices: { recipient, own: sealed.length - recipient },
    skipped,
  };
}

/**
 * Whether a message to a person could be encrypted now.
 *
 * @throws {OmemoError} as {@link sealMessage}
 */
export function checkRecipient(context: OmemoContext, view: View, to: string): void {
  const targets = targetsOf(context, view, [to]).filter(({ address }) => address === to);
  if (targets.some(({ route }) => route.kind === "session")) return;
  throw noRecipient(context, [to], targets.flatMap(skippedOf));
}

function checkText(text: string): void {
  if (Buffer.byteLength(text) > MAX_OMEMO_PAYLOAD_BYTES) {
    throw new InvalidInput(`a text has at most ${MAX_OMEMO_PAYLOAD_BYTES} bytes`);
  }
  // In every version, so that it does not depend on the devices of the recipient what can be said
  if (ILLEGAL_CHARACTER.test(text))
    throw new InvalidInput("a text has no control characters but line breaks and tabs");
}

/** Every device that a message is meant for, but this one. */
function targetsOf(context: OmemoContext, view: View, recipients: readonly string[]): Target[] {
  return [...new Set([...recipients, context.keys.address])].flatMap((address) => {
    const listed = listedDevices(context, view, address);
    if (!listed) throw notPrepared();
    return listed.map((device) => {
      const route = routeTo(view, device);
      if (route.kind === "unprepared") throw notPrepared();
      return { ...device, route };
    });
  });
}

/** What a version cannot carry is not sent in it, not even in part. */
function restrict(target: Target, { elements }: Content): Target {
  const { route } = target;
  if (elements.length === 0 || route.kind === "skip" || route.version.canCarryElements) return target;
  return { ...target, route: { kind: "skip", reason: "old-version" } };
}

/** The `<encrypted/>` of one version; none when no device is reached in it. */
function sealIn(
  context: OmemoContext,
  version: OmemoVersion,
  targets: readonly Target[],
  { to, content }: Outgoing,
): SealedElement[] {
  const reached = targets.flatMap(({ address, device, route }) =>
    route.kind === "session" && route.version === version
      ? [{ address, device, session: route.session }]
      : [],
  );
  if (reached.length === 0) return [];
  const route: EnvelopeRoute = {
    from: Jid.parse(context.keys.address),
    to: Jid.parse(to),
    at: context.clock.now(),
  };
  return [sealFor(context, version, reached, version.seal(content, route))];
}

function skippedOf({ address, device, route }: Target): SkippedDevice[] {
  return route.kind === "skip" ? [{ address, device, reason: route.reason }] : [];
}

function notPrepared(): OmemoError {
  return new OmemoError("not-prepared", "device lists or bundles have to be fetched first");
}

function noRecipient(
  { trustPolicy }: OmemoContext,
  recipients: readonly string[],
  skipped: readonly SkippedDevice[],
): OmemoError {
  const isUntrusted = skipped.some(
    ({ address, reason }) =>
      recipients.includes(address) && (reason === "undecided-identity" || reason === "distrusted-identity"),
  );
  if (!isUntrusted)
    return new OmemoError("no-devices", "the recipient has no device that can be encrypted to");
  const way = trustPolicy === "verified-only" ? "verify one" : "accept or verify one";
  return new OmemoError(
    "untrusted-identity",
    `no identity of the recipient is trusted: ${way} and send again`,
  );
}
