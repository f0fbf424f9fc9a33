/**
 * Where the processor time of a write at the leader and of a read at a replica goes: `npm run bench -- flame-graphs`. Three replicas,
 * as the suites start them, under the suites' load; a CPU profile of the one that is asked.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyShare } from './command/busy.ts';
import { exitCodeOf, interruption } from './command/interruption.ts';
import { releaseOf, QUIET_SHARE_MAX } from './command/taken.ts';
import { root } from './command/page.ts';
import { drawFlames, sharesText } from './flame/draw.ts';
import { framesOf, hottestOf } from './flame/frames.ts';
import { record, type Subject } from './flame/recording.ts';
import { Sources } from './flame/sources.ts';
import { CONNECTIONS } from './suites/suite.ts';

const USAGE = `npm run bench -- flame-graphs [OPTIONS]

  --seconds S   each profile takes so long (default 10)
  --write       draw them into docs/flame-graph-put.svg and docs/flame-graph-get.svg: of a machine that does nothing else`;

const LOOK_MS = 1000;
const HOTTEST = 15;

const SUBJECTS: readonly (Subject & { readonly title: string; readonly file: string })[] = [
  { title: 'PUT at the leader', at: 'leader', getShare: 0, file: 'flame-graph-put.svg' },
  { title: 'GET at a replica', at: 'replica', getShare: 1, file: 'flame-graph-get.svg' },
];

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '10' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  if (values.help || !(seconds > 0)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const busy = await busyShare(LOOK_MS);
  if (values.write && busy > QUIET_SHARE_MAX) {
    console.error(`nothing is drawn: others use ${Math.round(100 * busy)} % of the processors`);
    return 1;
  }
  const version = releaseOf(root);
  const sources = new Sources();
  for (const { title, file, ...subject } of SUBJECTS) {
    const frames = framesOf(await record(subject, seconds, interruption()), (url, line) => sources.at(url, line));
    console.log(`${title}: ${sharesText(frames)}`);
    for (const { name, where, share } of hottestOf(frames, HOTTEST))
      console.log(`  ${(100 * share).toFixed(1).padStart(5)} %  ${name}  ${where}`);
    const heading = `${title}, 3 replicas, ${CONNECTIONS} connections: where the time of its main thread goes (release ${version}, Node ${process.version})`;
    if (values.write) writeFileSync(join(root, 'docs', file), drawFlames(heading, frames));
  }
  return 0;
}
