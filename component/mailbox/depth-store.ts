import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";

/** Mailboxes that one turn looks into. */
const TURN = 1_000;

/** What waits in some of the mailboxes. */
export interface Depth {
  readonly entries: number;
  readonly bytes: number;
  /** Mailboxes in which something waits. */
  readonly waiting: number;
  /** Entries in the fullest. */
  readonly fullest: number;
  /** When the oldest entry came; null when none waits. */
  readonly oldestAt: EpochMs | null;
  /** The last mailbox looked at; null when there are no more. */
  readonly next: number | null;
}

/** The SQL of what waits, for the metrics. */
export function openDepth(database: Database) {
  const depth = database.prepare<[number], Omit<Depth, "next"> & { looked: number; last: number | null }>(
    `SELECT count(*) AS looked, max(id) AS last, coalesce(sum(pending_count), 0) AS entries,
       coalesce(sum(pending_bytes), 0) AS bytes, coalesce(sum(pending_count > 0), 0) AS waiting,
       coalesce(max(pending_count), 0) AS fullest, min(at) AS oldestAt
     FROM (SELECT id, pending_count, pending_bytes, CASE WHEN pending_count > 0
         THEN (SELECT at FROM entries WHERE device = devices.id ORDER BY seq LIMIT 1) END AS at
       FROM devices WHERE id > ? ORDER BY id LIMIT ${TURN})`,
  );
  return {
    /** What waits in the mailboxes after one, a turn at a time. */
    depth(after = 0): Depth {
      const { looked, last, ...found } = depth.get(after) as NonNullable<ReturnType<typeof depth.get>>;
      return { ...found, next: looked === TURN ? last : null };
    },
  };
}
