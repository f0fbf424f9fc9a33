/** Renders `k8s/base` into `k8s/install.yaml`. */
import { writeFileSync } from 'node:fs';
import { installManifest, kustomize } from './kubectl.ts';

const rendering = kustomize('k8s/base');
switch (rendering.kind) {
  case 'manifests':
    writeFileSync(new URL('../k8s/install.yaml', import.meta.url), installManifest(rendering.text));
    break;
  case 'failed':
    console.error(rendering.message);
    process.exitCode = 1;
    break;
  case 'skip':
    console.error(rendering.reason);
    process.exitCode = 1;
    break;
}
