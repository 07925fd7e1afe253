import { InvalidInput } from "../../../src/errors.js";
import { MAX_OMEMO_PAYLOAD_BYTES, omemoCompanions } from "../../../src/omemo.js";
import { ILLEGAL_CHARACTER } from "../../../src/stream-chars.js";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { OmemoError } from "../errors.js";
import { fitting } from "./payload-size.js";
import type { Sealed, SkippedDevice } from "../port.js";
import type { ListedDevice } from "../devices/listed-devices.js";
import { routeTo } from "./route.js";
import { DeviceSealer, keepDevices, type Outgoing, type SealedKey } from "./seal-devices.js";
import type { Content, OmemoVersion } from "../versions/version.js";

/**
 * Encrypts for all devices of the recipients and one's own others, for each in the version that it is reached in.
 *
 * Everything is computed before anything is written.
 *
 * @throws {OmemoError} `not-prepared`, `no-devices`, `untrusted-identity`
 * @throws {InvalidInput} when the text is longer than {@link MAX_OMEMO_PAYLOAD_BYTES}, or cannot stand in XML, or with the keys
 *   of all devices is more than the service takes; nothing has been written then
 */
export function sealMessage(context: OmemoContext, transaction: Transaction, outgoing: Outgoing): Sealed {
  const fault = faultOf(outgoing.content);
  if (fault) throw fault;
  const sealer = new DeviceSealer(context, outgoing);
  try {
    return sealWith(context, transaction, sealer);
  } finally {
    sealer.close();
  }
}

/** The same with what may have done a part of it ahead, and is closed by the caller. @throws {OmemoError} @throws {InvalidInput} as it */
export function sealWith(context: OmemoContext, transaction: Transaction, sealer: DeviceSealer): Sealed {
  const { recipients } = sealer.outgoing;
  const { address: self } = context.keys;
  const sealed = new Map<OmemoVersion, SealedKey[]>(context.versions.map((version) => [version, []]));
  const skipped: SkippedDevice[] = [];
  const devices = { recipient: 0, own: 0 };
  for (const listed of devicesOf(context, transaction, recipients)) {
    const result = sealer.seal(transaction, listed);
    if (result.kind === "skipped") {
      skipped.push({ address: result.address, device: result.device, reason: result.reason });
      continue;
    }
    sealed.get(result.version)?.push(result);
    devices[listed.address === self && !recipients.includes(self) ? "own" : "recipient"]++;
  }
  if (devices.recipient === 0) throw noRecipient(context, recipients, skipped);
  const used = [...sealed].filter(([, keys]) => keys.length > 0);
  const elements = used.map(([version, keys]) => sealer.write(version, keys));
  const companions = omemoCompanions(used.map(([{ profile }]) => profile.namespace));
  const payload = fitting(elements.join("") + companions, devices.recipient + devices.own);
  for (const [, keys] of used) keepDevices(transaction, keys);
  return { payload, devices, skipped };
}

/**
 * Whether a message to a person could be encrypted now.
 *
 * @throws {OmemoError} as {@link sealMessage}
 */
export function checkRecipient(context: OmemoContext, view: View, to: string): void {
  const routes = devicesOf(context, view, [to]).map((listed) => ({
    ...listed,
    route: routeTo(view, listed),
  }));
  if (routes.some(({ route }) => route.kind === "unprepared")) throw notPrepared();
  const theirs = routes.filter(({ address }) => address === to);
  if (theirs.some(({ route }) => route.kind === "session")) return;
  const skipped = theirs.flatMap(({ address, device, route }) =>
    route.kind === "skip" ? [{ address, device, reason: route.reason }] : [],
  );
  throw noRecipient(context, [to], skipped);
}

/** What is wrong with a content in itself. In every version, so that it does not depend on the devices what can be said. */
export function faultOf({ text = "" }: Content): InvalidInput | undefined {
  if (Buffer.byteLength(text) > MAX_OMEMO_PAYLOAD_BYTES)
    return new InvalidInput(`a text has at most ${MAX_OMEMO_PAYLOAD_BYTES} bytes`);
  return ILLEGAL_CHARACTER.test(text)
    ? new InvalidInput("a text has no control characters but line breaks and tabs")
    : undefined;
}

/** Every device that a message is meant for, but this one. @throws {OmemoError} `not-prepared` */
function devicesOf(context: OmemoContext, view: View, recipients: readonly string[]): ListedDevice[] {
  return [...new Set([...recipients, context.keys.address])].flatMap((address) => {
    const listed = context.listed.of(view, address);
    if (!listed) throw notPrepared();
    return listed;
  });
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
