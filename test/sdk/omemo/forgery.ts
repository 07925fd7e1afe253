import { expect } from "chai";
import type { Jid } from "../../../src/jid.js";
import { readEncrypted, writeEncrypted } from "../../../src/omemo.js";
import { readEncrypted2, writeEncrypted2 } from "../../../src/omemo2.js";
import type { DeviceId } from "../../../src/ids.js";
import type { OpenFailure, Sealed } from "../../../sdk/omemo/mod.js";
import type { OmemoVersion } from "../../../sdk/omemo/versions/version.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { contentOf, type Device, encryptedOf, open, textOf, type World } from "./world.js";

/** A key of a message, in either version. */
export interface ForgedKey {
  readonly jid: string;
  readonly rid: DeviceId;
  readonly isPreKey: boolean;
  readonly data: Uint8Array;
}

type Message = Pick<Sealed, "payload">;

/** The points of X25519 whose multiples are few, and their other spellings. Source: RFC 7748 §6.1. */
export const LOW_ORDER_POINTS: readonly Buffer[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => Buffer.from(hex, "hex"));

/** A message with other keys, as anybody on the way can write it. */
export function withKeys(
  version: OmemoVersion,
  message: Message,
  change: (keys: readonly ForgedKey[]) => readonly ForgedKey[],
): Message {
  const encrypted = encryptedOf(message, version.profile.namespace);
  if (version.name === "2") {
    const read = readEncrypted2(encrypted);
    return { payload: writeEncrypted2({ ...read, keys: change(read.keys) }) };
  }
  const read = readEncrypted(encrypted);
  return {
    payload: writeEncrypted({ ...read, keys: change(read.keys.map((key) => ({ jid: "", ...key }))) }),
  };
}

/** A message whose keys have other bytes. */
export function withData(
  version: OmemoVersion,
  message: Message,
  change: (data: Buffer) => Uint8Array,
): Message {
  return withKeys(version, message, (keys) =>
    keys.map((key) => ({ ...key, data: change(Buffer.from(key.data)) })),
  );
}

/** The bytes of the only key of a message. */
export function dataOf(version: OmemoVersion, message: Message): Buffer {
  let data: Uint8Array | undefined;
  withKeys(version, message, (keys) => {
    data = keys[0]?.data;
    return keys;
  });
  if (!data) throw new Error("a message without a key");
  return Buffer.from(data);
}

/** Whether the first message of a session is meant, or a later one. */
export function isPreKeyMessage(version: OmemoVersion, message: Message): boolean {
  let isPreKey = false;
  withKeys(version, message, (keys) => {
    isPreKey = keys[0]?.isPreKey ?? false;
    return keys;
  });
  return isPreKey;
}

/** Other fields in the ratchet message itself, be it alone or inside of one that builds a session. */
export function withFields(version: OmemoVersion, data: Buffer, isPreKey: boolean, fields: object): Buffer {
  const { profile } = version;
  if (isPreKey) {
    const outer = profile.decodePreKeyMessage(data);
    return profile.encodePreKeyMessage({
      ...outer,
      message: withFields(version, Buffer.from(outer.message), false, fields),
    });
  }
  const decoded = profile.decodeMessage(data);
  return profile.sealMessage(profile.encodeMessage({ ...decoded, ...fields }), decoded.mac);
}

/** Opening fails for one of the reasons, and leaves the store as it was. */
export function expectRefused(
  at: Device,
  from: Jid,
  message: Message,
  reasons: readonly OpenFailure[],
  to?: Jid,
): void {
  const before = contentOf(at.storage);
  expect(textOf(open(at, from, message, to))).to.be.oneOf(reasons.map((reason) => `!${reason}`));
  expect(contentOf(at.storage), "the store").to.deep.equal(before);
}

/** A store with the same content, as a copy of its file would be. */
export function copyOf(storage: Storage): Storage {
  const copy = openMemoryStorage();
  const pairs = storage.read((view) => view.scan(""));
  copy.transaction((transaction) => {
    for (const [key, value] of pairs) transaction.set(key, value);
  });
  return copy;
}

/** The same device after a restart, or on another store. */
export function reopened(world: World, device: Device, storage: Storage = device.storage): Device {
  device.omemo.close();
  return world.open(device.number, device.id, {
    storage,
    account: device.account.bare,
  });
}
