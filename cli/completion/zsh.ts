import type { Level, Word } from "./levels.js";
import { byLevel, quoted } from "./posix.js";

/** Writes the completion for zsh. */
export function zshScript(levels: readonly Level[]): string {
  return `#compdef twotick
# Completion of twotick for zsh: source <(twotick completion zsh), or save it as _twotick in a folder of $fpath
_twotick() {
  local level="" word previous="\${words[CURRENT-1]}"
  local -a names flags chosen
${byLevel(levels, `"\${(@)words[2,CURRENT-1]}"`, actionOf)}
  if (( $#chosen )); then _describe value chosen
  elif [[ "\${words[CURRENT]}" == -* ]]; then _describe -o option flags
  elif (( $#names )); then _describe command names
  else _files; fi
}
if [[ "$funcstack[1]" == _twotick ]]; then _twotick "$@"; else compdef _twotick twotick; fi
`;
}

function actionOf({ commands, options, choices }: Level): string {
  const chosen = choices.map(
    ({ flags, words }) =>
      `\n      case "$previous" in ${flags.join("|")}) chosen=(${words.map(quoted).join(" ")}) ;; esac`,
  );
  return `      names=(${described(commands)})
      flags=(${described(options)})${chosen.join("")}`;
}

function described(words: readonly Word[]): string {
  return words.map(({ word, what }) => quoted(`${word}:${what.replaceAll(":", String.raw`\:`)}`)).join(" ");
}
