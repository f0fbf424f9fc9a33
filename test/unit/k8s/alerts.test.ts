import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Metrics } from '../../../src/adapters/observability/metrics.ts';
import { LIMITS } from '../../../src/ports/telemetry.ts';

const manifest = readFileSync('k8s/components/monitoring/rules.yaml', 'utf8');
/** What Prometheus itself reads is the `spec` of the operator's resource. */
const rules = (manifest.split(/^spec:\n/m)[1] ?? '').replaceAll(/^ {2}/gm, '');

const found = spawnSync('promtool', ['--version'], { encoding: 'utf8' });
const wherePromtool = found.error === undefined ? test : test.skip;
const because = found.error === undefined ? '' : ' (skipped: there is no promtool here, Debian has it in `prometheus`)';

const folder = mkdtempSync(join(tmpdir(), 'kvstore-rules-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function promtool(...args: readonly string[]): void {
  writeFileSync(join(folder, 'rules.yaml'), rules);
  copyFileSync('test/unit/k8s/alerts.yaml', join(folder, 'alerts.yaml'));
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout + stderr);
}

describe('alerts', () => {
  wherePromtool(`are rules that Prometheus takes${because}`, () => {
    promtool('check', 'rules', 'rules.yaml');
  });

  wherePromtool(`fire when they should, and not else${because}`, () => {
    promtool('test', 'rules', 'alerts.yaml');
  });

  test('each has a case in which it fires, and one in which it does not', () => {
    const names = [...rules.matchAll(/^ *- alert: (\w+)$/gm)].map(([, name]) => name);
    const cases = readFileSync('test/unit/k8s/alerts.yaml', 'utf8');
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      expect(cases).toMatch(new RegExp(`alertname: ${name}\\n *exp_alerts:`));
      expect(cases).toContain(`alertname: ${name} }`);
    }
  });

  test('ask only for metrics that the servers publish, and for codes that exist', async () => {
    const replica = new Metrics({ process: 'kvstore' });
    const published = new Set<string>();
    for (const line of (await replica.text()).split('\n')) {
      const name = /^# TYPE (\S+)/.exec(line)?.[1];
      if (name !== undefined) published.add(name);
    }
    // Those of the proxy are named where it is composed.
    for (const [, name = ''] of readFileSync('src/main/proxy.ts', 'utf8').matchAll(/'(kvstore_proxy_\w+)'/g)) {
      published.add(name);
    }
    const asked = new Set(rules.match(/\bkvstore_\w+/g)?.map((name) => name.replace(/_bucket$/, '')));
    expect([...asked].filter((name) => !published.has(name))).toEqual([]);
    expect(asked.size).toBeGreaterThan(8);

    const limits = [...rules.matchAll(/kvstore_limits_hit_total\{code="([\w-]+)"/g)].map(([, code]) => code);
    expect(limits.filter((code) => !LIMITS.some((limit) => limit === code))).toEqual([]);
  });
});
