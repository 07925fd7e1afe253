import type { Command } from "commander";
import type { Deleted } from "../admin/service.js";
import type { SetAsideRow } from "../admin/set-aside-store.js";
import { configOf, say } from "./config.js";
import { RunningComponent } from "./running.js";

/** Adds the commands that ask the running component. */
export function addAdminCommands(program: Command): void {
  const running = (): RunningComponent => {
    const { config, vault } = configOf(program);
    return new RunningComponent(config, vault);
  };
  addSetAside(program.command("set-aside").description("entries that a device could not get past"), running);
  program
    .command("export")
    .description("write everything that is kept about a number into a new file, a JSON object a line")
    .argument("<number>", "in international form: +15551230001")
    .argument("<file>")
    .action(async (number: string, file: string) => {
      await running().save("export", { number }, file);
      say(`Written to ${file}.`);
    });
  program
    .command("delete")
    .description("delete everything about a number: account, devices, messages, receipts")
    .argument("<number>", "in international form")
    .option("--at-once", "also what still waits for other people; without it, that is delivered first")
    .action(async (number: string, { atOnce }: { atOnce?: boolean }) => {
      const response = await running().ask("POST", "delete", { number, isAtOnce: atOnce === true });
      say(describeDeleted((await response.json()) as Deleted));
    });
  program
    .command("reset-pin")
    .description("remove the registration PIN of a number whose owner forgot it")
    .argument("<number>", "in international form")
    .action(async (number: string) => {
      await running().ask("POST", "pin-reset", { number });
      say("There is no PIN any more.");
    });
}

function addSetAside(command: Command, running: () => RunningComponent): void {
  command
    .command("list")
    .description("show them: ids, sizes, ages, devices")
    .action(async () => {
      const component = running();
      let after = 0;
      for (;;) {
        const response = await component.ask("GET", `set-aside?after=${after}`);
        const { entries } = (await response.json()) as { entries: SetAsideRow[] };
        for (const entry of entries) say(describeEntry(entry));
        if (entries.length === 0) break;
        after = entries.at(-1)?.id ?? after;
      }
    });
  for (const [name, description] of [
    ["retry", "deliver one again, behind everything that waits"],
    ["drop", "end one for good; its sender has been told that it expired"],
  ] as const)
    command
      .command(name)
      .description(description)
      .argument("<id>")
      .action(async (id: string) => {
        await running().ask("POST", `set-aside/${encodeURIComponent(id)}/${name}`);
        say("Done.");
      });
}

function describeEntry(entry: SetAsideRow): string {
  const { id, kind, messageId, account, deviceId, sizeBytes, enteredAt, setAsideAt } = entry;
  const device = account === null ? "of a device that is gone" : `of device ${deviceId} of ${account}`;
  const what = messageId === null ? kind : `${kind} ${messageId}`;
  const stamp = (at: number): string => new Date(at).toISOString();
  return `${id}: ${what}, ${sizeBytes} bytes, ${device}, came ${stamp(enteredAt)}, set aside ${stamp(setAsideAt)}`;
}

function describeDeleted({ account, isAccountDeleted, isComplete }: Deleted): string {
  const owner = account === undefined ? "It belonged to no account." : `It was taken from ${account}.`;
  const host = isAccountDeleted ? " The account on the host is being deleted." : "";
  const rest = isComplete
    ? " Nothing is left of it in the store."
    : " What waits for other people goes when it has reached them, at the latest when it expires.";
  return `${owner}${host}${rest}`;
}
