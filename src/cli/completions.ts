import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow a command: others, choices of its argument, and options. */
interface Node {
  readonly path: string;
  readonly words: readonly Word[];
}

interface Word {
  readonly word: string;
  readonly about: string;
  /** null: it is no option. */
  readonly option: Option | null;
}

/** A script for the shell, made from the very tree that is parsed. */
export function completionFor(shell: Shell, program: Command): string {
  const nodes = nodesOf(program, program.name());
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
}

function nodesOf(command: Command, path: string): readonly Node[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  help.showGlobalOptions = true;
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const words = [
    ...commands.flatMap((child) => namesOf(child).map((word) => ({ word, about: child.summary(), option: null }))),
    ...choices.map((word) => ({ word, about: '', option: null })),
    ...options.flatMap((option) =>
      option.long == null ? [] : [{ word: option.long, about: option.description, option }],
    ),
  ];
  const below = commands.flatMap((child) => namesOf(child).flatMap((name) => nodesOf(child, `${path} ${name}`)));
  return [{ path, words }, ...below];
}

const namesOf = (command: Command): string[] => [command.name(), ...command.aliases()];

/** Of options that take one of several values: these, wherever the option stands. */
function choicesOf(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const options = nodes.flatMap(({ words }) => words.map(({ option }) => option)).filter((option) => option !== null);
  return new Map(
    options.flatMap(({ long, short, argChoices }) =>
      argChoices === undefined
        ? []
        : [long, short].filter((flag) => flag != null).map((flag) => [flag, argChoices.join(' ')]),
    ),
  );
}

const wordsOf = ({ words }: Node): string => words.map(({ word }) => word).join(' ');

/** The longest path of words that is one of a command decides what may follow. */
const bash = (nodes: readonly Node[]): string => `# kv completion for bash: source <(kv completion bash)
_kv() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} path=kv words= word
  local -A follow=(
${nodes.map((node) => `    [${quoted(node.path)}]=${quoted(wordsOf(node))}`).join('\n')}
  )
  local -A choices=(
${[...choicesOf(nodes)].map(([flag, words]) => `    [${quoted(flag)}]=${quoted(words)}`).join('\n')}
  )
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ -n \${follow["$path $word"]+known} ]] && path="$path $word"
  done
  words=\${follow["$path"]}
  [[ -n \${choices["$previous"]+known} ]] && words=\${choices["$previous"]}
  COMPREPLY=()
  if [[ $current == @* ]]; then
    mapfile -t COMPREPLY < <(compgen -P @ -f -- "\${current#@}")
  elif [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
  [[ \${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _kv kv
`;

const zsh = (nodes: readonly Node[]): string => `#compdef kv
# kv completion for zsh: source <(kv completion zsh), or a file _kv in a folder of $fpath
_kv() {
  local path_=kv word
  local -A follow choices
  follow=(
${nodes.map((node) => `    ${quoted(node.path)} ${quoted(wordsOf(node))}`).join('\n')}
  )
  choices=(
${[...choicesOf(nodes)].map(([flag, words]) => `    ${quoted(flag)} ${quoted(words)}`).join('\n')}
  )
  if (( \${+choices[\${words[CURRENT-1]}]} )); then
    compadd -- \${(s: :)choices[\${words[CURRENT-1]}]}
    return
  fi
  for word in "\${(@)words[2,CURRENT-1]}"; do
    (( \${+follow[$path_ $word]} )) && path_="$path_ $word"
  done
  compadd -- \${(s: :)follow[$path_]}
  _files
}
if [[ \${funcstack[1]} == _kv ]]; then _kv "$@"; else compdef _kv kv; fi
`;

function fish(nodes: readonly Node[]): string {
  const ofAll = new Set(nodes[0]?.words.filter(({ option }) => option !== null).map(({ word }) => word));
  const lines = nodes.flatMap(({ path, words }) => {
    const names = path.split(' ').slice(1);
    const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
    const own = names.length === 0 ? words : words.filter(({ word }) => !ofAll.has(word));
    return own.map(({ word, about, option }) => {
      const condition = ofAll.has(word) ? '' : ` -n ${names.length === 0 ? '__fish_use_subcommand' : quoted(seen)}`;
      return `complete -c kv${condition} ${option === null ? `-f -a ${word}` : flagsOf(option)} -d ${quoted(firstLine(about))}`;
    });
  });
  return `# kv completion for fish: kv completion fish | source\n${lines.join('\n')}\n`;
}

function flagsOf({ long, short, argChoices, required, optional }: Option): string {
  const names = [long == null ? '' : `-l ${long.slice(2)}`, short == null ? '' : `-s ${short.slice(1)}`];
  // -x: it takes a value, and no file; -r: a value, maybe a file.
  const value = argChoices !== undefined ? `-x -a ${quoted(argChoices.join(' '))}` : required || optional ? '-r' : '';
  return [...names, value].filter((part) => part !== '').join(' ');
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/** In single quotes, for each of the three. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
