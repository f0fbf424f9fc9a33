import { badRequest } from './status.ts';

export type Labels = Readonly<Record<string, string>>;

/** Compiles a label selector, such as `app=kv,tier!=web,zone in (a, b),!spare`. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements: Requirement[] = [];
  const tokens = text.match(/[=!]=|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
  let position = 0;
  const expected = (what: string): Error =>
    badRequest(`unable to parse requirement: found '${tokens[position] ?? ''}', expected: ${what}`);
  const word = (): string => {
    const token = tokens[position];
    if (token === undefined || PUNCTUATION.has(token)) throw expected('identifier');
    position += 1;
    return token;
  };
  const symbol = (token: string): boolean => {
    if (tokens[position] !== token) return false;
    position += 1;
    return true;
  };
  const setOfValues = (): string[] => {
    if (!symbol('(')) throw expected('(');
    const values: string[] = [];
    do values.push(tokens[position] === ',' || tokens[position] === ')' ? '' : word());
    while (symbol(','));
    if (!symbol(')')) throw expected("',' or ')'");
    return values;
  };
  // The value may be missing: `key=` asks for the empty one.
  const value = (): string => (position === tokens.length || tokens[position] === ',' ? '' : word());

  while (position < tokens.length) {
    if (symbol('!')) {
      requirements.push({ key: word(), holds: (label) => label === undefined });
    } else {
      requirements.push(requirement(word()));
    }
    if (position === tokens.length) break;
    if (!symbol(',')) throw expected(OPERATORS);
    if (position === tokens.length) throw expected('identifier');
  }
  return (labels) =>
    requirements.every(({ key, holds }) => holds(Object.hasOwn(labels, key) ? labels[key] : undefined));

  function requirement(key: string): Requirement {
    if (symbol('=') || symbol('==')) {
      const wanted = value();
      return { key, holds: (label) => label === wanted };
    }
    if (symbol('!=')) {
      const unwanted = value();
      return { key, holds: (label) => label !== unwanted };
    }
    if (symbol('in')) {
      const values = setOfValues();
      return { key, holds: (label) => label !== undefined && values.includes(label) };
    }
    if (symbol('notin')) {
      const values = setOfValues();
      return { key, holds: (label) => label === undefined || !values.includes(label) };
    }
    if (symbol('>')) {
      const bound = Number(word());
      return { key, holds: (label) => Number(label) > bound };
    }
    if (symbol('<')) {
      const bound = Number(word());
      return { key, holds: (label) => Number(label) < bound };
    }
    return { key, holds: (label) => label !== undefined };
  }
}

interface Requirement {
  readonly key: string;
  /** `label` is undefined where the object has none of this key. */
  readonly holds: (label: string | undefined) => boolean;
}

const PUNCTUATION: ReadonlySet<string> = new Set(['=', '==', '!', '!=', '<', '>', '(', ')', ',']);
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/** Compiles a field selector, such as `metadata.name=kvstore`, over the fields that `known` names. */
export function parseFieldSelector(
  text: string,
  known: readonly string[],
): (fields: Readonly<Record<string, string>>) => boolean {
  const terms = text.split(',').filter((term) => term !== '');
  const requirements = terms.map((term) => {
    const parsed = /^([^=!]*)(!=|==|=)(.*)$/.exec(term);
    const [, field, operator, value] = parsed ?? [];
    if (field === undefined || value === undefined) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    if (!known.includes(field)) {
      const names = known.map((name) => `"${name}"`).join(', ');
      throw badRequest(`"${field}" is not a known field selector: only ${names}`);
    }
    return { field, value, equal: operator !== '!=' };
  });
  return (fields) => requirements.every(({ field, value, equal }) => ((fields[field] ?? '') === value) === equal);
}
