/**
 * A promise of the delivery contract that was broken, with what it was broken on.
 *
 * - `accepted-but-lost`: accepted, and not shown on a device of the recipient that was there when it was asked for
 * - `shown-twice`: shown again after it was acknowledged, or twice in one life of a process
 * - `out-of-order`: shown after something that the same device sent later to the same number
 * - `shown-but-never-sent`: shown as from somebody who did not send it, or not so, or not to this number
 * - `receipt-lost`: shown on a device, and the sender is not told that it was delivered there
 * - `receipt-went-backwards`: told a lower state of a device than before
 * - `receipt-too-early`: told delivered by a device whose mailbox had not been open since it was asked for
 * - `send-without-end`: neither accepted nor failed, or too late
 * - `came-back-after-expiry`: shown for the first time after the sender was told that it had expired there
 * - `window-exceeded`: more entries on the way to a device than may be unacknowledged
 */
export interface Violation {
  readonly kind:
    | "accepted-but-lost"
    | "shown-twice"
    | "out-of-order"
    | "shown-but-never-sent"
    | "receipt-lost"
    | "receipt-went-backwards"
    | "receipt-too-early"
    | "send-without-end"
    | "came-back-after-expiry"
    | "window-exceeded";
  readonly id: string;
  /** For people: who, to whom, what was seen. */
  readonly detail: string;
}
