import type { MessageId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import type { RawDevice } from "./raw-device.js";
import { until } from "./until.js";

/**
 * Has a device die of one message until it is set aside.
 *
 * @param isSetAside whether it is by now
 * @returns the id of the message, whose sender has been told that it expired
 */
export async function setEntryAside(
  sender: RawDevice,
  device: RawDevice,
  body: string,
  isSetAside: () => Promise<boolean>,
): Promise<MessageId> {
  device.isAcknowledging = false;
  const id = await sender.say(device.numberJid, body);
  for (let life = 0; life < 9 && !(await isSetAside()); life += 1) {
    const before = device.entries.length;
    if (life > 0) await device.attach();
    if (await isSetAside()) break;
    await until("it is delivered", () => device.entries.length > before || life === 0);
    await device.ask("set", xml("detach", { xmlns: NS.mailbox }));
  }
  await device.attach();
  await sender.receipt(id, "expired");
  return id;
}
