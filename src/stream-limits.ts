import { LinkError } from "./errors.js";

/** The stream error conditions that the parser itself uses. Source: RFC 6120 §4.9.3. */
export type ParserCondition =
  "bad-format" | "not-well-formed" | "policy-violation" | "restricted-xml" | "unsupported-encoding";

/**
 * The stream broke a rule, or the peer said so: `code` is the condition of RFC 6120 §4.9.3.
 *
 * The stream is over; connecting again helps unless `isFatal`.
 */
export class StreamError extends LinkError {}

/** How large and how deep what arrives may be. Counts are inclusive: a value that equals its limit passes. */
export interface StreamLimits {
  /** Bytes of UTF-8 of a stanza, or of the stream header; more ends the stream. */
  readonly maxStanzaBytes: number;
  /** Levels of elements, the stanza itself being the first. */
  readonly maxDepth: number;
  /** Elements of one stanza, itself included. */
  readonly maxElements: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
  /** Length of an element's or attribute's name, in UTF-16 code units. */
  readonly maxNameLength: number;
  /** Length of an attribute's value as written, in UTF-16 code units. */
  readonly maxValueLength: number;
}

/**
 * What fits every stanza that a stock server passes on (512 KiB at most) and no stack or heap minds.
 *
 * Of the attribute values only `data:` URIs of thumbnails are long. Source: XEP-0264 §3.
 */
export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  maxStanzaBytes: 1_048_576,
  maxDepth: 32,
  maxElements: 10_000,
  maxAttributes: 64,
  maxNameLength: 256,
  maxValueLength: 65_536,
};
