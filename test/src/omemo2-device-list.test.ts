import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { MAX_OMEMO_DEVICES } from "../../src/omemo-device-list.js";
import { readDeviceList2, writeDeviceList2 } from "../../src/omemo2-device-list.js";
import { parseXml } from "../../src/xml.js";
import { deviceIds, hostileTree, throwsOnlyInvalidInput } from "../support/omemo-arbitraries.js";

const NS = "urn:xmpp:omemo:2";
const read = (inner: string, xmlns = NS): number[] =>
  readDeviceList2(parseXml(`<devices xmlns='${xmlns}'>${inner}</devices>`));

describe("readDeviceList2", () => {
  it("reads whatever writeDeviceList2 wrote", () => {
    const lists = fc.uniqueArray(deviceIds, { maxLength: MAX_OMEMO_DEVICES });
    fc.assert(
      fc.property(lists, (list) => {
        expect(readDeviceList2(parseXml(writeDeviceList2(list)))).eql(list);
      }),
    );
  });

  // The shape of XEP-0384 0.8 §5.3.1, with values in it
  it("reads every device once, in its order, with a label or without", () => {
    const label = "label='Balcony &lt;3' labelsig='AQID'";
    expect(read(`<device id='3' ${label}/> <device id='1' labelsig='?'/><device id='3'/>`)).eql([3, 1]);
  });

  it("passes over entries that name no device", () => {
    const noise =
      "<device/><device id=''/><device id='0'/><device id='-4'/><device id='2147483648'/><device id='x'/>";
    expect(read(`${noise}<device id='2'/><device xmlns='else' id='5'/><other id='6'/>`)).eql([2]);
  });

  it("refuses a list that is none, or too long", () => {
    expect(() => read("", "eu.siacs.conversations.axolotl")).throw(InvalidInput);
    expect(() => readDeviceList2(parseXml(`<list xmlns='${NS}'/>`))).throw(InvalidInput);
    expect(() => read("<device id='1'/>".repeat(MAX_OMEMO_DEVICES + 1))).throw(InvalidInput);
    expect(() => read("<device id='1'/>".repeat(10_000))).throw(InvalidInput);
  });

  it("throws nothing but InvalidInput, whatever the tree", () => {
    throwsOnlyInvalidInput(readDeviceList2, hostileTree("devices", NS));
  });
});
