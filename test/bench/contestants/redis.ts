import { exchange } from '../../measure/load/exchange.ts';
import { HOST, type Contestant } from './contestant.ts';
import { commandOf, missingProgram, REDIS_SERVER, versionOf } from './programs.ts';
import { Workplace } from './workplace.ts';

const REPLICAS = 2;

/** A primary and two replicas that keep nothing on disk; that a write waits for both is the load's part. */
export const redis: Contestant = {
  title: `Redis, ${REPLICAS} replicas`,
  missing: () => missingProgram(REDIS_SERVER),
  start: () =>
    Workplace.with(async (place) => {
      const ports = await place.ports(1 + REPLICAS);
      const [primary = 0] = ports;
      for (const port of ports) {
        const options = {
          bind: HOST,
          port: String(port),
          dir: place.folder,
          save: '',
          appendonly: 'no',
          // A replica is sent its first copy at once.
          'repl-diskless-sync-delay': '0',
        };
        const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
        const copies = port === primary ? [] : ['--replicaof', `${HOST} ${primary}`];
        place.run(`redis-${port}`, commandOf(REDIS_SERVER), [...args, ...copies]);
      }
      await place.untilReady('both replicas follow the primary', async () => {
        const info = await exchange({ host: HOST, port: primary }, 'INFO replication\r\nQUIT\r\n');
        return info.split('state=online').length === 1 + REPLICAS;
      });
      return {
        version: versionOf(REDIS_SERVER, '--version'),
        addressOf(role) {
          const port = { leader: ports[0], replica: ports[1], proxy: undefined }[role];
          if (port === undefined) throw new Error(`Redis has no ${role}`);
          return Promise.resolve({ host: HOST, port });
        },
        settle: () => Promise.resolve(),
        end: () => place.end(),
      };
    }),
};
