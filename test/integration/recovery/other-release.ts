import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { SUPPORTED_VERSIONS, type VersionRange } from '../../../src/protocol/peer/preface.ts';

const root = resolve(import.meta.dirname, '../../..');

/** kvstores of other releases: this one, but for the versions of the peer protocol that each speaks. The programs' files. */
export async function otherReleases(releases: readonly VersionRange[], directory: string): Promise<readonly string[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main/kvstore.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  const program = outputFiles[0]?.text ?? '';
  const ours = constant(SUPPORTED_VERSIONS);
  if (program.split(ours).length !== 2) throw new Error(`the program does not say ${ours}, once`);
  return releases.map((versions) => {
    const file = join(directory, `kvstore-${versions.first}-${versions.last}.mjs`);
    writeFileSync(file, program.replace(ours, constant(versions)));
    return file;
  });
}

const constant = ({ first, last }: VersionRange): string => `SUPPORTED_VERSIONS = { first: ${first}, last: ${last} }`;
