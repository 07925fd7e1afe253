import { resolve } from "node:path";
import type { Command } from "commander";
import { checkBackup, restore } from "../../component/backup/backup.js";
import { deletionListPath, readDeletions } from "../../component/deletions/list.js";
import { answersJson } from "../command.js";
import { installationOf } from "../config.js";
import type { Shell } from "../shell.js";
import { BACKUP_EXAMPLE, describeBackup } from "./backup.js";

/** Defines `twotick admin restore`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Puts a backup in the place of the store; the component has to be stopped.")
    .argument("<file>", "a backup")
    .option("--check", "only check that the backup could be restored")
    .action((name: string, { check = false }: { check?: boolean }) => {
      const { config, vault } = installationOf(command, shell.terminal.env);
      const file = resolve(shell.terminal.cwd, name);
      if (check) {
        const facts = checkBackup(file, vault);
        return shell.output.tell(facts, `The backup is sound: ${describeBackup(facts)}.`);
      }
      const suffix = `before-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
      const { before = null, ...facts } = restore(config.store.path, file, vault, suffix);
      const list = deletionListPath(config.store.path);
      const deletions = readDeletions(list).length;
      const lines = [`Restored: ${describeBackup(facts)}.`, describeDeletions(list, deletions)];
      if (before !== null) lines.push(`The store of before is ${before}; delete it when you are sure.`);
      return shell.output.tell({ ...facts, before, deletions }, lines.join("\n"));
    });
  answersJson(
    command,
    {
      example: {
        ...BACKUP_EXAMPLE,
        before: "/var/lib/twotick/twotick.db.before-20260201T000000Z",
        deletions: 2,
      },
    },
    { example: BACKUP_EXAMPLE, lines: "with `--check`" },
  );
}

function describeDeletions(path: string, count: number): string {
  return count > 0
    ? `The component deletes again what ${path} lists (${count} deletions in all) when it starts.`
    : `There is no list of deletions (${path}): what was deleted after the backup is back.`;
}
