import type { ReceiptState } from "../../src/receipt-state.js";

/** A message that was accepted. */
export interface Message {
  readonly sender: number;
  readonly from: string;
  readonly id: string;
  readonly recipient: number;
  readonly to: string;
  readonly text: string;
  readonly at: number;
  /** By row of the device. */
  readonly states: Map<number, ReceiptState>;
  /** Entries, and what is set aside, that still need the body. */
  pending: number;
}

/** A place in a mailbox: a message, or what a receipt says. */
export interface Entry {
  readonly seq: number;
  readonly at: number;
  readonly content: Message | string;
}

export interface Session {
  /** Sequence numbers that went, in order, again and again. */
  readonly delivered: number[];
  onTheWay: number[];
  sent: number;
  cautiousLeft: number;
  resends: number;
}

/** A device, and its mailbox. */
export interface Device {
  readonly row: number;
  readonly account: Account;
  deviceId: number | undefined;
  entries: Entry[];
  nextSeq: number;
  head: { seq: number; attempts: number };
  session: Session | undefined;
  /** What was on the way when its session ended. */
  cutOff: number[];
}

/** An account that a number belongs to. */
export interface Account {
  readonly row: number;
  readonly number: string;
  devices: Device[];
  /** Numbers that it has blocked, whoever has them. */
  readonly blocked: Set<string>;
}

/** A number about which everything is to go. */
export interface Erasure {
  /** What was accepted later belongs to who has the number by then. */
  readonly messages: ReadonlySet<Message>;
  /** Whether it goes although it still waits for others. */
  readonly isAtOnce: boolean;
}
