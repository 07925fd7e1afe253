import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import { isPhoneNumber, phoneNumber, redactPhoneNumber } from "../../src/phone-number.js";

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

describe("redactPhoneNumber", () => {
  it("leaves the first four digits and the last two", () => {
    expect(redactPhoneNumber(phoneNumber("+15551230001"))).to.equal("+1555…01");
  });
});
