import { expect } from '@jest/globals';
import { SERVED, type Row } from '../row.ts';

/** S4: a worker's routes, which the proxy and each kvstore have. */
export const workers: readonly Row[] = [
  {
    source: 'S4:97-98, worker.py put_key',
    request: 'PUT /kv/s4-a',
    body: { value: 'v' },
    status: 200,
    answer: '{"result":"ok","acks":3}',
    headers: SERVED,
  },
  {
    source: 'S4:100-102, worker.py get_key',
    request: 'GET /kv/s4-b',
    after: [['PUT /kv/s4-b', { value: 'v1' }]],
    status: 200,
    answer: '{"value":"v1"}',
    headers: SERVED,
  },
  {
    source: 'worker.py get_key: an empty value is one',
    request: 'GET /kv/s4-c',
    after: [['PUT /kv/s4-c', { value: '' }]],
    status: 200,
    answer: '{"value":""}',
    headers: SERVED,
  },
  {
    source: 'worker.py get_key',
    request: 'GET /kv/s4-none',
    status: 404,
    answer: '{"detail":"not found"}',
    headers: SERVED,
  },
  {
    source: 'worker.py list_keys',
    request: 'GET /keys',
    after: [['PUT /kv/s4-d', { value: 'v' }]],
    status: 200,
    answer: { keys: expect.arrayContaining(['s4-d']) },
    headers: SERVED,
  },
];

/** S4: the controller's routes, which the proxy has. */
export const controller: readonly Row[] = [
  {
    source: 'S4:94-95, controller.py get_mapping',
    request: 'GET /map?key=somekey',
    status: 200,
    answer: {
      primary: 'http://127.0.0.1:1',
      replicas: ['http://127.0.0.1:1', 'http://127.0.0.1:1', 'http://127.0.0.1:1'],
    },
  },
  {
    source: 'controller.py list_workers',
    request: 'GET /workers',
    status: 200,
    answer: {
      'kv-0': { address: 'http://127.0.0.1:1' },
      'kv-1': { address: 'http://127.0.0.1:1' },
      'kv-2': { address: 'http://127.0.0.1:1' },
    },
  },
  {
    source: 'S4:87, controller.py health',
    request: 'GET /health',
    status: 200,
    answer: '{"status":"controller up","workers_count":3}',
  },
];

export const workerHealth: Row = {
  source: 'S4:88, worker.py health',
  request: 'GET /health',
  status: 200,
  answer: { status: 'worker up', address: 'http://127.0.0.1:1', stored_keys: expect.any(Number) },
};
