import { checkAffixes, REQUIRED_AFFIXES } from "../../../src/envelope-affixes.js";
import { type OpenedEnvelope, readEnvelope, writeEnvelope } from "../../../src/envelope.js";
import { InvalidInput } from "../../../src/errors.js";
import { NS, OMEMO2_BUNDLES_NODE, OMEMO2_DEVICE_LIST_NODE } from "../../../src/namespaces.js";
import { readEncrypted2, writeEncrypted2 } from "../../../src/omemo2.js";
import { readBundle2, writeBundle2 } from "../../../src/omemo2-bundle.js";
import { readDeviceList2, writeDeviceList2 } from "../../../src/omemo2-device-list.js";
import { attribute, childElements, type Element, escapeXMLText, namespaceOf, xml } from "../../../src/xml.js";
import { omemo2 } from "../../ratchet/mod.js";
import { openPayload, sealPayload } from "./payload-omemo2.js";
import { SINGLE_ITEM_ID } from "../devices/pep.js";
import type {
  Content,
  EnvelopeRoute,
  OmemoVersion,
  OpenedContent,
  ReceivedMessage,
  ReceivedRoute,
  SealedContent,
  Self,
} from "./version.js";

/** OMEMO 2, `urn:xmpp:omemo:2`. Source: XEP-0384 0.8. */
export const versionOmemo2: OmemoVersion = {
  name: "2",
  profile: omemo2,
  deviceList: { node: OMEMO2_DEVICE_LIST_NODE, id: SINGLE_ITEM_ID, hasManyItems: false },
  // XEP-0384 0.8 §5.3.2: one node for all devices, the item id is the device id
  bundle: (device) => ({ node: OMEMO2_BUNDLES_NODE, id: String(device), hasManyItems: true }),
  readDeviceList: readDeviceList2,
  writeDeviceList: writeDeviceList2,
  readBundle: readBundle2,
  writeBundle: writeBundle2,
  canCarryElements: true,
  seal,
  // XEP-0384 0.8 §5.5.2: 32 zero bytes in place of a key
  sealEmpty: () => sealed(undefined, Buffer.alloc(32)),
  read,
};

function seal(content: Content, { from, to, at }: EnvelopeRoute): SealedContent {
  const addressee = xml("addressee", { xmlns: NS.envelope, jid: to.bare });
  // XEP-0384 0.8 §5.5.1: without <to/>. Apps hold it to the address of their account, which a number's sender cannot know
  const envelope = writeEnvelope({ content: writeContent(content) + addressee, from: from.bare, time: at });
  const { payload, keyMaterial } = sealPayload(Buffer.from(envelope));
  return sealed(payload, keyMaterial);
}

function sealed(payload: Buffer | undefined, keyMaterial: Buffer): SealedContent {
  return {
    keyMaterial,
    write: (sid, keys) => writeEncrypted2({ sid, keys, payload }),
  };
}

function writeContent({ text, elements }: Content): string {
  // A bare carriage return would be read as a line feed: XML 1.0 §2.11
  const escaped = text === undefined ? undefined : escapeXMLText(text).replaceAll("\r", "&#13;");
  const body = escaped === undefined ? "" : `<body xmlns='${NS.client}'>${escaped}</body>`;
  return body + elements.map(String).join("");
}

function read(encrypted: Element, { addresses, device }: Self): ReceivedMessage {
  const { sid, keys, payload } = readEncrypted2(encrypted);
  return {
    sid,
    // XEP-0384 0.8 §5.6: other people's devices may have the same id
    keys: keys.filter(({ jid, rid }) => rid === device && addresses.includes(jid)),
    open(keyMaterial, route) {
      // XEP-0384 0.8 §5.5.2: an empty OMEMO message
      if (!payload) return { kind: "empty" };
      const bytes = openPayload(keyMaterial, payload);
      return bytes ? readContent(bytes, route) : { kind: "failed", reason: "bad-mac" };
    },
  };
}

function readContent(bytes: Uint8Array, { at, ...route }: ReceivedRoute): OpenedContent {
  const envelope = tryRead(bytes);
  if (!envelope) return { kind: "failed", reason: "malformed" };
  const children = childElements(envelope.content);
  const isTrusting = children.some((child) => namespaceOf(child) === NS.trustMessages);
  const required = isTrusting ? REQUIRED_AFFIXES.trustMessage : REQUIRED_AFFIXES.chat;
  const addressees = children.filter(isAddressee);
  const isMeant = addressees.every((one) => attribute(one, "jid") === route.to.bare);
  if (!isMeant || checkAffixes(envelope, { ...route, sentAt: at, required })) {
    return { kind: "failed", reason: "bad-envelope" };
  }
  const isBody = (child: Element): boolean => child.name === "body" && namespaceOf(child) === NS.client;
  const text = children.find(isBody)?.getText();
  const elements = children.filter((child) => !isBody(child) && !isAddressee(child));
  return { kind: "content", content: { text, elements }, sentAt: envelope.time, sender: envelope.from };
}

function isAddressee(child: Element): boolean {
  return child.name === "addressee" && namespaceOf(child) === NS.envelope;
}

function tryRead(bytes: Uint8Array): OpenedEnvelope | undefined {
  try {
    return readEnvelope(bytes);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
