import { InvalidInput } from "./errors.js";
import { deviceId, type DeviceId } from "./ids.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, namespaceOf } from "./xml.js";

/** Devices in one list: Signal has six, and old ones pile up in lists that apps never clean. */
export const MAX_OMEMO_DEVICES = 64;

/**
 * Reads `<list/>`: every device once, in its order; an entry whose id is none is passed over.
 *
 * @throws {InvalidInput} when it is no list or has more than {@link MAX_OMEMO_DEVICES}. Source: XEP-0384 0.3 §4.3.
 */
export function readDeviceList(list: Element): DeviceId[] {
  if (list.name !== "list" || namespaceOf(list) !== NS.omemo) throw new InvalidInput("not a device list");
  return readDevices(list.getChildren("device", NS.omemo));
}

/** Reads the entries of a device list of either version: every device once, in its order. @throws {InvalidInput} */
export function readDevices(devices: readonly Element[]): DeviceId[] {
  if (devices.length > MAX_OMEMO_DEVICES) {
    throw new InvalidInput(`a device list with more than ${MAX_OMEMO_DEVICES} devices`);
  }
  return [...new Set(devices.flatMap(readDevice))];
}

function readDevice(device: Element): DeviceId[] {
  try {
    return [deviceId(attribute(device, "id"))];
  } catch {
    return [];
  }
}

/** Writes `<list/>`. Source: XEP-0384 0.3 §4.3. */
export function writeDeviceList(devices: readonly DeviceId[]): string {
  return `<list xmlns='${NS.omemo}'>${devices.map((id) => `<device id='${id}'/>`).join("")}</list>`;
}
