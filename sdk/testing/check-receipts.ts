import type { EpochMs } from "../../src/clock.js";
import { sendRank, type SendState } from "../client/sent-records.js";
import {
  mayHaveBeenOpen,
  openTime,
  recipientsOf,
  shownAt,
  toldOf,
  toldOfDevice,
  type Asked,
  type Diary,
} from "./diaries.js";
import type { Violation } from "./violation.js";

/** Finds receipts that step back, device by device. */
export function checkReceiptOrder({ number, lines }: Diary): Violation[] {
  const violations: Violation[] = [];
  const reached = new Map<string, SendState>();
  for (const { kind, ...line } of lines) {
    if (kind !== "told" || !("state" in line)) continue;
    const key = `${line.id} ${line.device ?? ""}`;
    const before = reached.get(key);
    const isLower = before !== undefined && sendRank(line.state) < sendRank(before);
    // The answer to the submit is no receipt of a device, and may come behind one
    const isAnswer = line.state === "accepted" && line.device === undefined;
    if (isLower && !isAnswer) {
      const detail = `${number} was told ${line.state} after ${before}`;
      violations.push({ kind: "receipt-went-backwards", id: line.id, detail });
    }
    if (!isLower) reached.set(key, line.state);
  }
  return violations;
}

/** Finds devices that showed a send of which its sender was not told, both having been online for long enough since. */
export function checkReceiptLoss(
  send: Asked,
  diaries: readonly Diary[],
  withinMs: number,
  endedAt: EpochMs,
): Violation[] {
  return recipientsOf(send, diaries).flatMap((diary) => {
    const at = shownAt(diary, send);
    if (at === undefined || toldOfDevice(send, diary, ["delivered", "read"]).length > 0) return [];
    const openMs = Math.min(openTime(diary, at, endedAt), openTime(send.from, at, endedAt));
    if (openMs <= withinMs) return [];
    const detail = `shown on device ${diary.device} of ${send.to}; ${send.from.number} was not told in ${openMs} ms`;
    return { kind: "receipt-lost", id: send.id, detail } as const;
  });
}

/** Finds receipts of devices that cannot have had the message: their mailbox was not open since it was asked for. */
export function checkReceiptTime(send: Asked, diaries: readonly Diary[]): Violation[] {
  return recipientsOf(send, diaries).flatMap((diary) => {
    const first = toldOf(send.from, send.id)
      .filter(({ device }) => device === diary.device)
      .find(({ state }) => state === "delivered" || state === "read");
    if (!first || mayHaveBeenOpen(diary, send.at, first.at)) return [];
    const detail = `${send.from.number} was told ${first.state} by device ${diary.device} of ${send.to}, which was not online`;
    return { kind: "receipt-too-early", id: send.id, detail } as const;
  });
}

/** Finds what is shown after its sender was told that it had expired there. */
export function checkExpiry(send: Asked, diaries: readonly Diary[]): Violation[] {
  return recipientsOf(send, diaries).flatMap((diary) => {
    const at = shownAt(diary, send);
    const expired = toldOfDevice(send, diary, ["expired"]).find((line) => at !== undefined && line.at < at);
    if (!expired) return [];
    const detail = `shown on device ${diary.device} of ${send.to} after ${send.from.number} was told that it had expired`;
    return { kind: "came-back-after-expiry", id: send.id, detail } as const;
  });
}
