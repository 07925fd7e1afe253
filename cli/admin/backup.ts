import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { BackupFacts } from "../../component/backup/backup.js";
import { backUpInBackground } from "../../component/backup/background.js";
import { answersJson } from "../command.js";
import { installationOf } from "../config.js";
import { withProgress } from "../progress.js";
import type { Shell } from "../shell.js";

/** An example of what a backup holds. */
export const BACKUP_EXAMPLE: BackupFacts = { sizeBytes: 4_718_592, accounts: 120, waitingEntries: 31 };

/** Defines `twotick admin backup`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Copies the store into a new file; the component may run, or not.")
    .argument("<file>", "must not exist; nobody else may read it")
    .action(async (file: string) => {
      const { config } = installationOf(command, shell.terminal.env);
      const wholeBytes = sizeOf(config.store.path);
      const target = resolve(shell.terminal.cwd, file);
      const facts = await withProgress(shell, "Copying the store", (progress) =>
        backUpInBackground({ storePath: config.store.path, target, key: config.store.key }, (bytes) =>
          progress.at(wholeBytes === 0 ? undefined : bytes / wholeBytes),
        ),
      );
      shell.output.tell({ file, ...facts }, `Backed up: ${describeBackup(facts)}.`);
    });
  answersJson(command, { example: { file: "twotick.db.bak", ...BACKUP_EXAMPLE } });
}

/** Says what a backup holds. */
export function describeBackup({ sizeBytes, accounts, waitingEntries }: BackupFacts): string {
  const mib = (sizeBytes / 2 ** 20).toFixed(1);
  return `${accounts} accounts, ${waitingEntries} entries waiting, ${mib} MiB`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
