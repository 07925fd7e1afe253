import type { FramedAnswer } from "../../src/frame-submit.js";
import type { Entry } from "../../src/mailbox-deliver.js";
import { newDeviceKey } from "../support/raw-device.js";

// Making keys would take most of the time of a run
const KEYS = Array.from({ length: 8 }, () => newDeviceKey());

/** A device as the outside world has it: what is durable on it survives everything. */
export interface RealDevice {
  readonly jid: string;
  readonly deviceId: number;
  readonly key: (typeof KEYS)[number];
  fullJid: string;
  token: string | undefined;
  /** The last entry that is durable here. */
  last: number;
  /** What was received since it attached. */
  received: Entry[];
  isOpen: boolean;
  isFramed: boolean;
  /** Submits in frames, and the last answer to one. */
  submits: number;
  answer: FramedAnswer | undefined;
}

/** A device that was never online. */
export function newRealDevice(jid: string, deviceId: number): RealDevice {
  const key = KEYS[deviceId % KEYS.length] as (typeof KEYS)[number];
  const offline = { token: undefined, received: [], isOpen: false, isFramed: false, answer: undefined };
  return { jid, deviceId, key, fullJid: `${jid}/device-${deviceId}`, ...offline, last: 0, submits: 0 };
}
