/** A value of JSON as Python prints it: `{'key': 'a', 'value': "it's"}`. Numbers as JavaScript writes them. */
export function pythonRepr(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return reprOfText(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, of]) => `${reprOfText(name)}: ${pythonRepr(of)}`)
    .join(', ')}}`;
}

/** What Python takes for true in an `if`. */
export const isTruthy = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `${quote}${text.replace(ESCAPED, (character) => escapeOf(character, quote))}${quote}`;
}

// CPython: all but what `str.isprintable` takes, and what stands for itself only behind a backslash.
const ESCAPED = /[\\'"]|(?! )[\p{C}\p{Z}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string, quote: string): string {
  if (character === '"' || character === "'") return character === quote ? `\\${character}` : character;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\U${hex.padStart(8, '0')}`;
  return SHORT[character] ?? (code > 0xff ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`);
}
