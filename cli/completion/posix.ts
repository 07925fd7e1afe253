import type { Level } from "./levels.js";

/** A text in single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * What bash and zsh have in common: finds out which commands were written, and does what belongs to them.
 *
 * @param words the words before the one that is completed, as the shell gives them
 * @param actionOf what belongs to a level
 */
export function byLevel(levels: readonly Level[], words: string, actionOf: (level: Level) => string): string {
  const paths = levels.slice(1).map(({ path }) => quoted(path));
  const cases = levels.map((level) => `    ${quoted(level.path)})\n${actionOf(level)} ;;`);
  return `  for word in ${words}; do
    case "$level $word" in
      ${paths.join("|")}) level="$level $word" ;;
    esac
  done
  case "$level" in
${cases.join("\n")}
  esac`;
}
