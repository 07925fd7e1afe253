import { isAscii, isUtf8 } from "node:buffer";

/** What a chunk of bytes came to. */
export interface DecodedChunk {
  /** The text of all whole characters so far that were not handed out before. */
  readonly text: string;
  /** The size of `text` in bytes of UTF-8. */
  readonly sizeBytes: number;
  /** Whether everything so far is UTF-8; if not, `text` ends before the first byte that is not. */
  readonly isValid: boolean;
}

/** Turns chunks of bytes into text, holding back a character that a chunk's border cuts. Source: RFC 3629 §3. */
export class Utf8Stream {
  #tail: Buffer | undefined;

  /** Takes the next chunk; a string counts as already decoded. */
  decode(chunk: Uint8Array | string): DecodedChunk {
    if (typeof chunk === "string") {
      return { text: chunk, sizeBytes: Buffer.byteLength(chunk), isValid: this.#tail === undefined };
    }
    const bytes = this.#withTail(chunk);
    if (isAscii(bytes)) return { text: bytes.toString("latin1"), sizeBytes: bytes.length, isValid: true };
    const whole = bytes.length - cutLength(bytes);
    if (whole < bytes.length) this.#tail = Buffer.from(bytes.subarray(whole));
    const body = bytes.subarray(0, whole);
    if (isUtf8(body)) return { text: body.toString("utf8"), sizeBytes: whole, isValid: true };
    const valid = body.subarray(0, validLength(body));
    return { text: valid.toString("utf8"), sizeBytes: valid.length, isValid: false };
  }

  #withTail(chunk: Uint8Array): Buffer {
    const tail = this.#tail;
    if (tail === undefined) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#tail = undefined;
    return Buffer.concat([tail, chunk]);
  }
}

/** How many bytes at the end begin a character whose rest has not arrived. */
function cutLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** The length of the longest prefix that is UTF-8: decoding and encoding changes the first byte that is not. */
function validLength(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString("utf8"));
  let same = 0;
  while (same < bytes.length && bytes[same] === again[same]) same += 1;
  return same - cutLength(bytes.subarray(0, same));
}
