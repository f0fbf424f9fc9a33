import { expect } from '@jest/globals';
import { SERVED, type Row } from '../row.ts';

/** S1: `PUT /put`, `GET /get/{key}`, `DELETE /delete/{key}`. */
export const mainService: readonly Row[] = [
  {
    source: 'S1:50-68',
    request: 'PUT /put',
    body: { key: 's1-a', value: 'v' },
    status: 200,
    answer: `{"message":"Key 's1-a' added/updated successfully."}`,
    headers: SERVED,
  },
  {
    source: 'S1:52 "adds or updates"',
    request: 'PUT /put',
    body: { key: 's1-b', value: 'new' },
    after: [['PUT /put', { key: 's1-b', value: 'old' }]],
    status: 200,
    answer: `{"message":"Key 's1-b' added/updated successfully."}`,
    headers: SERVED,
  },
  {
    source: 'S1:91-105, and S0:102 with server/models.py VersionedValueResponse, gateway/main.py forward_request',
    request: 'GET /get/s1-c',
    after: [['PUT /put', { key: 's1-c', value: 'grün' }]],
    status: 200,
    answer: {
      key: 's1-c',
      value: 'grün',
      version: 1,
      timestamp: expect.any(Number),
      source: 'cache',
      server_used: expect.stringMatching(/^kv-[0-2]$/),
    },
    headers: SERVED,
  },
  {
    source: 'S1 main.py get_key_value: only None is not found',
    request: 'GET /get/s1-empty',
    after: [['PUT /put', { key: 's1-empty', value: '' }]],
    status: 200,
    answer: expect.objectContaining({ key: 's1-empty', value: '' }),
    headers: SERVED,
  },
  {
    source: 'S1:106-111',
    request: 'GET /get/s1-none',
    status: 404,
    answer: '{"detail":"Key not found."}',
    headers: SERVED,
  },
  {
    source: 'S1:70-83, and S4 worker.py delete_key',
    request: 'DELETE /delete/s1-d',
    after: [['PUT /put', { key: 's1-d', value: 'v' }]],
    status: 200,
    answer: `{"message":"Key 's1-d' deleted successfully.","result":"deleted"}`,
    headers: SERVED,
  },
  {
    source: 'S1:84-89',
    request: 'DELETE /delete/s1-none',
    status: 404,
    answer: '{"detail":"Key not found."}',
    headers: SERVED,
  },
  {
    source: 'S1 main.py, after a delete',
    request: 'GET /get/s1-e',
    after: [['PUT /put', { key: 's1-e', value: 'v' }], ['DELETE /delete/s1-e']],
    status: 404,
    answer: '{"detail":"Key not found."}',
  },
];
