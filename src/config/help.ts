import type { ProcessName } from './config.ts';
import { relations, relationsOf } from './relations.ts';
import { defaultTextOf, flagOf, optionNames, options, sections, type Option } from './table.ts';

const rows = optionNames.map((name) => options[name] as Option<unknown>);

const purposes: Record<ProcessName, string> = {
  kvstore: 'One replica of the data.',
  proxy: 'The one address that clients need: writes to the leader, reads to any replica in sync.',
  embedded: 'A small emulation of the Kubernetes API, for laptops, compose and tests. Not for production.',
};

/** What `--help` prints. */
export function helpOf(process: ProcessName): string {
  const lines = [`${process}: ${purposes[process]}`, '', 'Each option is a flag and a variable; the flag wins.'];
  for (const section of sections) {
    const options = rows.filter((row) => row.section === section && row.processes.includes(process));
    if (options.length === 0) continue;
    lines.push('', `${section}:`);
    for (const option of options) {
      lines.push(`  ${flagOf(option)} (${option.variable})`);
      lines.push(...wrapped(option.help, 6));
      const byDefault = defaultTextOf(option);
      lines.push(...wrapped(byDefault === null ? 'Must be given.' : `Default: ${byDefault}.`, 6));
      if (option.type.allowed !== 'any text') lines.push(...wrapped(`Allowed: ${option.type.allowed}.`, 6));
    }
  }
  lines.push('', 'Required besides:');
  for (const relation of relationsOf(process)) lines.push(...wrapped(relation.text, 2));
  return `${lines.join('\n')}\n`;
}

/** `docs/reference/options.md`, whole. */
export function optionsReference(): string {
  const lines = [
    '# Options',
    '',
    'Made from `src/config/table.ts` by `npm run docs`; a test fails where the two differ.',
    '',
    'Each option is a flag and a variable, the flag wins, and an empty variable counts as not set. A value that is not',
    'allowed stops the process with a message that names the option, the value and what is allowed. Durations take the',
    'units `ms` (also without a unit), `s`, `m` and `h`; sizes the suffixes of Kubernetes quantities (`Ki`, `Mi`, `Gi`,',
    '`k`, `M`, `G`).',
  ];
  for (const section of sections) {
    lines.push('', `## ${section}`, '');
    lines.push('| variable | flag | of | default | allowed | what it does |', '|---|---|---|---|---|---|');
    for (const option of rows.filter((row) => row.section === section)) {
      const aliases = (option.aliases ?? []).map((alias) => `, also \`${alias}\``).join('');
      const byDefault = defaultTextOf(option);
      const cells = [
        `\`${option.variable}\`${aliases}`,
        `\`${flagOf(option)}\``,
        option.processes.join(', '),
        byDefault === null ? '*must be given*' : byDefault,
        option.type.allowed,
        option.help,
      ];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  lines.push('', '## Relations', '', 'Checked in every process that has the options:', '');
  for (const relation of relations) lines.push(`- ${relation.text}`);
  return `${lines.join('\n')}\n`;
}

function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > 100) {
      lines.push(' '.repeat(indent) + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, ' '.repeat(indent) + line];
}
