import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { MAX_OMEMO_DEVICES, readDeviceList, writeDeviceList } from "../../src/omemo-device-list.js";
import { parseXml } from "../../src/xml.js";

const NS = "eu.siacs.conversations.axolotl";
const read = (inner: string, xmlns = NS): number[] =>
  readDeviceList(parseXml(`<list xmlns='${xmlns}'>${inner}</list>`));
const devices = (count: number): DeviceId[] => Array.from({ length: count }, (_, i) => (i + 1) as DeviceId);

describe("readDeviceList", () => {
  it("reads what writeDeviceList wrote", () => {
    for (const count of [0, 1, MAX_OMEMO_DEVICES]) {
      expect(readDeviceList(parseXml(writeDeviceList(devices(count))))).eql(devices(count));
    }
  });

  it("reads every device once, in its order", () => {
    expect(read("<device id='3'/><device id='1'/><device id='3'/>")).eql([3, 1]);
  });

  it("passes over entries that name no device", () => {
    const noise =
      "<device/><device id=''/><device id='0'/><device id='-4'/><device id='2147483648'/><device id='x'/>";
    expect(read(`${noise}<device id='2'/><device xmlns='else' id='5'/><other id='6'/>`)).eql([2]);
  });

  it("refuses a list that is none, or too long", () => {
    expect(() => read("", "urn:xmpp:omemo:2")).throw(InvalidInput);
    expect(() => readDeviceList(parseXml(`<devices xmlns='${NS}'/>`))).throw(InvalidInput);
    expect(() => read("<device id='1'/>".repeat(MAX_OMEMO_DEVICES + 1))).throw(InvalidInput);
  });
});
