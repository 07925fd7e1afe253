import { InvalidInput } from "./errors.js";
import type { DeviceId } from "./ids.js";
import { NS } from "./namespaces.js";
import { readDevices } from "./omemo-device-list.js";
import { type Element, namespaceOf } from "./xml.js";

/**
 * Reads `<devices/>` of OMEMO 2: every device once, in its order; an entry whose id is none is passed over.
 *
 * Labels are passed over: they are what a device says of itself, and nothing rests on them.
 *
 * @throws {InvalidInput} when it is no list or has more than `MAX_OMEMO_DEVICES`. Source: XEP-0384 0.8 §5.3.1.
 */
export function readDeviceList2(devices: Element): DeviceId[] {
  if (devices.name !== "devices" || namespaceOf(devices) !== NS.omemo2) {
    throw new InvalidInput("not a device list of OMEMO 2");
  }
  return readDevices(devices.getChildren("device", NS.omemo2));
}

/** Writes `<devices/>` of OMEMO 2, without labels. Source: XEP-0384 0.8 §5.3.1. */
export function writeDeviceList2(devices: readonly DeviceId[]): string {
  return `<devices xmlns='${NS.omemo2}'>${devices.map((id) => `<device id='${id}'/>`).join("")}</devices>`;
}
