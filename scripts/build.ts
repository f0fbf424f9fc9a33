/** Bundles the servers into `dist/`: those that are named, or all. An image holds only its own. */
import { bundleServers, serverNames, type ServerName } from '../src/main/local/bundle.ts';

const asked = process.argv.slice(2);
const isServer = (name: string): name is ServerName => serverNames.some((known) => known === name);
const unknown = asked.filter((name) => !isServer(name));
if (unknown.length > 0) {
  console.error(`unknown server: ${unknown.join(', ')}; there are ${serverNames.join(', ')}`);
  process.exit(2);
}
await bundleServers({ mode: 'always', ...(asked.length === 0 ? {} : { servers: asked.filter(isServer) }) });
