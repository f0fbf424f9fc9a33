import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { installManifest, kustomize, type Rendering } from '../../../scripts/kubectl.ts';
import { RELEASE } from '../../../src/main/release.ts';

const base = kustomize('k8s/base');
/** A skip is not counted as passed, and its name says why. */
const whereRendered = base.kind === 'skip' ? test.skip : test;
const because = base.kind === 'skip' ? ` (skipped: ${base.reason})` : '';
const overlays = readdirSync('k8s/overlays').map((name) => `k8s/overlays/${name}`);

function textOf(rendering: Rendering): string {
  if (rendering.kind !== 'manifests') throw new Error(JSON.stringify(rendering));
  return rendering.text;
}

describe('manifests', () => {
  whereRendered(`install.yaml is what npm run manifests makes of the base${because}`, () => {
    expect(readFileSync('k8s/install.yaml', 'utf8')).toBe(installManifest(textOf(base)));
  });

  whereRendered(`what is applied is of this release${because}`, () => {
    const text = textOf(base);
    expect(text.match(/image: .*/g)).toEqual([`image: kvstore:${RELEASE}`, `image: kvstore-proxy:${RELEASE}`]);
    const versions = new Set(text.match(/app.kubernetes.io\/version: .*/g));
    expect([...versions]).toEqual([`app.kubernetes.io/version: ${RELEASE}`]);
  });

  test.each(overlays)('%s builds on the base', (overlay) => {
    expect(readFileSync(`${overlay}/kustomization.yaml`, 'utf8')).toMatch(/- \.\.\/(\.\.\/base|lab)$/m);
  });

  // Nothing else would notice a patch that no longer finds its target, before somebody applies it.
  whereRendered.each(overlays)(`%s can be rendered${because}`, (overlay) => {
    const text = textOf(kustomize(overlay));
    expect(text).toMatch(/^kind: Deployment$/m);
    // R9: the pause before SIGTERM, what the process takes then, and some time for the kubelet.
    for (const deployment of text.split(/^---$/m).filter((object) => /^kind: Deployment$/m.test(object))) {
      const pauseSeconds = Number(/sleep:\n\s*seconds: (\d+)/.exec(deployment)?.[1]);
      const graceSeconds = Number(/name: KV_GRACE_PERIOD\n\s*value: (\d+)s/.exec(deployment)?.[1]);
      const allSeconds = Number(/terminationGracePeriodSeconds: (\d+)/.exec(deployment)?.[1]);
      expect(allSeconds).toBeGreaterThanOrEqual(pauseSeconds + graceSeconds + 5);
    }
  });
});
