import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import {
  countryOf,
  isPhoneNumber,
  parsePhoneNumber,
  phoneNumber,
  redactPhoneNumber,
} from "../../src/phone-number.js";

describe("isPhoneNumber", () => {
  it("takes a plus sign and 7 to 15 digits of which the first is not zero", () => {
    expect(isPhoneNumber("+15551230001")).to.equal(true);
    expect(isPhoneNumber("+1234567")).to.equal(true);
    expect(isPhoneNumber("+123456789012345")).to.equal(true);
    const bad = ["", "+", "15551230001", "+05551230001", "+123456", "+1234567890123456", "+1555123000a"];
    for (const text of [...bad, " +15551230001", "+15551230001\n", "+١٢٣٤٥٦٧٨"])
      expect(isPhoneNumber(text), JSON.stringify(text)).to.equal(false);
  });
});

describe("phoneNumber", () => {
  it("refuses anything but E.164, without repeating it", () => {
    expect(phoneNumber("+15551230001")).to.equal("+15551230001");
    expect(() => phoneNumber("tel:4930901820"))
      .to.throw(InvalidInput)
      .with.property("message")
      .not.include("30901820");
  });
});

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

describe("redactPhoneNumber", () => {
  it("leaves the first four digits and the last two", () => {
    expect(redactPhoneNumber(phoneNumber("+15551230001"))).to.equal("+1555…01");
  });
});
