import type { Database } from "better-sqlite3";
import type { Config } from "../config.js";
import { warning, type Finding } from "./finding.js";

const DAY_MS = 86_400_000;
/** Clean-up runs every hour; what is older than it keeps things by more than this was not cleaned up. */
const LATE_MS = DAY_MS;
/** A mailbox this full, of what it may hold, is about to refuse. */
const NEARLY_FULL = 0.9;
/** Entries in all mailboxes up to which memory and start are measured. Source: docs/performance.md */
const MAX_ENTRIES = 1_000_000;

interface Backlog {
  readonly entries: number;
  readonly waiting: number;
  readonly nearlyFull: number;
  readonly fullest: number;
  readonly late: number;
  readonly setAside: number;
}

/** Checks what waits in the mailboxes, how full they are and for how long, and what was set aside. */
export function checkBacklog(database: Database, { mailbox }: Pick<Config, "mailbox">): Finding[] {
  const { keepDays, maxEntries } = mailbox;
  const found = backlogOf(database, mailbox);
  const findings: Finding[] = [];
  if (found.nearlyFull > 0)
    findings.push(
      warning(
        `${many(found.nearlyFull, "mailbox is", "mailboxes are")} nearly full (${found.fullest} of ${maxEntries} entries): who writes there will be refused.`,
        "twotick admin mailboxes shows them: start the bot, remove the device, or raise mailbox.max_entries.",
      ),
    );
  if (found.late > 0)
    findings.push(
      warning(
        `In ${many(found.late, "mailbox", "mailboxes")} something waits for longer than mailbox.keep_days, which is ${keepDays}.`,
        'Start the component; if it runs, clean-up fails: look for "a job failed" in its log.',
      ),
    );
  if (found.entries > MAX_ENTRIES)
    findings.push(
      warning(
        `${found.entries} entries wait in ${found.waiting} mailboxes, more than a small machine was measured with.`,
        "twotick admin mailboxes shows the fullest: remove devices that are gone for good, or lower mailbox.keep_days.",
      ),
    );
  if (found.setAside > 0)
    findings.push(
      warning(
        `${many(found.setAside, "entry is", "entries are")} set aside: a device could not get past what was in it.`,
        "twotick admin set-aside list shows which: mend the device, then deliver them again, or drop them.",
      ),
    );
  return findings;
}

function backlogOf(database: Database, { keepDays, maxEntries }: Config["mailbox"]): Backlog {
  const mailboxes = database
    .prepare<[number, number], Omit<Backlog, "setAside">>(
      `SELECT coalesce(sum(pending_count), 0) AS entries, count(*) AS waiting,
         coalesce(sum(pending_count > ?), 0) AS nearlyFull, coalesce(max(pending_count), 0) AS fullest,
         coalesce(sum((SELECT at FROM entries WHERE device = devices.id ORDER BY seq LIMIT 1) < ?), 0) AS late
       FROM devices WHERE pending_count > 0`,
    )
    .get(NEARLY_FULL * maxEntries, Date.now() - keepDays * DAY_MS - LATE_MS);
  const setAside = database.prepare("SELECT count(*) FROM set_aside_entries").pluck().get() as number;
  return { ...(mailboxes as Omit<Backlog, "setAside">), setAside };
}

function many(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}
