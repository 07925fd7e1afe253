import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { AnnouncementRow, Reach } from "../../component/announcements/store.js";
import { answersJson } from "../command.js";
import { runningComponent } from "../config.js";
import { withProgress } from "../progress.js";
import type { Shell } from "../shell.js";
import type { RunningComponent } from "./running-component.js";

/** What an announcement would be, or is. */
type Plan = Reach & { readonly id: number | null; readonly seconds: number };

const PLAN: Plan = { id: null, people: 118, withoutApp: 2, seconds: 3 };
const ROW: AnnouncementRow = {
  id: 3,
  startedAt: 1767225600000,
  endedAt: 1767225603000,
  isCancelled: 0,
  reached: 118,
  unreached: 2,
  left: 0,
};
const LOOK_EVERY_MS = 500;

/** Defines `twotick admin announce`. */
export function define(command: Command, shell: Shell): void {
  command.description(
    "Writes to everybody in the name of the service: plain text from the number domain, shown by ordinary apps. It goes to 50 people a second, through their mailboxes, and on by itself when this program ends.",
  );
  defineSend(command, shell);
  const list = command
    .command("list")
    .description("show the last announcements and how far they have come")
    .action(async () => {
      const component = runningComponent(list, shell.terminal.env);
      for (const row of await listed(component)) shell.output.tell(row, describe(row));
    });
  answersJson(list, { example: ROW, lines: "for each announcement, the newest first" });
  const cancel = command
    .command("cancel")
    .description("end the one under way: those that it has not come to do not get it")
    .action(async () => {
      await runningComponent(cancel, shell.terminal.env).ask("POST", "announcements/cancel");
      shell.output.tell({ status: "done" }, "It is ended.");
    });
  answersJson(cancel, { example: { status: "done" } });
}

interface SendOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly wait: boolean;
}

function defineSend(command: Command, shell: Shell): void {
  const send = command
    .command("send")
    .description("write it; says first how many get it, and asks")
    .argument("<text>")
    .option("--dry-run", "only say how many would get it, and how long that takes")
    .option("-y, --yes", "do not ask")
    .option("--no-wait", "do not wait until it has gone to everybody")
    .action(async (text: string, { dryRun = false, yes = false, wait }: SendOptions) => {
      const component = runningComponent(send, shell.terminal.env);
      const plan = await component.read<Plan>("POST", "announcements", { text, isDryRun: true });
      if (dryRun) return shell.output.tell(plan, describePlan(plan));
      if (!yes) {
        const questions = await shell.questions("--yes, or --dry-run");
        if (!(await questions.isSure(`${describePlan(plan)} Write it?`, false)))
          return shell.output.say("Nothing was written.");
      }
      const { id } = await component.read<Plan>("POST", "announcements", { text });
      const row = wait ? await finished(component, id, shell) : await found(component, id);
      return shell.output.tell(row, describe(row));
    });
  answersJson(send, { example: ROW }, { example: PLAN, lines: "with `--dry-run`" });
}

async function finished(
  component: RunningComponent,
  id: number | null,
  shell: Shell,
): Promise<AnnouncementRow> {
  return withProgress(shell, "Announcing", async (progress) => {
    for (;;) {
      const row = await found(component, id);
      if (row.endedAt !== null) return row;
      const gone = row.reached + row.unreached;
      progress.at(gone / (gone + row.left), `${gone} of ${gone + row.left}`);
      await sleep(LOOK_EVERY_MS);
    }
  });
}

async function found(component: RunningComponent, id: number | null): Promise<AnnouncementRow> {
  const row = (await listed(component)).find((one) => one.id === id);
  if (!row) throw new TypeError("an announcement that has begun is not listed");
  return row;
}

async function listed(component: RunningComponent): Promise<readonly AnnouncementRow[]> {
  const { announcements } = await component.read<{ announcements: AnnouncementRow[] }>(
    "GET",
    "announcements",
  );
  return announcements;
}

function describePlan({ people, withoutApp, seconds }: Plan): string {
  const without = withoutApp > 0 ? ` (not to ${withoutApp} without an ordinary app)` : "";
  return `It goes to ${people} people${without} within ${seconds} s.`;
}

function describe({
  id,
  startedAt,
  endedAt,
  isCancelled,
  reached,
  unreached,
  left,
}: AnnouncementRow): string {
  const state = endedAt === null ? `under way, ${left} to come` : isCancelled === 1 ? "cancelled" : "done";
  const when = new Date(startedAt).toISOString();
  return `${id}: ${state}, begun ${when}, ${reached} people reached, ${unreached} not`;
}
