import { EventEmitter } from "node:events";
import type { Addresses, AppEvents, Block } from "./capability.js";

/** What carries the words of capabilities to each other, at once and in the order in which they are said. */
export function createEvents(): AppEvents {
  const emitter = new EventEmitter<{
    accountGone: [jid: string];
    devicesGone: [jid: string];
    entriesAdded: [devices: readonly number[]];
    numberLinked: [jid: string];
    phoneBookRead: [jid: string];
    numberMissing: [jid: string];
    numberBlocked: [block: Block];
    sightChanged: [of: Addresses, by: string | undefined];
  }>();
  return {
    accountGone: (jid) => void emitter.emit("accountGone", jid),
    onAccountGone: (listener) => void emitter.on("accountGone", listener),
    devicesGone: (jid) => void emitter.emit("devicesGone", jid),
    onDevicesGone: (listener) => void emitter.on("devicesGone", listener),
    entriesAdded: (devices) => void emitter.emit("entriesAdded", devices),
    onEntriesAdded: (listener) => void emitter.on("entriesAdded", listener),
    numberLinked: (jid) => void emitter.emit("numberLinked", jid),
    onNumberLinked: (listener) => void emitter.on("numberLinked", listener),
    phoneBookRead: (jid) => void emitter.emit("phoneBookRead", jid),
    onPhoneBookRead: (listener) => void emitter.on("phoneBookRead", listener),
    numberMissing: (jid) => void emitter.emit("numberMissing", jid),
    onNumberMissing: (listener) => void emitter.on("numberMissing", listener),
    numberBlocked: (block) => void emitter.emit("numberBlocked", block),
    onNumberBlocked: (listener) => void emitter.on("numberBlocked", listener),
    sightChanged: (of, by) => void emitter.emit("sightChanged", of, by),
    onSightChanged: (listener) => void emitter.on("sightChanged", listener),
  };
}
