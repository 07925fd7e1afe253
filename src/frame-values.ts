import { InvalidInput } from "./errors.js";
import { asNumber, asText, type Item } from "./frame-cbor.js";
import { messageId, type MessageId } from "./ids.js";
import { isPhoneNumber } from "./phone-number.js";

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Encodes a message id: as bytes when it is base64url of whole bytes, else as text. */
export function encodeId(id: string): Item {
  if (!BASE64URL.test(id)) return id;
  const bytes = Buffer.from(id, "base64url");
  return bytes.toString("base64url") === id ? bytes : id;
}

/** Decodes a message id. @throws {InvalidInput} */
export function decodeId(item: Item | undefined): MessageId {
  if (!(item instanceof Uint8Array)) return messageId(asText(item, "a message id"));
  if (item.length > 48) throw new InvalidInput("a message id is 1 to 64 printable ASCII characters");
  return messageId(Buffer.from(item.buffer, item.byteOffset, item.length).toString("base64url"));
}

/** Encodes an address: as the digits of its number when it is a number JID of this domain, else as text. */
export function encodeAddress(address: string, domain: string): Item {
  const at = address.indexOf("@");
  const local = address.slice(0, at);
  // At most 15 digits: below 2^53
  return at > 0 && address.slice(at + 1) === domain && isPhoneNumber(local)
    ? Number(local.slice(1))
    : address;
}

/** Decodes an address to text, which is not looked at unless it is a number. @throws {InvalidInput} */
export function decodeAddress(item: Item | undefined, domain: string): string {
  if (typeof item === "string") return item;
  const local = `+${asNumber(item, "an address")}`;
  if (!isPhoneNumber(local)) throw new InvalidInput("a number has 7 to 15 digits");
  return `${local}@${domain}`;
}
