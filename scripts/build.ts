/** Bundles the servers into `dist/`. */
import { bundleServers } from '../src/main/local/bundle.ts';

await bundleServers({ mode: 'always' });
