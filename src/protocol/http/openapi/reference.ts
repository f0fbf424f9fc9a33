import type { Operation, Parameter, ResponseDescription } from '../operation.ts';
import { PROBLEM_MEDIA_TYPE } from '../problem.ts';
import { BODY_ERRORS, envelopeExample, envelopeSchema, READ_ERRORS, WRITE_ERRORS } from '../schemas/parts.ts';
import { TAGS } from './document.ts';
import { code, fenced, slugOf, table } from './markdown.ts';
import { operationsOf } from './operations.ts';
import { OVERVIEW } from './overview.ts';
import { samplesOf, shownJson, successOf } from './samples.ts';
import { CONNECTION_RESPONSES, SHARED } from './shared-parts.ts';

/** `docs/reference/http.md`: what the OpenAPI documents of both processes say, for people. `npm run docs` writes it. */
export function httpReference(): string {
  const sections = Object.entries(TAGS).map(([tag, description]) => {
    const operations = shownUnder(tag);
    const often = oftenIn(operations);
    return [
      `## ${titled(tag)}`,
      description,
      ...(NOTES[tag] ?? []),
      ...(often.parameters.size === 0 ? [] : [tableOfParameters([...often.parameters])]),
      ...(often.responses.size === 0 ? [] : ['Many of these routes answer with', tableOfResponses(often.responses)]),
      ...operations.map((operation) => sectionOf(operation, often)),
    ].join('\n\n');
  });
  return `${[BEGINNING, contents(), OVERVIEW, shared(), ...sections].join('\n\n')}\n`;
}

const BEGINNING = `# HTTP

Made by \`npm run docs\` from the objects that the OpenAPI 3.1 document is made of, whose schemas are enforced; a test fails where the two
differ. Each process tells its own document at \`/openapi.json\`, with an example of each error, and shows it at \`/docs\`, where requests can
be tried. What to do with all this is in the [guides](../guides/README.md); what may be relied on, in
[guarantees](guarantees.md); codes in [errors](errors.md); options (\`KV_…\`) in [options](options.md).`;

/** Where more is said of a tag. */
const NOTES: Readonly<Record<string, readonly string[]>> = {
  watch: ['What for: [configuration](../guides/configuration.md).'],
  locks: ['What for, and why a token: [locks](../guides/locks.md).'],
  admin: ['When, and what it costs: [when an alarm is raised](../guides/recovery.md).'],
  'earlier services': ['What differs, and why: [earlier services](earlier-services.md).'],
};

const ALL: readonly Operation[] = [...new Set([...operationsOf('kvstore'), ...operationsOf('proxy')])];
const SHARED_PARAMETERS = new Set<object>(Object.values(SHARED['parameters'] ?? {}));

const shownUnder = (tag: string): readonly Operation[] =>
  ALL.filter(({ tags, method }) => tags.includes(tag) && method !== 'head');

/** The routes, by what they are for. */
function contents(): string {
  const rows = Object.keys(TAGS).flatMap((tag) =>
    shownUnder(tag).map((operation) => {
      const heading = headingOf(operation);
      return [`[${code(heading)}](#${slugOf(heading)})`, operation.summary];
    }),
  );
  return table(['route', ''], rows);
}

/** What so many operations have in common is told once. */
const OFTEN = 4;

interface Often {
  readonly parameters: ReadonlySet<Parameter>;
  readonly responses: ReadonlyMap<ResponseDescription, string>;
}

/** Path parameters and answers, as the very same objects. */
function oftenIn(operations: readonly Operation[]): Often {
  const all = operations.flatMap(({ parameters }) => parameters.filter((parameter) => parameter.in === 'path'));
  const answers = operations.flatMap(({ responses }) => Object.entries(responses));
  const isOften = <T>(of: readonly T[], one: T): boolean => of.filter((other) => other === one).length >= OFTEN;
  const bodies = answers.map(([, response]) => response);
  return {
    parameters: new Set(all.filter((parameter) => isOften(all, parameter))),
    responses: new Map(
      answers.filter(([, response]) => isOften(bodies, response)).map(([status, response]) => [response, status]),
    ),
  };
}

const OF_EVERY_ROUTE = ['internal', ...Object.values(CONNECTION_RESPONSES).flatMap(codesOf)];

/** Errors that many routes have, by what is said of them in the place of their codes. */
const GROUPS: readonly (readonly [title: string, codes: readonly string[]])[] = [
  ['every read', READ_ERRORS.filter((code) => code !== 'internal')],
  ['every write', WRITE_ERRORS.filter((code) => code !== 'internal' && code !== 'fence-stale')],
  ['every body', BODY_ERRORS],
];

function shared(): string {
  const parameters = Object.values(SHARED['parameters'] ?? {}) as readonly Parameter[];
  const headers = Object.entries(SHARED['headers'] ?? {}) as [string, { readonly description: string }][];
  return [
    '## What many routes share',
    '### Parameters that many routes take',
    tableOfParameters(parameters),
    '### Headers of answers',
    table(
      ['header', ''],
      headers.map(([name, { description }]) => [code(name), description]),
    ),
    '### Errors that many routes have',
    'What each means, and what to do, is in [errors](errors.md).',
    table(
      ['of', 'codes'],
      [...GROUPS, ['every route', OF_EVERY_ROUTE] as const].map(([title, codes]) => [
        title,
        codes.map(code).join(', '),
      ]),
    ),
    '### The JSON form of a value',
    fenced('json', shownJson(envelopeExample)),
    ...fieldsOf(envelopeSchema, ''),
  ].join('\n\n');
}

