import type { Command } from "commander";
import type { Deleted } from "../../component/admin/service.js";
import { answersJson, readNumber } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

/** Defines `twotick admin delete`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Deletes everything about a number: account, devices, messages, receipts.")
    .argument("<number>", "in international form: +15551230001", readNumber)
    .option("--at-once", "also what still waits for other people; without it, that is delivered first")
    .option("-y, --yes", "do not ask whether it is meant")
    .action(async (number: string, { atOnce = false, yes = false }: { atOnce?: boolean; yes?: boolean }) => {
      const component = runningComponent(command, shell.terminal.env);
      if (!yes && shell.isInteractive) {
        const questions = await shell.questions("--yes");
        if (!(await questions.isSure(`Delete everything about ${number}?`, false)))
          return shell.output.tell(
            { account: null, isAccountDeleted: false, isComplete: false },
            "Nothing was deleted.",
          );
      }
      const response = await component.ask("POST", "delete", { number, isAtOnce: atOnce });
      const { account = null, ...rest } = (await response.json()) as Deleted & {
        readonly account?: string | null;
      };
      shell.output.tell({ account, ...rest }, describe({ account: account ?? undefined, ...rest }));
    });
  answersJson(command, {
    example: { account: "romeo@example.org", isAccountDeleted: true, isComplete: false },
  });
}

function describe({ account, isAccountDeleted, isComplete }: Deleted): string {
  const owner = account === undefined ? "It belonged to no account." : `It was taken from ${account}.`;
  const host = isAccountDeleted ? " The account on the host is being deleted." : "";
  const rest = isComplete
    ? " Nothing is left of it in the store."
    : " What waits for other people goes when it has reached them, at the latest when it expires.";
  return `${owner}${host}${rest}`;
}
