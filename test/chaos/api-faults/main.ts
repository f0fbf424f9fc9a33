/** The fault layer as a process of its own, beside the embedded API server and at its place in the network. */
import { appendFileSync } from 'node:fs';
import { endWithParent } from '../../../src/adapters/system/end-with-parent.ts';
import { Prng } from '../../simulation/prng.ts';
import { nowUs } from '../load/clock.ts';
import { ApiLayer } from './layer.ts';

const host = variable('CHAOS_HOST');
const trail = variable('CHAOS_TRAIL');

endWithParent();
const layer = new ApiLayer({
  upstream: { host, port: Number(variable('CHAOS_UPSTREAM_PORT')) },
  random: new Prng(Number(variable('CHAOS_SEED'))),
  onLease: (lease) => appendFileSync(trail, `{"atUs":${nowUs()},"lease":${lease}}\n`),
});
await layer.listen({ host, port: Number(variable('CHAOS_PORT')) });

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
