import type { Level, Word } from "./levels.js";

/** Writes the completion for fish. */
export function fishScript(levels: readonly Level[]): string {
  const paths = levels.slice(1).map(({ path }) => quoted(path));
  return `# Completion of twotick for fish: twotick completion fish | source
function __twotick_is
  set -l level ""
  for word in (commandline -opc)[2..-1]
    switch "$level $word"
      case ${paths.join(" ")}
        set level "$level $word"
    end
  end
  test "$level" = "$argv[1]"
end
${levels.flatMap(lines).join("\n")}
`;
}

function lines({ path, commands, options, choices }: Level): string[] {
  const here = `complete -c twotick -n ${quoted(`__twotick_is ${quoted(path)}`)}`;
  const chosenOf = (word: string): string => {
    const found = choices.find(({ flags }) => flags.includes(word));
    return found ? ` -xa ${quoted(found.words.join(" "))}` : "";
  };
  return [
    ...(commands.length > 0 ? [`${here} -f`] : []),
    ...commands.map(({ word, what }) => `${here} -a ${word} -d ${quoted(what)}`),
    ...options.map(({ word, what }: Word) => `${here} ${flag(word)} -d ${quoted(what)}${chosenOf(word)}`),
  ];
}

function flag(word: string): string {
  return word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
