import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { seq } from "./ids.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, reading } from "./xml.js";

/** The version of frames that is spoken here: the value of `frame` in `<attach/>` and `<attached/>`. */
export const FRAME_VERSION = 1;

/** Bytes of a frame: what a stanza of 512 KiB holds in base64. */
export const MAX_FRAME_BYTES = 384 * 1024;

/** Writes `<frame/>`. @param number of the submit in it; left out when there is none */
export function writeFrame(content: Uint8Array, number?: number): string {
  const n = number === undefined ? "" : ` n='${number}'`;
  return `<frame xmlns='${NS.mailbox}'${n}>${encodeBase64(content)}</frame>`;
}

/** The number of the submit in a frame; `undefined` when it has none that is valid. */
export function frameNumber(frame: Element): number | undefined {
  try {
    return seq(attribute(frame, "n"));
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** The bytes of a `<frame/>`. @throws {StanzaError} `bad-request` */
export function readFrame(frame: Element): Buffer {
  return reading(() => decodeBase64(frame.getText(), "a frame", { min: 1, max: MAX_FRAME_BYTES }));
}
