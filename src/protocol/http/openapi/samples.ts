import type { MediaType, Operation, Parameter, ResponseDescription, Sample } from '../operation.ts';

/** Requests by curl, as `docs/reference/http.md` shows them, made of the examples of what an operation takes and gives. */

export interface ShownSample {
  readonly request: string;
  /** It goes on until somebody ends it. */
  readonly isStream: boolean;
  readonly answer: { readonly language: 'json' | 'text'; readonly text: string } | null;
}

export const samplesOf = (operation: Operation): readonly ShownSample[] =>
  (operation.samples ?? [{}]).map((sample) => ({
    request: requestOf(operation, sample),
    isStream: isStream(operation),
    answer: answerOf(operation, sample),
  }));

function requestOf(operation: Operation, sample: Sample): string {
  const { method, path, parameters, requestBody, servedBy } = operation;
  const sent = parameters.filter(({ name, required }) => required || (sample.with ?? []).includes(name));
  const of = (place: Parameter['in']): readonly Parameter[] => sent.filter((parameter) => parameter.in === place);
  const base = `http://127.0.0.1:${servedBy === 'kvstore' ? 8000 : 8001}`;
  const place = of('path').reduce((whole, { name, example = '' }) => whole.replace(`{${name}}`, example), path);
  const query = of('query').map(
    ({ name, example = '' }) => `${name}=${encodeURIComponent(example).replaceAll('%2F', '/')}`,
  );
  const url = `${base}${place}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const words = [
    'curl',
    ...(isStream(operation) ? ['-N'] : []),
    ...(method === 'get' ? [] : ['-X', method.toUpperCase()]),
  ];
  words.push(quoted(url));
  for (const { name, example = '' } of of('header')) words.push('-H', quoted(`${name}: ${example}`));
  const { answer = 'first' } = sample;
  if (typeof answer === 'object' && answer.isAskedFor) words.push('-H', quoted(`Accept: ${answer.type}`));
  if (type !== undefined && media !== undefined && sample.withoutBody !== true) {
    words.push('-H', quoted(`Content-Type: ${type === '*/*' ? 'text/plain' : type}`));
    words.push('-d', quoted(typeof media.example === 'string' ? media.example : JSON.stringify(media.example)));
  }
  return words.join(' ');
}

function answerOf(operation: Operation, { answer = 'first' }: Sample): ShownSample['answer'] {
  const content = successOf(operation);
  const media = answer === 'none' ? undefined : answer === 'first' ? Object.values(content)[0] : content[answer.type];
  if (media === undefined) return null;
  const example = exampleOf(media);
  return typeof example === 'string'
    ? { language: 'text', text: example }
    : { language: 'json', text: shownJson(example) };
}

const isStream = (operation: Operation): boolean => 'text/event-stream' in successOf(operation);

export const successOf = ({ responses }: Operation): NonNullable<ResponseDescription['content']> =>
  Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {};

const exampleOf = ({ example, examples }: MediaType): unknown =>
  examples === undefined ? example : Object.values(examples)[0]?.value;

/** For a shell, where it has to be. */
const quoted = (word: string): string =>
  /^[\w./:=%-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const LINE_MAX = 110;

/** In one line where it fits, else a line for each part. */
export function shownJson(value: unknown, indent = ''): string {
  const inOne = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || indent.length + inOne.length <= LINE_MAX) return inOne;
  const within = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((part) => shownJson(part, within))
    : Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${shownJson(part, within)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${parts.map((part) => `${within}${part}`).join(',\n')}\n${indent}${close}`;
}
