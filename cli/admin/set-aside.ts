import type { Command } from "commander";
import type { SetAsideRow } from "../../component/admin/set-aside-store.js";
import { answersJson } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

const EXAMPLE: SetAsideRow = {
  id: 17,
  kind: "message",
  messageId: "mBkQ3vYv0r7a" as SetAsideRow["messageId"],
  account: "romeo@example.org",
  deviceId: 1234567 as SetAsideRow["deviceId"],
  sizeBytes: 840,
  enteredAt: 1767225600000,
  setAsideAt: 1767229200000,
};

/** Defines `twotick admin set-aside`. */
export function define(command: Command, shell: Shell): void {
  command.description("Entries that a device, or an app, could not get past in five attempts.");
  const list = command
    .command("list")
    .description("show them: ids, sizes, ages and devices; never what they say")
    .action(async () => {
      let isEmpty = true;
      for await (const entry of entriesOf(list, shell)) {
        shell.output.tell(entry, describe(entry));
        isEmpty = false;
      }
      if (isEmpty) shell.output.say("Nothing is set aside.");
    });
  answersJson(list, { example: EXAMPLE, lines: "for each entry" });
  for (const [name, description] of [
    ["retry", "deliver one again, behind everything that waits"],
    ["drop", "end one for good; its sender has been told that it expired"],
  ] as const) {
    const act = command
      .command(name)
      .description(description)
      .argument("<id>", "as the list shows it")
      .action(async (id: string) => {
        const path = `set-aside/${encodeURIComponent(id)}/${name}`;
        await runningComponent(act, shell.terminal.env).ask("POST", path);
        shell.output.tell({ status: "done" }, "Done.");
      });
    answersJson(act, { example: { status: "done" } });
  }
}

async function* entriesOf(command: Command, { terminal }: Shell): AsyncGenerator<SetAsideRow> {
  const component = runningComponent(command, terminal.env);
  for (let after = 0; ;) {
    const response = await component.ask("GET", `set-aside?after=${after}`);
    const { entries } = (await response.json()) as { entries: SetAsideRow[] };
    yield* entries;
    const last = entries.at(-1);
    if (!last) return;
    after = last.id;
  }
}

function describe(entry: SetAsideRow): string {
  const { id, kind, messageId, account, deviceId, sizeBytes, enteredAt, setAsideAt } = entry;
  const owner = deviceId === null ? `of an app of ${account}` : `of device ${deviceId} of ${account}`;
  const device = account === null ? "of a device that is gone" : owner;
  const what = messageId === null ? kind : `${kind} ${messageId}`;
  const stamp = (at: number): string => new Date(at).toISOString();
  return `${id}: ${what}, ${sizeBytes} bytes, ${device}, came ${stamp(enteredAt)}, set aside ${stamp(setAsideAt)}`;
}
