import { randomBytes, randomFillSync } from "node:crypto";
import { InvalidInput } from "./errors.js";

/** The sender's own id of a message (XEP-0359 origin id): unique for one account, 1 to 64 printable ASCII characters. */
export type MessageId = string & { readonly __messageId: unique symbol };

/** A device of an account, and its OMEMO device id: an integer from 1 to 2^31-1. Source: XEP-0384 0.3 §4.1. */
export type DeviceId = number & { readonly __deviceId: unique symbol };

/** The place of an entry in a mailbox: strictly rising, from 1. */
export type Seq = number & { readonly __seq: unique symbol };

const MESSAGE_ID = /^[\x21-\x7e]{1,64}$/;
const MAX_DEVICE_ID = 2 ** 31 - 1;

const ID_BYTES = 15;

// Drawing for many at once costs little more than for one
const drawn = Buffer.allocUnsafeSlow(ID_BYTES * 256);
let taken = drawn.length;

/** An id that nobody can guess: 120 random bits as 20 characters of base64url. */
export function newId(): string {
  if (taken === drawn.length) {
    randomFillSync(drawn);
    taken = 0;
  }
  return drawn.toString("base64url", taken, (taken += ID_BYTES));
}

/** How many characters the ids of a burst have in common, and how many messages that is at most. */
const BURST_LENGTH = 4;
const BURST_MESSAGES = 256;

/** What the ids of each device begin with, and for how many more. */
const bursts = new WeakMap<object, { readonly beginning: string; left: number }>();

/**
 * Makes a fresh message id.
 *
 * A service knows a message again by its id, and the ids of a device that begin alike stand on a few pages of its index
 * instead of on one each: in bulk that is a third of what its commits write. They tell nothing but that.
 *
 * @param device stands for the device that sends: its ids have 24 random bits in common with those just before, and 96 of
 * their own; without one they have 120 of their own
 */
export function newMessageId(device?: object): MessageId {
  const id = newId();
  if (!device) return id as MessageId;
  const burst = bursts.get(device);
  if (!burst || burst.left === 0) {
    bursts.set(device, { beginning: id.slice(0, BURST_LENGTH), left: BURST_MESSAGES - 1 });
    return id as MessageId;
  }
  burst.left -= 1;
  return (burst.beginning + id.slice(BURST_LENGTH)) as MessageId;
}

/** Takes text as a message id. @throws {InvalidInput} unless it is 1 to 64 printable ASCII characters. */
export function messageId(text: string | undefined): MessageId {
  if (text === undefined || !MESSAGE_ID.test(text)) {
    throw new InvalidInput("a message id is 1 to 64 printable ASCII characters");
  }
  return text as MessageId;
}

/** Draws a device id. */
export function newDeviceId(): DeviceId {
  return ((randomBytes(4).readUInt32BE() % MAX_DEVICE_ID) + 1) as DeviceId;
}

/** Takes a number, or its text, as a device id. @throws {InvalidInput} outside 1 to 2^31-1. */
export function deviceId(value: string | number | undefined): DeviceId {
  const id = integer(value, "a device id");
  if (id < 1 || id > MAX_DEVICE_ID) throw new InvalidInput("a device id is 1 to 2147483647");
  return id as DeviceId;
}

/** Takes a number, or its text, as a sequence number; 0 is "before the first". @throws {InvalidInput} */
export function seq(value: string | number | undefined): Seq {
  return integer(value, "a sequence number") as Seq;
}

function integer(value: string | number | undefined, what: string): number {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
    throw new InvalidInput(`${what} is a whole number`);
  }
  return number;
}
