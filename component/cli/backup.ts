import type { Command } from "commander";
import { backUp, checkBackup, restore, type BackupFacts } from "../backup/backup.js";
import { deletionListPath, readDeletions } from "../deletions/list.js";
import { configOf, say } from "./config.js";

/** Adds the commands that copy the store and put a copy back. */
export function addBackupCommands(program: Command): void {
  program
    .command("backup")
    .description("copy the store into a new file; the component may run")
    .argument("<file>")
    .action((file: string) => {
      const { config, vault } = configOf(program);
      say(`Backed up: ${describe(backUp(config.store.path, file, vault))}.`);
    });
  program
    .command("restore")
    .description("put a backup in the place of the store; the component has to be stopped")
    .argument("<file>")
    .option("--check", "only check that the backup could be restored")
    .action((file: string, { check }: { check?: boolean }) => {
      const { config, vault } = configOf(program);
      if (check) return say(`The backup is sound: ${describe(checkBackup(file, vault))}.`);
      const suffix = `before-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
      const { before, ...facts } = restore(config.store.path, file, vault, suffix);
      say(`Restored: ${describe(facts)}.`);
      say(describeDeletions(deletionListPath(config.store.path)));
      if (before) say(`The store of before is ${before}; delete it when you are sure.`);
    });
}

function describe({ sizeBytes, accounts, waitingEntries }: BackupFacts): string {
  const mib = (sizeBytes / 2 ** 20).toFixed(1);
  return `${accounts} accounts, ${waitingEntries} entries waiting, ${mib} MiB`;
}

function describeDeletions(path: string): string {
  const count = readDeletions(path).length;
  return count > 0
    ? `The component deletes again what ${path} lists (${count} deletions in all) when it starts.`
    : `There is no list of deletions (${path}): what was deleted after the backup is back.`;
}
