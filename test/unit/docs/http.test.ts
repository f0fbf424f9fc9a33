import { expect, test } from '@jest/globals';
import { httpReference } from '../../../src/protocol/http/openapi/reference.ts';
import { page } from './pages.ts';

/** To bring the page up to date: `npm run docs`. */
test('the reference of the HTTP interface is what the OpenAPI document is made of', () => {
  expect(page('docs/reference/http.md')).toBe(httpReference());
});
