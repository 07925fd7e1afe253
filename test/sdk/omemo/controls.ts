import type { Jid } from "../../../src/jid.js";
import type { ControlMessage, Opened, Sealed } from "../../../sdk/omemo/mod.js";
import { type Device, type DeviceOptions, open, type World } from "./world.js";

/** A device that sends what OMEMO itself wants sent, and what of it waits. */
export interface ControlledDevice extends Device {
  readonly controls: ControlMessage[];
}

const QUEUE = "test/control/";

/** A device whose control messages wait in its store, as in a client's outbox. */
export async function controlledDevice(
  world: World,
  number: Jid,
  id: number,
  options: DeviceOptions = {},
): Promise<ControlledDevice> {
  let next = 0;
  const device = await world.device(number, id, {
    ...options,
    enqueue(transaction, control) {
      const key = QUEUE + String(++next).padStart(6, "0");
      transaction.set(key, Buffer.from(JSON.stringify(control)));
    },
  });
  return {
    ...device,
    get controls() {
      return device.storage.read((view) =>
        view.scan(QUEUE).map(([, value]) => JSON.parse(Buffer.from(value).toString()) as ControlMessage),
      );
    },
  };
}

/** Prepares and encrypts a control message as a client does. */
export async function sealControl(device: Device, control: ControlMessage): Promise<Sealed | undefined> {
  await device.omemo.prepareControl(control);
  return device.storage.transaction((transaction) => device.omemo.sealControl(transaction, control));
}

/** Encrypts what waits, in order; what is not needed any more is left out. */
export async function sealWaiting(device: ControlledDevice): Promise<Sealed[]> {
  const waiting = device.controls;
  device.storage.transaction((transaction) => {
    for (const [key] of transaction.scan(QUEUE)) transaction.delete(key);
  });
  const sealed: Sealed[] = [];
  for (const control of waiting) {
    const one = await sealControl(device, control);
    if (one) sealed.push(one);
  }
  return sealed;
}

/** Opens several messages of somebody. */
export function openAll(at: Device, from: Jid, messages: readonly Sealed[]): Opened[] {
  return messages.map((message) => open(at, from, message));
}

/** Takes the sessions out of a store, as when it had been damaged. */
export function forgetSessions(device: Device): void {
  forget(device, "session", "archive");
}

/** Takes the one-time prekeys out of a store, those that were used too. */
export function forgetPreKeys(device: Device): void {
  forget(device, "prekey/", "used-prekey/");
}

function forget({ storage }: Device, ...kinds: string[]): void {
  storage.transaction((transaction) => {
    for (const kind of kinds) {
      for (const [key] of transaction.scan(`omemo/1/${kind}`)) transaction.delete(key);
    }
  });
}
