import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { TwotickError } from "../../src/errors.js";
import { botFiles } from "../bot/template.js";
import { answersJson } from "../command.js";
import { packageVersion } from "../program.js";
import type { Shell } from "../shell.js";

/** Defines `twotick bot new`. */
export function define(command: Command, shell: Shell): void {
  command
    .description("Makes a folder with a bot that runs, its test, package.json and README.")
    .argument("<folder>", "is made; it must not exist, or be empty")
    .option("--typescript", "in TypeScript, run by tsx")
    .option("--dry-run", "only say which files it would write")
    .action(
      (name: string, { typescript = false, dryRun = false }: { typescript?: boolean; dryRun?: boolean }) => {
        const folder = resolve(shell.terminal.cwd, name);
        const plan = {
          name: packageName(basename(folder)),
          version: packageVersion(),
          isTypeScript: typescript,
        };
        const files = botFiles(plan);
        requireEmpty(folder);
        if (!dryRun) {
          mkdirSync(folder, { recursive: true });
          for (const [file, text] of Object.entries(files))
            writeFileSync(join(folder, file), text, { flag: "wx" });
        }
        const names = Object.keys(files);
        const install = `  npm install   # with a package that you made: npm install …/twotick-${plan.version}.tgz`;
        const next = `  cd ${name}\n${install}\n  npm test\n  TWOTICK_NUMBER=+15551230009 npm start`;
        shell.output.tell(
          { folder, files: names },
          dryRun
            ? `${folder} would have ${names.join(", ")}.`
            : `${folder} has ${names.join(", ")}. Next:\n\n${next}\n`,
        );
      },
    );
  answersJson(command, {
    example: {
      folder: "/home/romeo/my-bot",
      files: ["package.json", "bot.js", "bot.test.js", "README.md", ".gitignore"],
    },
  });
}

function requireEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new TwotickError("folder-unusable", `${folder} cannot be used: ${(error as Error).message}`, error);
  }
  throw new TwotickError("folder-used", `${folder} is not empty: choose another one`);
}

// As npm takes names of packages
function packageName(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return words.filter(Boolean).join("-") || "bot";
}
