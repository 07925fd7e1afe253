import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { xml, type Element } from "../../src/xml.js";

/** Bytes as `Buffer`, which is what readers answer. */
export function bytes(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

/** Any device id. */
export const deviceIds = fc
  .integer({
    min: 1,
    max: 2 ** 31 - 1,
  })
  .map((id) => id as DeviceId);

const NAMES = [
  "header keys key payload iv bundle spk spks ik prekeys pk devices device",
  "trust-message key-owner trust distrust envelope content from to time rpad body a:key __proto__",
].flatMap((line) => line.split(" "));
const ATTRIBUTES = "sid rid jid kex id label usage encryption stamp prekey constructor".split(" ");

const value = fc.oneof(
  fc.constantFrom(
    "1",
    "0",
    "-1",
    "true",
    "AQID",
    "",
    "juliet@example.org",
    "@",
    "4294967296",
    "urn:xmpp:atm:1",
  ),
  bytes(30, 66).map((some) => some.toString("base64")),
  fc.string({ maxLength: 8 }),
);

/** A tree that begins like the real one and is anything below: known names and attributes in wrong places. */
export function hostileTree(root: string, namespace: string): fc.Arbitrary<Element> {
  const attributes = fc.dictionary(fc.constantFrom(...ATTRIBUTES), value, {
    maxKeys: 3,
    noNullPrototype: true,
  });
  const { child } = fc.letrec<{ child: Element; node: Element | string }>((tie) => ({
    node: fc.oneof({ maxDepth: 4 }, value, tie("child")),
    child: fc
      .tuple(
        fc.constantFrom(...NAMES),
        fc.oneof(
          { weight: 5, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.constant("else") },
        ),
        attributes,
        fc.array(tie("node"), { maxLength: 5 }),
      )
      .map(([name, xmlns, attrs, children]) => xml(name, { ...attrs, xmlns }, ...children)),
  }));
  return fc
    .tuple(attributes, fc.array(child, { maxLength: 6 }))
    .map(([attrs, children]) => xml(root, { ...attrs, xmlns: namespace }, ...children));
}

/** Holds a reader to its promise: for any input it answers or throws {@link InvalidInput}. */
export function throwsOnlyInvalidInput<T>(read: (input: T) => unknown, inputs: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(inputs, (input) => {
      try {
        read(input);
      } catch (error) {
        expect(error).instanceOf(InvalidInput);
      }
    }),
    { numRuns: 1000 },
  );
}
