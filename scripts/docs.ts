/** Writes the reference pages that are made from tables in the sources. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cliReference } from '../src/cli/reference.ts';
import { optionsReference } from '../src/config/help.ts';
import { httpReference } from '../src/protocol/http/openapi/reference.ts';

const folder = new URL('../docs/reference/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('options.md', folder), optionsReference());
writeFileSync(new URL('cli.md', folder), cliReference());
writeFileSync(new URL('http.md', folder), httpReference());
