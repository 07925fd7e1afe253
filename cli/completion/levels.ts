import type { Command, Option } from "commander";

/** A word, and what it is for. */
export interface Word {
  readonly word: string;
  readonly what: string;
}

/** What may stand behind some commands. */
export interface Level {
  /** The commands before, each with a space before it: ` admin backup`; empty at the beginning. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** Options that take one of some words. */
  readonly choices: readonly { readonly flags: readonly string[]; readonly words: readonly string[] }[];
}

/** Everything that may be written, as scripts of shells need it. @param root with all commands loaded */
export function levelsOf(root: Command): Level[] {
  const walk = (command: Command, path: string, inherited: readonly Option[]): Level[] => {
    const options = [...command.options, ...inherited].filter(({ hidden }) => !hidden);
    const level = {
      path,
      commands: command.commands.map((child) => ({
        word: child.name(),
        what: child.summary() || child.description(),
      })),
      options: [...options.flatMap(wordsOf), { word: "--help", what: "how to use this" }],
      choices: options.flatMap(choicesOf),
    };
    const below = command.commands.flatMap((child) => walk(child, `${path} ${child.name()}`, options));
    return [level, ...below];
  };
  return walk(root, "", []);
}

function wordsOf(option: Option): Word[] {
  return flagsOf(option).map((word) => ({ word, what: option.description }));
}

function choicesOf(option: Option): Level["choices"] {
  return option.argChoices ? [{ flags: flagsOf(option), words: option.argChoices }] : [];
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}
