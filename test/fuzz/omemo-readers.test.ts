import { NS } from "../../src/namespaces.js";
import { readEncrypted, writeEncrypted } from "../../src/omemo.js";
import { readEncrypted2, writeEncrypted2 } from "../../src/omemo2.js";
import { readBundle, writeBundle } from "../../src/omemo-bundle.js";
import { readBundle2, writeBundle2 } from "../../src/omemo2-bundle.js";
import { readDeviceList, writeDeviceList } from "../../src/omemo-device-list.js";
import { readDeviceList2, writeDeviceList2 } from "../../src/omemo2-device-list.js";
import { readTrustMessage, writeTrustMessage } from "../../src/trust-message.js";
import type { DeviceId } from "../../src/ids.js";
import { fuzzReader } from "./round-trip.js";

const id = (number: number): DeviceId => number as DeviceId;
const bytes = (length: number, value = 7): Buffer => Buffer.alloc(length, value);
const JULIET = "+15551230001@phone.example.org";
const ROMEO = "+15551230002@phone.example.org";

const keys = [
  { jid: ROMEO, rid: id(22), isPreKey: true, data: bytes(20) },
  { jid: ROMEO, rid: id(2 ** 31 - 1), isPreKey: false, data: bytes(3) },
  { jid: JULIET, rid: id(22), isPreKey: false, data: bytes(1) },
];

fuzzReader({
  name: "omemo-encrypted",
  seeds: () => [
    writeEncrypted({ sid: id(11), keys, iv: bytes(12), payload: bytes(9) }),
    writeEncrypted({ sid: id(11), keys: [], iv: bytes(16), payload: undefined }),
    `<encrypted xmlns='${NS.omemo}'><header sid='1'><key prekey='1' rid='2'> AAAA </key><iv>AAAAAAAAAAAAAAAA</iv></header><payload/></encrypted>`,
  ],
  read: readEncrypted,
  write: writeEncrypted,
});

fuzzReader({
  name: "omemo2-encrypted",
  seeds: () => [
    writeEncrypted2({ sid: id(11), keys, payload: bytes(32) }),
    writeEncrypted2({ sid: id(11), keys: [], payload: undefined }),
    `<encrypted xmlns='${NS.omemo2}'><header sid='1'><keys jid='${JULIET}/balcony'><key kex='1' rid='2'>AAAA</key></keys><keys jid='${JULIET}'><key rid='3'>AAAA</key></keys></header></encrypted>`,
  ],
  read: readEncrypted2,
  write: writeEncrypted2,
  // The keys of a person are written together
  essence: ({ sid, keys: read, payload }) => ({
    sid,
    payload,
    keys: read.map((key) => JSON.stringify(key)).sort(),
  }),
});

const bundle = (keySize: number) => ({
  identityKey: bytes(keySize, 5),
  signedPreKey: { id: 1, publicKey: bytes(keySize, 6), signature: bytes(64, 8) },
  preKeys: [
    { id: 0, publicKey: bytes(keySize, 1) },
    { id: 2 ** 32 - 1, publicKey: bytes(keySize, 2) },
  ],
});

fuzzReader({
  name: "omemo-bundle",
  seeds: () => [writeBundle(bundle(33)), writeBundle(bundle(32))],
  read: readBundle,
  write: writeBundle,
});

fuzzReader({
  name: "omemo2-bundle",
  seeds: () => [writeBundle2(bundle(32)), writeBundle2(bundle(33))],
  read: readBundle2,
  write: writeBundle2,
});

fuzzReader({
  name: "omemo-device-list",
  seeds: () => [
    writeDeviceList([id(1), id(2 ** 31 - 1)]),
    writeDeviceList(Array.from({ length: 65 }, (_, index) => id(index + 1))),
    `<list xmlns='${NS.omemo}'><device id='2'/><device/><device id='x'/><device id='2'/></list>`,
  ],
  read: readDeviceList,
  write: writeDeviceList,
});

fuzzReader({
  name: "omemo2-device-list",
  seeds: () => [
    writeDeviceList2([id(1), id(2 ** 31 - 1)]),
    `<devices xmlns='${NS.omemo2}'><device id='2' label='a balcony'/><device id='3' labelsig='AA=='/></devices>`,
  ],
  read: readDeviceList2,
  write: writeDeviceList2,
});

fuzzReader({
  name: "trust-message",
  seeds: () => [
    writeTrustMessage({
      usage: NS.automaticTrust,
      encryption: NS.omemo2,
      keyOwners: [
        { jid: JULIET, trusted: [bytes(32), bytes(32, 8)], distrusted: [bytes(32, 9)] },
        { jid: ROMEO, trusted: [], distrusted: [bytes(1)] },
      ],
    }),
  ],
  read: readTrustMessage,
  write: writeTrustMessage,
});
