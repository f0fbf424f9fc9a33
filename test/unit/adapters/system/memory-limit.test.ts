import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { memoryLimitBytes } from '../../../../src/adapters/system/memory-limit.ts';

const Mi = 2 ** 20;

test('a limit beyond the memory of the machine, and none, are no limit', () => {
  expect(memoryLimitBytes(512, 1024)).toBe(512);
  expect(memoryLimitBytes(0, 1024)).toBeNull();
  expect(memoryLimitBytes(2 ** 64, 1024)).toBeNull();
});

/**
 * Node reads the limit through libuv and sets its heap by it, in each version of cgroups by other files. Here they are
 * made up, in a mount namespace: of root's, or of a user's own where the kernel allows that.
 */
describe('in a container', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-cgroup-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const isRoot = process.getuid?.() === 0;
  const unshare = ['--mount', ...(isRoot ? [] : ['--map-root-user']), '--propagation', 'private'];
  const tried = spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'none', '/sys/fs/cgroup'], {
    encoding: 'utf8',
  });
  const whereMounting = tried.status === 0 ? test : test.skip;
  const because = tried.status === 0 ? '' : ` (skipped: no mount namespace: ${tried.error?.message ?? tried.stderr})`;

  /** The options with which an image starts Node. */
  const [, ...flags] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(readFileSync('Dockerfile.kvstore', 'utf8'))?.[1] ?? '') as [
    string,
    ...string[],
  ];

  whereMounting.each(['v1', 'v2'])(
    `the memory limit of cgroup %s sets what is stored and Node's heap${because}`,
    (version) => {
      const fixtures = resolve(import.meta.dirname, 'fixtures');
      const node = [process.execPath, ...flags.slice(0, -1), '--disable-warning=ExperimentalWarning'];
      const { stdout, stderr } = spawnSync(
        'unshare',
        [
          ...unshare,
          ...['sh', join(fixtures, 'as-in-cgroup.sh'), version, String(512 * Mi), folder],
          ...node,
          join(fixtures, 'print-limits.ts'),
        ],
        { encoding: 'utf8' },
      );
      if (stdout === '') throw new Error(stderr);
      const limits = JSON.parse(stdout) as { readonly memoryLimitBytes: number; readonly heapLimitBytes: number };
      expect(limits.memoryLimitBytes).toBe(512 * Mi);
      // Half of it, and the young generation.
      expect(limits.heapLimitBytes / Mi).toBeGreaterThan(0.5 * 512 - 1);
      expect(limits.heapLimitBytes / Mi).toBeLessThan(0.7 * 512);
    },
  );
});
