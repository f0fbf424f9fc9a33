import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow a command: others, and options. */
interface Node {
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
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
  const words = [
    ...commands.flatMap((child) =>
      [child.name(), ...child.aliases()].map((word) => ({ word, about: child.summary() })),
    ),
    ...options.flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, about: description }])),
  ];
  const below = commands.flatMap((child) =>
    [child.name(), ...child.aliases()].flatMap((name) => nodesOf(child, `${path} ${name}`)),
  );
  return [{ path, words }, ...below];
}

/** The longest path of words that is one of a command decides what may follow. */
const bash = (nodes: readonly Node[]): string => `# kv completion for bash: source <(kv completion bash)
_kv() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=kv words= word
  local -A follow=(
${nodes.map(({ path, words }) => `    [${quoted(path)}]=${quoted(words.map(({ word }) => word).join(' '))}`).join('\n')}
  )
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ -n \${follow["$path $word"]+known} ]] && path="$path $word"
  done
  words=\${follow["$path"]}
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
  local -A follow
  follow=(
${nodes.map(({ path, words }) => `    ${quoted(path)} ${quoted(words.map(({ word }) => word).join(' '))}`).join('\n')}
  )
  for word in "\${(@)words[2,CURRENT-1]}"; do
    (( \${+follow[$path_ $word]} )) && path_="$path_ $word"
  done
  compadd -- \${(s: :)follow[$path_]}
  _files
}
if [[ \${funcstack[1]} == _kv ]]; then _kv "$@"; else compdef _kv kv; fi
`;

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const names = path.split(' ').slice(1);
    const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`);
    const isTop = names.length === 0;
    return words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      const condition = isTop
        ? word.startsWith('--')
          ? ''
          : ' -n __fish_use_subcommand'
        : ` -n ${quoted(seen.join('; and '))}`;
      return `complete -c kv${condition} ${what} -d ${quoted(firstLine(about))}`;
    });
  });
  return `# kv completion for fish: kv completion fish | source\n${lines.join('\n')}\n`;
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/** In single quotes, for each of the three. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
