import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DOCS_FILES } from '../../../src/protocol/http/schemas/documents.ts';
import { REPLICA_MALLOC, REPLICA_NODE_FLAGS } from '../../../src/main/local/local-cluster.ts';
import { RELEASE } from '../../../src/main/release.ts';

const dockerfileOf = (server: string): string => readFileSync(`Dockerfile.${server}`, 'utf8');
/** Without comments, which differ in what they explain. */
const instructionsOf = (server: string): string[] =>
  dockerfileOf(server)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe('images', () => {
  test('differ in the server, its port, its words and its memory', () => {
    const [kvstore, proxy] = [instructionsOf('kvstore'), instructionsOf('proxy')];
    // Only a replica has much that lies outside of V8's heap.
    const hugePages = `ENV GLIBC_TUNABLES=${REPLICA_MALLOC}`;
    expect(kvstore).toContain(hugePages);
    const shared = kvstore.filter((line) => line !== hugePages);
    const asProxy = shared.map((line) =>
      line
        .replace('build.ts kvstore', 'build.ts proxy')
        .replace('/app/kvstore.js', '/app/proxy.js')
        .replace('EXPOSE 8000 7000', 'EXPOSE 8001')
        .replace('title="kvstore"', 'title="kvstore-proxy"')
        .replace('A replica of', 'The proxy of')
        .replace(
          // A replica of the local cluster has all but the limit, which is for a container.
          [...REPLICA_NODE_FLAGS, '--max-old-space-size-percentage=50'].map((flag) => `"${flag}"`).join(', '),
          '"--max-old-space-size-percentage=65"',
        ),
    );
    expect(proxy).toEqual(asProxy);
  });

  test.each(['kvstore', 'proxy'])('%s says which release it is', (server) => {
    expect(instructionsOf(server)).toContain(`ARG RELEASE=${RELEASE}`);
  });

  // A shell as process 1 would take SIGTERM for itself, and the hand-over (R9) would not begin.
  test.each(['kvstore', 'proxy'])('%s is process 1 itself, and no user of the host', (server) => {
    const [entry, ...others] = instructionsOf(server).filter((line) => /^(ENTRYPOINT|CMD)\b/.test(line));
    expect(others).toEqual([]);
    const command = JSON.parse((entry ?? '').replace('ENTRYPOINT ', '')) as string[];
    expect([command[0], command.at(-1)]).toEqual(['/usr/local/bin/node', `/app/${server}.js`]);
    expect(instructionsOf(server).findLast((line) => line.startsWith('USER '))).toBe('USER 1000:1000');
  });

  test.each(['kvstore', 'proxy'])(
    'what changes most comes last in %s, and packages are not installed for it',
    (server) => {
      const at = (part: string) => instructionsOf(server).findIndex((line) => line.includes(part));
      expect(at('npm ci')).toBeLessThan(at('COPY src'));
      expect(at('COPY --from=runtime')).toBeLessThan(at('COPY --from=build'));
    },
  );

  test.each(['kvstore', 'proxy'])(
    '%s has what /docs is made of, where Node looks for it, and the licences',
    (server) => {
      const copied =
        /swagger-ui-dist -m 0644 [^]*?%s ' \\\n\s*([^)]+)\)/.exec(dockerfileOf(server))?.[1]?.split(/\s+/) ?? [];
      // One of them is of our own, and in the bundle.
      const shown = Object.keys(DOCS_FILES).filter((name) => name !== 'initializer.js');
      expect(copied).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'NOTICE', ...shown]));
      for (const name of copied) expect(existsSync(`node_modules/swagger-ui-dist/${name}`)).toBe(true);
    },
  );
});
