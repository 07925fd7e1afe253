import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { parseXml } from "../../../src/xml.js";
import { parseSession, type Session } from "../../ratchet/mod.js";
import type { Transaction, View } from "../../storage/port.js";
import { needsAnswer } from "../upkeep/answers.js";
import type { OmemoContext } from "../context.js";
import { OmemoError } from "../errors.js";
import { fitting } from "./payload-size.js";
import type { Fingerprint, OmemoVersionName, Sealed } from "../port.js";
import { readPrepared, writePrepared } from "../records.js";
import type { ListedDevice } from "../devices/listed-devices.js";
import { routeTo } from "./route.js";
import { keepSealed, type ReachedDevice, sealFor, type SealedKey } from "./seal-keys.js";
import { promoteSession } from "../sessions.js";
import type { EnvelopeRoute, OmemoVersion, SealedContent } from "../versions/version.js";

/**
 * A message that OMEMO itself wants sent: it says nothing to a person. It is JSON, to be written down as it is.
 *
 * Without `elements` it is empty and only carries sessions on; then trust does not matter. Source: XEP-0384 0.8 §8.
 */
export interface ControlMessage {
  /** The bare number JID of a person; the own one for the own other devices. */
  readonly to: string;
  /** Only these devices; all unless given. */
  readonly devices?: readonly DeviceId[];
  /** Only devices that show one of these identities. */
  readonly identities?: readonly Fingerprint[];
  /** What it says, each as XML with its own `xmlns`; only devices get it to whose version and identity it may go. */
  readonly elements?: readonly string[];
  /** Only in this version; in what each device prefers unless given. */
  readonly version?: OmemoVersionName;
  /**
   * Why an empty one is sent: `answer` goes only to devices whose session still waits for one, `repair` begins a new
   * session from a bundle that is fetched for it.
   */
  readonly purpose?: "answer" | "repair";
}

/** A device that a control message goes to. */
interface Addressee extends ReachedDevice {
  readonly version: OmemoVersion;
}

/**
 * Encrypts a control message; the ratchets advance in `transaction`.
 *
 * @returns nothing when no device is to get it (any more)
 * @throws {OmemoError} `not-prepared` when something has to be fetched first
 * @throws {InvalidInput} when it is more than the service takes; nothing has been written then
 */
export function sealControl(
  context: OmemoContext,
  transaction: Transaction,
  control: ControlMessage,
): Sealed | undefined {
  const addressees = wantedDevices(context, transaction, control).flatMap((listed) =>
    addresseesOf(context, transaction, listed, control),
  );
  if (addressees.length === 0) return undefined;
  const sealed = context.versions.flatMap((version) => {
    const reached = addressees.filter((addressee) => addressee.version === version);
    return reached.length === 0
      ? []
      : [sealFor(context, version, reached, contentOf(context, version, control))];
  });
  const keys = sealed.flatMap((element) => element.keys);
  // No body for apps that cannot open it: there is nothing that they miss
  const elements = sealed.map(({ element }) => element).join("");
  const payload = fitting(`${elements}<store xmlns='${NS.hints}'/>`, keys.length);
  if (control.purpose === "repair") for (const key of keys) keepRepaired(transaction, key);
  else keepSealed(transaction, keys);
  const isOwn = control.to === context.keys.address;
  return {
    payload,
    devices: { recipient: isOwn ? 0 : keys.length, own: isOwn ? keys.length : 0 },
    skipped: [],
  };
}

function contentOf(
  { keys, clock }: OmemoContext,
  version: OmemoVersion,
  { to, elements }: ControlMessage,
): SealedContent {
  if (!elements) return version.sealEmpty();
  const route: EnvelopeRoute = { from: Jid.parse(keys.address), to: Jid.parse(to), at: clock.now() };
  return version.seal({ text: undefined, elements: elements.map((element) => parseXml(element)) }, route);
}

/** The listed devices that a control message is meant for, each with the ways that can carry it. */
export function wantedDevices(context: OmemoContext, view: View, control: ControlMessage): ListedDevice[] {
  const { to, devices, identities, version: only, elements } = control;
  const listed = context.listed.of(view, to);
  if (!listed) throw new OmemoError("not-prepared", "the device lists have to be fetched first");
  return listed
    .filter(({ device, shown }) => {
      const isNamed = !devices || devices.includes(device);
      return isNamed && (!identities || (shown !== undefined && identities.includes(shown.fingerprint)));
    })
    .map((one) => ({
      ...one,
      ways: one.ways.filter(
        ({ version }) => (!only || version.name === only) && (!elements || version.canCarryElements),
      ),
    }))
    .filter(({ ways }) => ways.length > 0);
}

function addresseesOf(
  { times }: OmemoContext,
  view: View,
  listed: ListedDevice,
  control: ControlMessage,
): Addressee[] {
  const { address, device, ways, refusal } = listed;
  // Whom the person has shut out is not talked to, even without a word
  if (refusal === "distrusted-identity") return [];
  if (control.purpose === "repair") {
    return ways.slice(0, 1).flatMap(({ version }) => {
      const session = preparedSession(view, listed, version);
      return session ? [{ address, device, version, session }] : [];
    });
  }
  const route = routeTo(view, listed, !control.elements);
  if (route.kind === "unprepared") throw new OmemoError("not-prepared", "a bundle has to be fetched first");
  if (route.kind === "skip") return [];
  const { version, session } = route;
  return control.purpose === "answer" && !needsAnswer(session, times)
    ? []
    : [{ address, device, version, session }];
}

function preparedSession(
  view: View,
  { address, device }: ListedDevice,
  version: OmemoVersion,
): Session | undefined {
  const prepared = readPrepared(view, { version: version.name, address, device });
  return prepared && "session" in prepared ? parseSession(prepared.session) : undefined;
}

/** The session before stays to receive with: messages of it may be on their way. */
function keepRepaired(transaction: Transaction, { peer, session }: SealedKey): void {
  promoteSession(transaction, peer, session);
  writePrepared(transaction, peer, undefined);
}
