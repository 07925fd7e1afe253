import type { Command } from "commander";
import type { ListedNumber } from "../../component/admin/overview.js";
import { answersJson } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

const EXAMPLE: ListedNumber = {
  number: "+15551230001",
  id: 1,
  jid: "romeo@example.org",
  linkedAt: 1767225600000,
  devices: 1,
  apps: 2,
  waitingEntries: 0,
  hasPin: true,
};

/** Defines `twotick admin numbers`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Lists who is signed up, the longest first: number, account, devices, apps, what waits.")
    .option("--prefix <digits>", "only numbers that begin with this, like +1555")
    .action(async ({ prefix = "" }: { prefix?: string }) => {
      const component = runningComponent(command, shell.terminal.env);
      for (let after = 0; ;) {
        const { numbers } = await component.read<{ numbers: ListedNumber[] }>(
          "GET",
          `numbers?after=${after}`,
        );
        for (const row of numbers) if (row.number.startsWith(prefix)) shell.output.tell(row, describe(row));
        const last = numbers.at(-1);
        if (!last) return;
        after = last.id;
      }
    });
  answersJson(command, { example: EXAMPLE, lines: "for each number" });
}

function describe({ number, jid, linkedAt, devices, apps, waitingEntries, hasPin }: ListedNumber): string {
  const since = new Date(linkedAt).toISOString().slice(0, 10);
  const pin = hasPin ? ", PIN" : "";
  return `${number}  ${jid}, since ${since}, ${devices} devices, ${apps} apps, ${waitingEntries} waiting${pin}`;
}
