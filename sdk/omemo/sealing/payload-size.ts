import { InvalidInput } from "../../../src/errors.js";
import { MAX_PAYLOAD_BYTES } from "../../../src/mailbox-submit.js";

/**
 * The payload, when the service takes one of its size: to be asked before a ratchet advances for it.
 *
 * @param devices for how many it is encrypted
 * @throws {InvalidInput} with fewer devices or a shorter text it would fit
 */
export function fitting(payload: string, devices: number): string {
  const sizeBytes = Buffer.byteLength(payload);
  if (sizeBytes <= MAX_PAYLOAD_BYTES) return payload;
  throw new InvalidInput(
    `encrypted for ${devices} devices the message has ${sizeBytes} bytes, and may have ${MAX_PAYLOAD_BYTES}`,
  );
}
