import { expect } from "chai";
import { InvalidInput, StanzaError } from "../../src/errors.js";
import { type Element, parseXml } from "../../src/xml.js";
import { fuzz, type FuzzTarget, outcomeOf } from "./harness.js";
import { treeOf } from "./lenient-xml.js";

/** A reader of elements and the writer of the same. */
export interface Codec<Value> {
  readonly name: string;
  /** Written by the writer, or as other programs write it. */
  readonly seeds: FuzzTarget["seeds"];
  readonly read: (element: Element) => Value;
  /** Missing for what is only read. */
  readonly write?: (value: Value) => Element | string;
  readonly dictionary?: FuzzTarget["dictionary"];
  readonly maxSizeBytes?: number;
  /** What of a value is to be the same after it was written and read. */
  readonly essence?: (value: Value) => unknown;
}

/** Fuzzes a reader: it answers, or throws one of the errors that it may; what it answers is read again from what is written. */
export function fuzzReader<Value>({ read, write, essence = same, ...target }: Codec<Value>): void {
  const { seeds = () => [], dictionary = [] } = target;
  fuzz({
    ...target,
    seeds,
    dictionary: [...dictionary, ...tagsOf(seeds()), ...LIMITS],
    promise: write
      ? "reads what it would write again, or refuses with InvalidInput or StanzaError"
      : "reads, or refuses with InvalidInput or StanzaError",
    run: (input) => {
      const element = treeOf(input);
      const before = element.toString();
      const outcome = outcomeOf(
        () => {
          let value: Value;
          try {
            value = read(element);
          } finally {
            expect(element.toString(), "the element is left as it was").to.equal(before);
          }
          // What was accepted may be refused no more
          if (write) expect(essence(again(read, write, value))).to.deep.equal(essence(value));
        },
        InvalidInput,
        StanzaError,
      );
      // Some refusals name the element, which may have any name here
      return outcome.replaceAll(/<[^>]*>/g, "<>");
    },
  });
}

function again<Value>(
  read: (element: Element) => Value,
  write: (value: Value) => Element | string,
  value: Value,
): Value {
  try {
    return read(parseXml(String(write(value))));
  } catch (error) {
    throw new Error(`not read again: ${String(error)}`, { cause: error });
  }
}

function same(value: unknown): unknown {
  return value;
}

const LIMITS = [
  "0",
  "-1",
  "1",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "999999999999999",
  "1e3",
  " 1",
  "__proto__",
  "constructor",
  "AAAA",
  "AB==",
  "&#13;",
  "\r",
  "\t",
  "\n",
  "'",
];

/** The tags and attributes of the seeds, to be put elsewhere. */
function tagsOf(seeds: readonly (Uint8Array | string)[]): string[] {
  const text = seeds.map((seed) => Buffer.from(seed as Uint8Array).toString("utf8")).join("");
  const tags = text.match(/<[^>]*>/g) ?? [];
  const attributes = text.match(/ [\w:-]+=(?:'[^']*'|"[^"]*")/g) ?? [];
  return [...new Set([...tags, ...attributes])];
}
