import type { Profiler } from 'node:inspector';
import type { Recording } from './recording.ts';

/** Whose code it is. */
export type Kind = 'core' | 'api' | 'wire' | 'rest' | 'package' | 'node' | 'native' | 'gc';

/** A function as it was called by the one above it, all such calls together. */
export interface Frame {
  readonly name: string;
  /** Its file, relative to `src` or `node_modules`, or Node's module; '': it has none. */
  readonly where: string;
  readonly kind: Kind;
  /** In the function itself. */
  selfUs: number;
  /** In it, and in what it called. */
  totalUs: number;
  /** The one that took most comes first. */
  readonly children: Frame[];
}

/** Of a line of a file that V8 names by its URL, from 0: where it was before it was bundled; null: nobody knows. */
export type SourceOf = (url: string, line: number) => string | null;

const IDLE = '(idle)';
const PROGRAM = '(program)';
const GARBAGE_COLLECTOR = '(garbage collector)';
const NATIVE = { name: 'libuv and kernel', where: '', kind: 'native' } as const;
const NO_SCRIPT = '0';
const US_PER_MS = 1000;

/** By where a file is below `src`; the first that fits. */
const PARTS: readonly (readonly [string, Kind])[] = [
  ['core/', 'core'],
  ['api/', 'api'],
  ['protocol/http/', 'api'],
  ['protocol/peer/', 'wire'],
  ['adapters/transport/', 'wire'],
];

/**
 * What was called from where, as a tree below a root without a name. Waiting is left out. V8 counts as idle all that libuv does between two
 * callbacks, its reads of sockets included: of that, what libuv itself did not wait is work, and a frame of its own.
 */
export function framesOf({ profile, idleMs }: Recording, sourceOf: SourceOf): Frame {
  const tookUs = timesOf(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const root = newFrame({ name: '', where: '', kind: 'rest' });
  let idleUs = 0;

  const visit = (node: Profiler.ProfileNode, parent: Frame): void => {
    const selfUs = tookUs.get(node.id) ?? 0;
    if (node.callFrame.functionName === IDLE) {
      idleUs += selfUs;
      return;
    }
    const frame = childOf(parent, identityOf(node.callFrame, sourceOf));
    frame.selfUs += selfUs;
    for (const id of node.children ?? []) visit(nodes.get(id) as Profiler.ProfileNode, frame);
  };
  for (const id of profile.nodes[0]?.children ?? []) visit(nodes.get(id) as Profiler.ProfileNode, root);

  childOf(root, NATIVE).selfUs += Math.max(0, idleUs - US_PER_MS * idleMs);
  sumUp(root);
  return root;
}

/** Time spent by each kind itself; the kind that took most comes first. */
export function sharesOf(root: Frame): readonly (readonly [Kind, number])[] {
  const selfUs = new Map<Kind, number>();
  const visit = (frame: Frame): void => {
    selfUs.set(frame.kind, (selfUs.get(frame.kind) ?? 0) + frame.selfUs);
    frame.children.forEach(visit);
  };
  root.children.forEach(visit);
  return [...selfUs].map(([kind, us]) => [kind, us / root.totalUs] as const).toSorted(([, a], [, b]) => b - a);
}

export interface Hot extends Pick<Frame, 'name' | 'where'> {
  /** Of all time: in the function itself, wherever it was called from. */
  readonly share: number;
}

/** The functions that took most themselves. */
export function hottestOf(root: Frame, count: number): readonly Hot[] {
  const found = new Map<string, { name: string; where: string; selfUs: number }>();
  const visit = ({ name, where, selfUs, children }: Frame): void => {
    const key = `${name} ${where}`;
    const hot = found.get(key) ?? { name, where, selfUs: 0 };
    hot.selfUs += selfUs;
    found.set(key, hot);
    children.forEach(visit);
  };
  root.children.forEach(visit);
  return [...found.values()]
    .toSorted((a, b) => b.selfUs - a.selfUs)
    .slice(0, count)
    .map(({ name, where, selfUs }) => ({ name, where, share: selfUs / root.totalUs }));
}

/** By the node's id, µs: a sample stands for the time until the next one. */
function timesOf({ samples = [], timeDeltas = [] }: Profiler.Profile): ReadonlyMap<number, number> {
  const tookUs = new Map<number, number>();
  samples.forEach((id, at) => tookUs.set(id, (tookUs.get(id) ?? 0) + (timeDeltas[at + 1] ?? 0)));
  return tookUs;
}

type Identity = Pick<Frame, 'name' | 'where' | 'kind'>;

function identityOf(
  { functionName, scriptId, url, lineNumber }: Profiler.ProfileNode['callFrame'],
  sourceOf: SourceOf,
): Identity {
  if (functionName === GARBAGE_COLLECTOR) return { name: 'GC', where: '', kind: 'gc' };
  if (functionName === PROGRAM) return NATIVE;
  const name = functionName === '' ? '(anonymous)' : functionName;
  // Functions of C++, such as the write of a socket: a system call and little else.
  if (scriptId === NO_SCRIPT) return { name, where: '', kind: 'native' };
  if (url === '') return { name, where: 'compiled from a schema', kind: 'package' };
  if (url.startsWith('node:')) return { name, where: url, kind: 'node' };
  const source = sourceOf(url, lineNumber);
  if (source === null) return { name, where: url.slice(url.lastIndexOf('/') + 1), kind: 'rest' };
  const [, folder, where = source] = /^(src|node_modules)\/(.*)$/.exec(source) ?? [];
  if (folder === 'node_modules') return { name, where, kind: 'package' };
  return { name, where, kind: PARTS.find(([part]) => where.startsWith(part))?.[1] ?? 'rest' };
}

function childOf(parent: Frame, identity: Identity): Frame {
  const { name, where } = identity;
  let child = parent.children.find((one) => one.name === name && one.where === where);
  if (child === undefined) parent.children.push((child = newFrame(identity)));
  return child;
}

function newFrame(identity: Identity): Frame {
  return { ...identity, selfUs: 0, totalUs: 0, children: [] };
}

function sumUp(frame: Frame): void {
  frame.totalUs = frame.selfUs;
  for (const child of frame.children) {
    sumUp(child);
    frame.totalUs += child.totalUs;
  }
  frame.children.sort((a, b) => b.totalUs - a.totalUs);
}
