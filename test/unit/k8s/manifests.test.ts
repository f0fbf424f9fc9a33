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

  // With all copies on one node a power cut takes the data; and without `minDomains` a node that is alone satisfies any spread.
  whereRendered.each(['lab', 'production'])(`%s never has all replicas on one node${because}`, (overlay) => {
    const text = textOf(kustomize(`k8s/overlays/${overlay}`));
    const kvstore =
      text.split(/^---$/m).find((object) => /^kind: Deployment$[^]*^ {2}name: kvstore$/m.test(object)) ?? '';
    const constraints = (/topologySpreadConstraints:\n((?: {6}[- ].*\n)+)/.exec(kvstore)?.[1] ?? '').split(/^ {6}- /m);
    const ofNodes = constraints.filter((constraint) => constraint.includes('topologyKey: kubernetes.io/hostname'));
    expect(ofNodes).toHaveLength(1);
    expect(ofNodes[0]).toContain('whenUnsatisfiable: DoNotSchedule');
    expect(ofNodes[0]).toContain('maxSkew: 1\n');
    expect(Number(/minDomains: (\d+)/.exec(ofNodes[0] ?? '')?.[1])).toBeGreaterThanOrEqual(2);
  });

  whereRendered.each(overlays)(`%s labels every object with what Kubernetes recommends${because}`, (overlay) => {
    const objects = textOf(kustomize(overlay)).split(/^---$/m);
    for (const object of objects.filter((text) => !/^kind: Namespace$/m.test(text))) {
      // What stands before `name:` of the object itself: kustomize sorts.
      const metadata = /^metadata:\n((?: {2,}.*\n)+)/m.exec(object)?.[1] ?? '';
      for (const label of ['name', 'instance', 'part-of'])
        expect(metadata).toContain(`app.kubernetes.io/${label}: kvstore`);
    }
  });

  whereRendered(`no selector names a label that a later release may change${because}`, () => {
    const selectors = textOf(base).match(/^( *)(?:matchLabels|selector):\n(?:\1 {2}.*\n)+/gm) ?? [];
    expect(selectors.length).toBeGreaterThan(4);
    for (const selector of selectors) expect(selector).not.toMatch(/instance|version|part-of/);
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