function sectionOf(operation: Operation, often: Often): string {
  const { method, path, summary, description, parameters, requestBody, servedBy } = operation;
  const own = parameters.filter((parameter) => !SHARED_PARAMETERS.has(parameter) && !often.parameters.has(parameter));
  const others = parameters.filter((parameter) => SHARED_PARAMETERS.has(parameter)).map(({ name }) => code(name));
  const hasHead = method === 'get' && ALL.some((other) => other.method === 'head' && other.path === path);
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  const answer = successOf(operation)['application/json']?.schema;
  return [
    `### ${code(headingOf(operation))}`,
    [
      `**${summary}.**`,
      ...(servedBy === undefined ? [] : [`Served by ${servedBy === 'proxy' ? 'the proxy' : 'each kvstore'} alone.`]),
      ...(hasHead ? ['`HEAD` gives the headers alone.'] : []),
    ].join(' '),
    ...(description === undefined ? [] : [description]),
    ...(own.length === 0 ? [] : [tableOfParameters(own)]),
    ...(others.length === 0 ? [] : [`Also ${others.join(', ')}: [shared](#parameters-that-many-routes-take).`]),
    ...(requestBody?.description === undefined ? [] : [`The body: ${requestBody.description}`]),
    ...(body === undefined ? [] : fieldsOf(body, 'of the body')),
    tableOfAnswers(operation, often),
    ...headersOf(operation),
    ...(answer === undefined || answer === envelopeSchema ? [] : fieldsOf(answer, 'of the answer')),
    ...samplesOf(operation).flatMap(({ request, isStream, answer }) => [
      fenced(isStream ? 'sh stream' : 'sh', request),
      ...(answer === null ? [] : [fenced(answer.language, answer.text)]),
    ]),
  ].join('\n\n');
}

function tableOfAnswers({ responses }: Operation, often: Often): string {
  const rows: (readonly [string, string])[] = [];
  const left = Object.entries(responses).map(([status, response]) => ({ status, response, codes: codesOf(response) }));
  const all = new Set(left.flatMap(({ codes }) => codes));
  const groups = GROUPS.filter(([, codes]) => codes.every((one) => all.has(one)));
  const grouped = new Set([...OF_EVERY_ROUTE, ...groups.flatMap(([, codes]) => codes)]);
  for (const { status, response, codes } of left.toSorted((a, b) => Number(a.status) - Number(b.status))) {
    const own = codes.filter((one) => !grouped.has(one));
    if (often.responses.has(response)) continue;
    if (codes.length === 0) rows.push([status, told(response)]);
    else if (own.length > 0) rows.push([status, own.map(code).join(', ')]);
  }
  const link = '(#errors-that-many-routes-have)';
  const titles = groups.map(([title]) => `those of ${title}`);
  if (titles.length > 0) rows.push(['errors', `[${titles.join(', ')}]${link}`]);
  const asAbove = Object.entries(responses).flatMap(([status, response]) =>
    often.responses.has(response) ? [status] : [],
  );
  if (asAbove.length > 0) rows.push([asAbove.join(', '), 'as above']);
  return table(['answer', ''], rows);
}

const tableOfResponses = (responses: Often['responses']): string =>
  table(
    ['answer', ''],
    [...responses].map(([response, status]) => [status, told(response)]).toSorted(([a], [b]) => Number(a) - Number(b)),
  );

/** Of its successes: those of errors are some of them. */
function headersOf({ responses }: Operation): readonly string[] {
  const successes = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const names = new Set(successes.flatMap(([, { headers = {} }]) => Object.keys(headers)));
  return names.size === 0 ? [] : [`Headers: ${[...names].map(code).join(', ')}.`];
}

/** What it is; of an error of the earlier services also its body, for which they have no codes. */
function told({ description, content = {} }: ResponseDescription): string {
  const example = content['application/json']?.example;
  const isDetail = typeof example === 'object' && example !== null && 'detail' in example;
  return isDetail ? `${description} ${code(JSON.stringify(example))}` : description;
}

function codesOf({ content = {} }: ResponseDescription): readonly string[] {
  return Object.keys(content[PROBLEM_MEDIA_TYPE]?.examples ?? {});
}

const tableOfParameters = (parameters: readonly Parameter[]): string =>
  table(
    ['parameter', 'in', ''],
    parameters.map(({ name, in: place, required, description }) => [
      code(name),
      required && place !== 'path' ? `${place}, required` : place,
      description,
    ]),
  );

/** Those of which something is said. */
function fieldsOf(schema: object, of: string): readonly string[] {
  const { properties = {}, required = [] } = schema as {
    readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
    readonly required?: readonly string[];
  };
  const rows = Object.entries(properties).flatMap(([name, { description }]) =>
    description === undefined ? [] : [[`${code(name)}${required.includes(name) ? '' : ', optional'}`, description]],
  );
  return rows.length === 0 ? [] : [table([`field ${of}`, ''], rows)];
}

const headingOf = ({ method, path }: Operation): string => `${method.toUpperCase()} ${path}`;

const titled = (tag: string): string => tag.charAt(0).toUpperCase() + tag.slice(1);
