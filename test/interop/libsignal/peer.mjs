// An OMEMO 0.3 device over upstream libsignal for TypeScript, driven by the same lines as the libomemo-c one beside it: one
// command a line on standard input, one answer a line on standard output, bytes in hexadecimal, "-" for none.
//
//   bundle PREKEY_ID                                          -> bundle IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY
//   initiate IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY   -> ok
//   encrypt PLAINTEXT                                         -> prekey BYTES | message BYTES
//   decrypt prekey|message BYTES                              -> plaintext BYTES
//   fresh                                                     -> ok: another device, with new keys and no session
//   save                                                      -> saved BYTES: all that the device stores
//   load BYTES                                                -> ok: the device is the stored one and knows nothing else
//
// What the library refuses is answered with "error WORDS-OF-THE-MESSAGE". PREKEY_ID 0 means no one-time prekey.
//
// Always a process of its own: the library is GPL-3.0-only, and importing it installs handlers that end the process.
import { createInterface } from "node:readline";
import {
  KeyHelper,
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
} from "libsignal-protocol-typescript";

/**
 * @typedef {import("libsignal-protocol-typescript").KeyPairType} KeyPair
 * @typedef {import("libsignal-protocol-typescript").StorageType} Storage
 */

const PEER = new SignalProtocolAddress("peer", 1);
const SIGNED_PRE_KEY_ID = 1;
const PRE_KEYS = 4;

/** @param {string | undefined} hex */
function fromHex(hex) {
  const bytes = Buffer.from(hex === undefined || hex === "-" ? "" : hex, "hex");
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** @param {ArrayBuffer} bytes */
function toHex(bytes) {
  return Buffer.from(bytes).toString("hex") || "-";
}

/** What the device stores: text by name, so that it can be written out as it is. @implements {Storage} */
class Store {
  /** @param {Record<string, string>} values */
  constructor(values) {
    this.values = values;
  }

  /** @param {string} name @returns {Promise<KeyPair | undefined>} */
  async loadKeyPair(name) {
    const value = this.values[name];
    if (value === undefined) return undefined;
    const [pubKey, privKey] = value.split(" ");
    return { pubKey: fromHex(pubKey), privKey: fromHex(privKey) };
  }

  /** @param {string} name @param {KeyPair} pair */
  async storeKeyPair(name, { pubKey, privKey }) {
    this.values[name] = `${toHex(pubKey)} ${toHex(privKey)}`;
  }

  getIdentityKeyPair = () => this.loadKeyPair("identity");
  getLocalRegistrationId = async () => 4711;
  isTrustedIdentity = async () => true;
  saveIdentity = async () => false;
  /** @param {number | string} id */
  loadPreKey = (id) => this.loadKeyPair(`prekey ${id}`);
  /** @param {number | string} id @param {KeyPair} pair */
  storePreKey = (id, pair) => this.storeKeyPair(`prekey ${id}`, pair);
  /** @param {number | string} id */
  removePreKey = async (id) => {
    delete this.values[`prekey ${id}`];
  };
  /** @param {number | string} id */
  loadSignedPreKey = (id) => this.loadKeyPair(`signed ${id}`);
  /** @param {number | string} id @param {KeyPair} pair */
  storeSignedPreKey = (id, pair) => this.storeKeyPair(`signed ${id}`, pair);
  /** @param {number | string} id */
  removeSignedPreKey = async (id) => {
    delete this.values[`signed ${id}`];
  };
  /** @param {string} address @param {string} record */
  storeSession = async (address, record) => {
    this.values[`session ${address}`] = record;
  };
  /** @param {string} address */
  loadSession = async (address) => this.values[`session ${address}`];
}

async function freshStore() {
  const store = new Store({});
  const identity = await KeyHelper.generateIdentityKeyPair();
  await store.storeKeyPair("identity", identity);
  const signed = await KeyHelper.generateSignedPreKey(identity, SIGNED_PRE_KEY_ID);
  await store.storeSignedPreKey(signed.keyId, signed.keyPair);
  store.values["signature"] = toHex(signed.signature);
  for (let id = 1; id <= PRE_KEYS; id++) {
    await store.storePreKey(id, (await KeyHelper.generatePreKey(id)).keyPair);
  }
  return store;
}

/** @param {string[]} words */
function load([hex = ""]) {
  const values = /** @type {Record<string, string>} */ (JSON.parse(Buffer.from(hex, "hex").toString()));
  return new Store(values);
}

/** @type {Record<string, (store: Store, words: string[]) => Promise<unknown[]>>} */
const COMMANDS = {
  async bundle(store, [preKeyId = ""]) {
    const identity = await store.getIdentityKeyPair();
    const signed = await store.loadSignedPreKey(SIGNED_PRE_KEY_ID);
    const preKey = await store.loadPreKey(preKeyId);
    if (!identity || !signed || (!preKey && preKeyId !== "0")) throw new Error("no such prekey");
    const { signature } = store.values;
    const keys = [toHex(identity.pubKey), SIGNED_PRE_KEY_ID, toHex(signed.pubKey), signature];
    return ["bundle", ...keys, preKeyId, preKey ? toHex(preKey.pubKey) : "-"];
  },
  async initiate(store, [identity, signedId, signed, signature, preKeyId, preKey]) {
    await new SessionBuilder(store, PEER).processPreKey({
      identityKey: fromHex(identity),
      signedPreKey: {
        keyId: Number(signedId),
        publicKey: fromHex(signed),
        signature: fromHex(signature),
      },
      registrationId: 1,
      ...(preKey === "-" ? {} : { preKey: { keyId: Number(preKeyId), publicKey: fromHex(preKey) } }),
    });
    return ["ok"];
  },
  async encrypt(store, [plaintext]) {
    const { type, body = "" } = await new SessionCipher(store, PEER).encrypt(fromHex(plaintext));
    return [type === 3 ? "prekey" : "message", Buffer.from(body, "latin1").toString("hex")];
  },
  async decrypt(store, [kind, hex]) {
    const cipher = new SessionCipher(store, PEER);
    const message = fromHex(hex);
    const plaintext =
      kind === "prekey"
        ? await cipher.decryptPreKeyWhisperMessage(message)
        : await cipher.decryptWhisperMessage(message);
    return ["plaintext", toHex(plaintext)];
  },
  async save(store) {
    return ["saved", Buffer.from(JSON.stringify(store.values)).toString("hex")];
  },
  async load() {
    return ["ok"];
  },
  async fresh(store) {
    store.values = (await freshStore()).values;
    return ["ok"];
  },
};

/** @param {unknown} error */
function nameOf(error) {
  const words = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  return words.replaceAll(/[^A-Za-z]+/g, "-").slice(0, 32);
}

// The answers are the only thing on standard output
console.log = console.warn = console.error;
/** @type {Store | undefined} */
let store;
for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", ...words] = line.split(" ");
  /** @type {unknown[]} */
  let answer;
  try {
    // Keys are only made for a device that is not loaded in the next moment
    store = command === "load" ? load(words) : (store ?? (await freshStore()));
    answer = (await COMMANDS[command]?.(store, words)) ?? ["error", "unknown-command"];
  } catch (error) {
    answer = ["error", nameOf(error)];
  }
  process.stdout.write(`${answer.join(" ")}\n`);
}
