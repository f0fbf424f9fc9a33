import { expect, test } from '@jest/globals';
import { drawFlames, sharesText } from '../../bench/flame/draw.ts';
import { framesOf, hottestOf, sharesOf, type Frame } from '../../bench/flame/frames.ts';
import type { Recording } from '../../bench/flame/recording.ts';
import { originsIn } from '../../bench/flame/sources.ts';

const BUNDLE = 'file:///dist/kvstore.js';
const SOURCES = [
  'src/api/http/server.ts',
  'src/core/store/store.ts',
  'src/protocol/peer/frames.ts',
  'src/runtime/turns.ts',
  'node_modules/express/lib/router.js',
];
const sourceOf = (url: string, line: number): string | null => (url === BUNDLE ? (SOURCES[line] ?? null) : null);

const node = (
  id: number,
  functionName: string,
  [url, lineNumber]: readonly [string, number],
  children: number[] = [],
) => ({
  id,
  callFrame: { functionName, scriptId: url === '' ? '0' : '7', url, lineNumber, columnNumber: 0 },
  children,
});
const NOWHERE = ['', -1] as const;

/** By the node's id, in ms; each is seen once, in the order of the list. */
function recordingOf(nodes: Recording['profile']['nodes'], tookMs: Readonly<Record<number, number>>): Recording {
  const seen = Object.entries(tookMs);
  return {
    profile: {
      nodes,
      startTime: 0,
      endTime: 0,
      samples: seen.map(([id]) => Number(id)),
      timeDeltas: [0, ...seen.map(([, ms]) => 1000 * ms)],
    },
    idleMs: 15,
  };
}

const RECORDING = recordingOf(
  [
    node(1, '(root)', NOWHERE, [2, 3, 4, 5, 11]),
    node(2, '(idle)', NOWHERE),
    node(3, '(garbage collector)', NOWHERE),
    node(4, '(program)', NOWHERE),
    node(5, 'emit', ['node:events', 400], [6, 7]),
    node(6, '#onRequest', [BUNDLE, 0], [8, 9, 10]),
    // The same function, optimised anew.
    node(7, '#onRequest', [BUNDLE, 0]),
    node(8, 'get<Value>', [BUNDLE, 1]),
    node(9, 'writeLatin1String', NOWHERE),
    node(10, '', [BUNDLE, 4]),
    node(11, 'rare', [BUNDLE, 3], [12, 13]),
    node(12, 'encode', [BUNDLE, 2]),
    { id: 13, callFrame: { functionName: 'validate1', scriptId: '9', url: '', lineNumber: 1, columnNumber: 0 } },
  ],
  { 2: 25, 3: 5, 4: 2, 5: 1, 6: 20, 7: 10, 8: 30, 9: 20, 10: 1.9, 11: 0.05, 12: 0.05 },
);

const shape = ({ name, where, kind, totalUs, children }: Frame): unknown => [
  name,
  where,
  kind,
  totalUs / 1000,
  ...children.map(shape),
];

test('a profile becomes a tree by function and file; what libuv did not wait is work, and waiting is left out', () => {
  const root = framesOf(RECORDING, sourceOf);
  expect(root.totalUs).toBe(100_000);
  expect(root.children.map(shape)).toEqual([
    [
      'emit',
      'node:events',
      'node',
      82.9,
      [
        '#onRequest',
        'api/http/server.ts',
        'api',
        81.9,
        ['get<Value>', 'core/store/store.ts', 'core', 30],
        ['writeLatin1String', '', 'native', 20],
        ['(anonymous)', 'express/lib/router.js', 'package', 1.9],
      ],
    ],
    ['libuv and kernel', '', 'native', 12],
    ['GC', '', 'gc', 5],
    [
      'rare',
      'runtime/turns.ts',
      'rest',
      0.1,
      ['encode', 'protocol/peer/frames.ts', 'wire', 0.05],
      ['validate1', 'compiled from a schema', 'package', 0],
    ],
  ]);
});

test('each kind of code has its share, and each function its own time wherever it was called from', () => {
  const root = framesOf(RECORDING, sourceOf);
  expect(sharesOf(root).map(([kind, share]) => [kind, Number(share.toFixed(4))])).toEqual([
    ['native', 0.32],
    ['api', 0.3],
    ['core', 0.3],
    ['gc', 0.05],
    ['package', 0.019],
    ['node', 0.01],
    ['rest', 0.0005],
    ['wire', 0.0005],
  ]);
  expect(sharesText(root)).toMatch(/^native 32\.0 %, api 30\.0 %, core 30\.0 %, GC 5\.0 %, packages 1\.9 %/);
  expect(hottestOf(root, 2)).toEqual([
    { name: '#onRequest', where: 'api/http/server.ts', share: 0.3 },
    { name: 'get<Value>', where: 'core/store/store.ts', share: 0.3 },
  ]);
});

test('a box is as wide as its share, below its caller, and tells its name and share under the mouse', () => {
  const svg = drawFlames('a & b', framesOf(RECORDING, sourceOf));
  expect(svg).toContain('aria-label="a &#38; b"');
  expect(svg).toContain('<title>30.0 % (itself 30.0 %): get&#60;Value&#62;, core/store/store.ts</title>');
  const box = (kind: string, row: number) =>
    new RegExp(`<rect class="${kind}" x="([\\d.]+)" y="${52 + 17 * row}" width="([\\d.]+)"`).exec(svg)?.slice(1);
  expect([box('node', 0), box('api', 1), box('core', 2)]).toEqual([
    ['0', '795.2'],
    ['0', '785.6'],
    ['0', '287.4'],
  ]);
});

test('what took less than 0.2 % is not drawn', () => {
  expect(drawFlames('', framesOf(RECORDING, sourceOf))).not.toContain('rare');
});

test('a text is never wider than its box: the file goes first, then the end of the name, then all of it', () => {
  const texts = (svg: string) => [...svg.matchAll(/width="([\d.]+)" height="16"\/>(?:<text[^>]*>([^<]*)<)?/g)];
  const long = 'aFunctionWithALongName';
  const named = (ms: number) =>
    recordingOf([node(1, '(root)', NOWHERE, [2, 3]), node(2, long, [BUNDLE, 1]), node(3, '(program)', NOWHERE)], {
      2: ms,
      3: 100 - ms,
    });
  const labelOf = (ms: number) => {
    const frames = framesOf({ ...named(ms), idleMs: 0 }, sourceOf);
    const of = texts(drawFlames('', frames)).find(([, , text]) => text !== 'libuv and kernel');
    return [of?.[2], (of?.[2]?.length ?? 0) * 0.605 * 11 <= Number(of?.[1])];
  };
  expect([40, 20, 8, 2].map(labelOf)).toEqual([
    [`${long}  core/store/store.ts`, true],
    [long, true],
    ['aFunction…', true],
    [undefined, true],
  ]);
});

test('a line of a bundle is of the file that is named last before it', () => {
  const bundle = 'import x;\n// src/a.ts\nvar a;\n// not a file\nvar b;\n// node_modules/p/q.js\nvar c;';
  expect(originsIn(bundle)).toEqual([
    null,
    ...Array<string>(4).fill('src/a.ts'),
    ...Array<string>(2).fill('node_modules/p/q.js'),
  ]);
});
