import type { EpochMs } from "../../src/clock.js";
import { TwotickError } from "../../src/errors.js";
import { decodeRecord, encodeRecord, orderKey } from "../client/codec.js";
import type { InboxItem } from "../client/inbox-item.js";
import type { ClientUnit } from "../client/unit.js";
import type { View } from "../storage/port.js";

/** Something that arrived and that no handler got done with. */
export interface DeadLetter {
  readonly id: string;
  readonly item: InboxItem;
  /** What the last attempt failed with; `interrupted` when the process ended each time it was tried. */
  readonly error: { readonly name: string; readonly message: string; readonly code?: string | undefined };
  /** How often it was tried. */
  readonly attempts: number;
  /** When it was last tried. */
  readonly failedAt: EpochMs;
}

const PREFIX = "bot/dead/";

/** The id of the dead letter of an item. */
export function letterId({ order }: Pick<InboxItem, "order">): string {
  return orderKey(order);
}

/** Keeps an item that failed. */
export function writeLetter(
  unit: ClientUnit,
  letter: Omit<DeadLetter, "id" | "error">,
  error: unknown,
): void {
  const { item, attempts, failedAt } = letter;
  unit.set(PREFIX + letterId(item), encodeRecord({ item, attempts, failedAt, error: described(error) }));
}

/** Forgets one. */
export function removeLetter(unit: ClientUnit, id: string): boolean {
  const wasThere = unit.get(PREFIX + id) !== undefined;
  unit.delete(PREFIX + id);
  return wasThere;
}

/** One of them. */
export function readLetter(view: View, id: string): DeadLetter | undefined {
  const bytes = view.get(PREFIX + id);
  return bytes && { id, ...(decodeRecord(bytes) as Omit<DeadLetter, "id">) };
}

/** All of them, the oldest first. */
export function readLetters(view: View): DeadLetter[] {
  return view.scan(PREFIX).map(([key, bytes]) => ({
    id: key.slice(PREFIX.length),
    ...(decodeRecord(bytes) as Omit<DeadLetter, "id">),
  }));
}

function described(error: unknown): DeadLetter["error"] {
  if (error instanceof TwotickError) return { name: error.name, message: error.message, code: error.code };
  if (error instanceof Error) return { name: error.name, message: error.message };
  return { name: "Error", message: String(error) };
}
