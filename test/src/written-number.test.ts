import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { isPhoneNumber, phoneNumber } from "../../src/phone-number.js";
import { countryOf, parsePhoneNumber } from "../../src/written-number.js";

describe("parsePhoneNumber", () => {
  const GOOD: readonly [text: string, country: string | undefined, number: string][] = [
    ["+15551230001", undefined, "+15551230001"],
    ["+1 555-123-0001", undefined, "+15551230001"],
    ["+1 (555) 123.0001", undefined, "+15551230001"],
    ["030 901820", "DE", "+4930901820"],
    ["(202) 456-1111", "US", "+12024561111"],
  ];
  for (const [text, country, number] of GOOD) {
    it(`reads ${text}`, () => {
      expect(parsePhoneNumber(text, country)).to.equal(number);
    });
  }

  for (const text of ["", "hello", "030 901820", "+", "+0 555", "1".repeat(65), "+1555123000155512300"]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(() => parsePhoneNumber(text)).to.throw(InvalidInput);
    });
  }

  it("answers E.164 or refuses, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        let number = "";
        try {
          number = parsePhoneNumber(text, "US");
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidInput);
          return;
        }
        expect(isPhoneNumber(number)).to.equal(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe("countryOf", () => {
  it("knows the country of a number, also of an area that is not assigned", () => {
    expect(countryOf(phoneNumber("+4930901820"))).to.equal("DE");
    expect(countryOf(phoneNumber("+15551230001"))).to.equal("US");
  });
});
