import { expect, test } from '@jest/globals';
import { formatAddress, parseAddress } from '../../../../src/adapters/transport/address.ts';

test.each([
  ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000 }],
  ['kvstore-0.kvstore-peers:7000', { host: 'kvstore-0.kvstore-peers', port: 7000 }],
  ['[::1]:7000', { host: '::1', port: 7000 }],
  ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
])('%s is an address and is written so again', (text, parts) => {
  expect(parseAddress(text)).toEqual(parts);
  expect(formatAddress(parts)).toBe(text);
});

test.each([
  '',
  ':7000',
  'host',
  'host:',
  'host:65536',
  'host:-1',
  'host:1x',
  '::1:7000',
  '[::1]',
  '[::1]:',
  '[host]:1',
  'a b:1',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeNull();
});
