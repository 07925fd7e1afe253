import type { Command } from "commander";
import type { PersonDevice } from "../../component/admin/person-store.js";
import { answersJson, readNumber, wholeNumber } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

const EXAMPLE: PersonDevice = {
  mailbox: 7,
  deviceId: 1234567 as PersonDevice["deviceId"],
  resource: null,
  boundAt: 1767225600000,
  seenAt: 1767229200000,
  waitingEntries: 0,
  waitingBytes: 0,
};

/** Defines `twotick admin devices`. */
export function define(command: Command, shell: Shell): void {
  command.description("Devices of the SDK and ordinary apps of a number.");
  const list = command
    .command("list")
    .description("show them, with what waits for each")
    .argument("<number>", "in international form: +15551230001", readNumber)
    .action(async (number: string) => {
      const component = runningComponent(list, shell.terminal.env);
      const { devices } = await component.read<{ devices: PersonDevice[] }>("POST", "devices", { number });
      for (const device of devices) shell.output.tell(device, describe(device));
      if (devices.length === 0) shell.output.say("There is none.");
    });
  answersJson(list, { example: EXAMPLE, lines: "for each device or app" });
  const remove = command
    .command("remove")
    .description("unbind a device, as when it was lost: its mailbox is gone, and it cannot come back")
    .argument("<number>", "in international form", readNumber)
    .argument("<device-id>", "as the list shows it", wholeNumber(1, 2 ** 31 - 1))
    .action(async (number: string, deviceId: number) => {
      await runningComponent(remove, shell.terminal.env).ask("POST", "devices/removal", { number, deviceId });
      shell.output.tell({ status: "done" }, "It is removed.");
    });
  answersJson(remove, { example: { status: "done" } });
}

function describe({
  deviceId,
  resource,
  boundAt,
  seenAt,
  waitingEntries,
  waitingBytes,
}: PersonDevice): string {
  const stamp = (at: number): string => new Date(at).toISOString();
  const name = deviceId === null ? `app ${resource}` : `device ${deviceId}`;
  return `${name}: since ${stamp(boundAt)}, seen ${stamp(seenAt)}, ${waitingEntries} waiting (${waitingBytes} bytes)`;
}
