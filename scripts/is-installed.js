/**
 * Exits 0 if node_modules holds what package-lock.json says. Plain JavaScript: it runs before there is a Node 24, on
 * whatever is there. Times of files would not do, a checkout changes them.
 */
import { readFileSync } from 'node:fs';

try {
  const packagesOf = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).packages;
  const installed = packagesOf('../node_modules/.package-lock.json');
  for (const [path, wanted] of Object.entries(packagesOf('../package-lock.json'))) {
    if (path === '') continue;
    const found = installed[path];
    // Packages for other platforms are optional and not installed.
    if (found === undefined ? !wanted.optional : found.version !== wanted.version) process.exit(1);
  }
} catch {
  process.exit(1);
}
