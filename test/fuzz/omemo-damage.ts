import type { DeviceId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { readEncrypted, writeEncrypted } from "../../src/omemo.js";
import { readEncrypted2, writeEncrypted2 } from "../../src/omemo2.js";
import { type Element, parseXml, xml } from "../../src/xml.js";
import type { Sealed } from "../../sdk/omemo/mod.js";
import type { OmemoVersion } from "../../sdk/omemo/versions/version.js";
import { messageOf } from "../sdk/omemo/world.js";

/** A bundle with the identity key of one device and the prekeys of another, whose signature cannot be right. */
export function mixed(
  version: OmemoVersion,
  one: Element | undefined,
  other: Element | undefined,
): Element | undefined {
  if (!one || !other) return undefined;
  try {
    const { identityKey } = version.readBundle(one);
    return parseXml(version.writeBundle({ ...version.readBundle(other), identityKey }));
  } catch {
    return undefined;
  }
}

/** A device list that an honest server would not have, or one that it would; `figure` says which. */
export function hostileList(version: OmemoVersion, figure: number): Element {
  const lists: readonly (readonly number[])[] = [
    [11, 22, 23],
    [22],
    [],
    [11, 999],
    Array.from({ length: 64 }, (_, index) => 1000 + index),
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  ];
  const ids = lists[figure % (lists.length + 1)] as DeviceId[] | undefined;
  return ids ? parseXml(version.writeDeviceList(ids)) : xml("list", { xmlns: NS.client });
}

/** The message with one bit changed in a key, the payload or the IV of each version that it is in. */
export function* damaged(
  sealed: Pick<Sealed, "payload">,
  figure: number,
): Generator<Pick<Sealed, "payload">> {
  const flip = (bytes: Uint8Array): Uint8Array => {
    const at = (figure * 7) % Math.max(1, bytes.length);
    return bytes.map((byte, index) => (index === at ? byte ^ (1 << (figure % 8)) : byte));
  };
  const message = messageOf(sealed);
  const axolotl = message.getChild("encrypted", NS.omemo);
  const omemo2 = message.getChild("encrypted", NS.omemo2);
  if (axolotl) {
    const read = readEncrypted(axolotl);
    const keys = read.keys.map((key) => ({ ...key, data: flip(key.data) }));
    yield { payload: writeEncrypted({ ...read, keys }) };
    yield { payload: writeEncrypted({ ...read, iv: flip(read.iv) }) };
    if (read.payload) yield { payload: writeEncrypted({ ...read, payload: flip(read.payload) }) };
  }
  if (omemo2) {
    const read = readEncrypted2(omemo2);
    const keys = read.keys.map((key) => ({ ...key, data: flip(key.data) }));
    yield { payload: writeEncrypted2({ ...read, keys }) };
    if (read.payload) yield { payload: writeEncrypted2({ ...read, payload: flip(read.payload) }) };
  }
}
