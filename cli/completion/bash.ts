import type { Level } from "./levels.js";
import { byLevel, quoted } from "./posix.js";

/** Writes the completion for bash. */
export function bashScript(levels: readonly Level[]): string {
  return `# Completion of twotick for bash: source <(twotick completion bash)
_twotick() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" level="" word words=""
${byLevel(levels, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`, actionOf)}
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _twotick twotick
`;
}

function actionOf({ commands, options, choices }: Level): string {
  const names = quoted(commands.map(({ word }) => word).join(" "));
  const flags = quoted(options.map(({ word }) => word).join(" "));
  const chosen = choices.map(
    ({ flags: given, words }) => `        ${given.join("|")}) words=${quoted(words.join(" "))} ;;\n`,
  );
  const byPrevious = chosen.length === 0 ? "" : `\n      case "$previous" in\n${chosen.join("")}      esac`;
  return `      case "$current" in -*) words=${flags} ;; *) words=${names} ;; esac${byPrevious}`;
}
