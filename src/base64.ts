import { InvalidInput } from "./errors.js";

/**
 * Reads base64 with its padding and without line breaks; white space around it is taken off.
 *
 * @param what names the value in the error
 * @param sizeBytes the least and the most that it may hold
 * @throws {InvalidInput} Source: RFC 4648 §4, §3.3.
 */
export function decodeBase64(
  text: string | null | undefined,
  what: string,
  sizeBytes: { readonly min: number; readonly max: number },
): Buffer {
  const trimmed = (text ?? "").trim();
  // Looked at before anything of its size is made
  if (trimmed.length > Math.ceil(sizeBytes.max / 3) * 4) throw new InvalidInput(`${what} is too long`);
  const bytes = Buffer.from(trimmed, "base64");
  // Node leaves out what it cannot read. RFC 4648 §3.5: two spellings of the same bytes would be two ids of one thing
  if (bytes.toString("base64") !== trimmed) throw new InvalidInput(`${what} is not canonical base64`);
  if (bytes.length < sizeBytes.min || bytes.length > sizeBytes.max) {
    throw new InvalidInput(`${what} has ${bytes.length} bytes`);
  }
  return bytes;
}

/** Writes base64 with padding, in one line. Source: RFC 4648 §4. */
export function encodeBase64(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("base64");
}
