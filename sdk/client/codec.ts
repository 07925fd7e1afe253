/** Writes a record as it stands in the store. */
export function encodeRecord(record: object): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}

/** Reads a record of the store, which only this program writes. */
export function decodeRecord(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

const ORDER_DIGITS = 15;

/** A number as a part of a key, so that keys sort like the numbers. */
export function orderKey(order: number): string {
  return String(order).padStart(ORDER_DIGITS, "0");
}
