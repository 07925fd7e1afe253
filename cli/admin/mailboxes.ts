import type { Command } from "commander";
import type { MailboxRow } from "../../component/admin/overview-store.js";
import { answersJson, wholeNumber } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

const EXAMPLE: MailboxRow = {
  mailbox: 7,
  account: "romeo@example.org",
  deviceId: null,
  resource: "profanity",
  waitingEntries: 12,
  waitingBytes: 10_240,
  oldestAt: 1767225600000,
  seenAt: 1767225500000,
};

/** Defines `twotick admin mailboxes`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Lists the mailboxes in which something waits, the fullest first.")
    .option("--limit <count>", "so many at most", wholeNumber(1, 1_000), 20)
    .action(async ({ limit }: { limit: number }) => {
      const component = runningComponent(command, shell.terminal.env);
      const { mailboxes } = await component.read<{ mailboxes: MailboxRow[] }>(
        "GET",
        `mailboxes?limit=${limit}`,
      );
      for (const row of mailboxes) shell.output.tell(row, describe(row));
      if (mailboxes.length === 0) shell.output.say("Nothing waits.");
    });
  answersJson(command, { example: EXAMPLE, lines: "for each mailbox" });
}

function describe(row: MailboxRow): string {
  const { mailbox, account, deviceId, resource, waitingEntries, waitingBytes, oldestAt } = row;
  const owner =
    deviceId === null ? (resource === null ? "no device yet" : `app ${resource}`) : `device ${deviceId}`;
  const since = oldestAt === null ? "" : `, the oldest since ${new Date(oldestAt).toISOString()}`;
  return `${mailbox}: ${waitingEntries} entries, ${waitingBytes} bytes for ${owner} of ${account}${since}`;
}
