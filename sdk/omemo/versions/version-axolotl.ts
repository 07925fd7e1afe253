import { OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../../src/namespaces.js";
import { type OmemoMessage, readEncrypted, writeEncrypted } from "../../../src/omemo.js";
import { readBundle, writeBundle } from "../../../src/omemo-bundle.js";
import { readDeviceList, writeDeviceList } from "../../../src/omemo-device-list.js";
import type { Element } from "../../../src/xml.js";
import { axolotl } from "../../ratchet/mod.js";
import { openPayload, sealPayload } from "./payload-axolotl.js";
import { SINGLE_ITEM_ID } from "../devices/pep.js";
import type {
  Content,
  OmemoVersion,
  OpenedContent,
  ReceivedMessage,
  SealedContent,
  Self,
} from "./version.js";

/** OMEMO 0.3, `eu.siacs.conversations.axolotl`: what most apps speak. Source: XEP-0384 0.3. */
export const versionAxolotl: OmemoVersion = {
  name: "0.3",
  profile: axolotl,
  // XEP-0384 0.3 §4.2
  deviceList: { node: OMEMO_DEVICE_LIST_NODE, id: SINGLE_ITEM_ID, hasManyItems: false },
  // XEP-0384 0.3 §4.3: a node for each device
  bundle: (device) => ({ node: OMEMO_BUNDLE_NODE_PREFIX + device, id: SINGLE_ITEM_ID, hasManyItems: false }),
  readDeviceList,
  writeDeviceList,
  readBundle,
  writeBundle,
  // XEP-0384 0.3 §4.5: the payload is the text of the body
  canCarryElements: false,
  seal,
  // XEP-0384 0.3 §4.6: a key for something else, which nothing else is encrypted with
  sealEmpty: () => sealed({ ...sealPayload(Buffer.alloc(0)), payload: undefined }),
  read,
};

function seal({ text = "" }: Content): SealedContent {
  return sealed(sealPayload(Buffer.from(text)));
}

function sealed({
  iv,
  payload,
  keyMaterial,
}: Pick<OmemoMessage, "iv" | "payload"> & { keyMaterial: Buffer }): SealedContent {
  return {
    keyMaterial,
    write: (sid, keys) => writeEncrypted({ sid, keys, iv, payload }),
  };
}

function read(encrypted: Element, { device }: Self): ReceivedMessage {
  const { sid, keys, iv, payload } = readEncrypted(encrypted);
  return {
    sid,
    keys: keys.filter(({ rid }) => rid === device),
    open(keyMaterial) {
      // XEP-0384 0.3 §4.6: a key transport
      if (!payload) return { kind: "empty" };
      const bytes = openPayload(keyMaterial, iv, payload);
      return bytes ? readText(bytes) : { kind: "failed", reason: "bad-mac" };
    },
  };
}

function readText(bytes: Uint8Array): OpenedContent {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: "content", content: { text, elements: [] }, sentAt: undefined, sender: undefined };
  } catch {
    return { kind: "failed", reason: "malformed" };
  }
}
