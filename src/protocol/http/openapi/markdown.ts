/** What the pages that are made here are written in. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first, ...others] = [head, ...rows].map((cells) => `| ${cells.map(cellOf).join(' | ')} |`);
  return [first, `|${head.map(() => '---|').join('')}`, ...others].join('\n');
}

/** One line, whose bars are no cells' ends. */
const cellOf = (text: string): string => text.replaceAll(/\s*\n+\s*/g, ' ').replaceAll('|', '\\|');

/** As GitHub names the place of a heading. */
export const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');

export const code = (text: string): string => `\`${text}\``;
export const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
