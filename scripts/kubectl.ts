import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** What `kubectl kustomize` makes of a folder of manifests; `skip` says why it cannot be asked. */
export type Rendering =
  | { readonly kind: 'manifests'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'skip'; readonly reason: string };

export function kustomize(folder: string): Rendering {
  const program = findKubectl();
  const { error, status, stdout, stderr } = spawnSync(program, ['kustomize', folder], { cwd: root, encoding: 'utf8' });
  if (error !== undefined) return { kind: 'skip', reason: `there is no kubectl here (${program}: ${error.message})` };
  if (status !== 0) return { kind: 'failed', message: `kubectl kustomize ${folder}: ${stderr}` };
  return { kind: 'manifests', text: stdout };
}

/** Of the folder that KUBEBUILDER_ASSETS names, which a machine may have without a kubectl of its own; else of PATH. */
function findKubectl(): string {
  const folder = process.env['KUBEBUILDER_ASSETS'] ?? '';
  const ofAssets = join(folder, 'kubectl');
  return folder !== '' && existsSync(ofAssets) ? ofAssets : 'kubectl';
}

/** `k8s/install.yaml`, for those who want one file and no kustomize. */
export function installManifest(base: string): string {
  return `# Made from k8s/base by \`npm run manifests\`; a test fails where the two differ.
#
#   kubectl apply -f install.yaml        # into the namespace of the current context
#
# The images are named without a registry: set yours, or load them into the nodes.
${base}`;
}
