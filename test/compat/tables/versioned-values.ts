import { expect } from '@jest/globals';
import { SERVED, type Row } from '../row.ts';

const servers = "Available servers: ['kv-0', 'kv-1', 'kv-2']";
const percent: unknown = expect.any(Number);
const usage = {
  requests: expect.any(Number),
  latency_ms: expect.any(Number),
  cpu_percent: percent,
  memory_percent: percent,
};

/** S0: versions, and what its gateway tells. */
export const versionedValues: readonly Row[] = [
  {
    source: 'S0:97-99, server/models.py PutResponse',
    request: 'POST /put/s0-a',
    body: { value: 'your_value' },
    status: 200,
    answer: `{"operation":"create","key":"s0-a","version":1,"new_version":null,"previous_version":null,"total_versions":1}`,
    headers: SERVED,
  },
  {
    source: 'S0:125-127',
    request: 'PUT /put/s0-b',
    body: { value: 'hello world' },
    after: [
      ['POST /put/s0-b', { value: 1 }],
      ['POST /put/s0-b', { value: 2 }],
    ],
    status: 200,
    answer: `{"operation":"update","key":"s0-b","version":3,"new_version":3,"previous_version":2,"total_versions":3}`,
    headers: SERVED,
  },
  {
    source: 'S0:102, server/store.py get',
    request: 'GET /get/s0-c',
    after: [['POST /put/s0-c', { value: [1, { a: null }] }]],
    status: 200,
    answer: expect.objectContaining({ value: [1, { a: null }], version: 1, source: 'cache' }),
    headers: SERVED,
  },
  {
    source: 'S0:103',
    request: 'GET /get/s0-d?version=2',
    after: [
      ['POST /put/s0-d', { value: 'v1' }],
      ['POST /put/s0-d', { value: 'v2' }],
    ],
    status: 200,
    answer: expect.objectContaining({ value: 'v2', version: 2 }),
    headers: SERVED,
  },
  {
    source: 'S0:103, server/routes.py get_value',
    request: 'GET /get/s0-d?version=7',
    status: 404,
    answer: `{"detail":"Key 's0-d' version 7 not found"}`,
    headers: SERVED,
  },
  {
    source: 'S0:113-114, gateway/main.py get_servers',
    request: 'GET /servers',
    status: 200,
    answer: '{"servers":["kv-0","kv-1","kv-2"],"count":3}',
  },
  {
    source: 'S0:106, server/store.py get_cache_stats',
    request: 'GET /cache/stats?server=kv-1',
    status: 200,
    answer: { current_size: expect.any(Number), max_size: 536_870_912, is_full: false, expiration_minutes: null },
    headers: { 'x-server-used': 'kv-1' },
  },
  {
    source: 'S0:111, gateway/load_balancer.py get_backend_url',
    request: 'GET /cache/stats',
    status: 503,
    answer: `{"detail":"No servers available: Server parameter is required for cache/stats. ${servers}"}`,
  },
  {
    source: 'S0:111, gateway/load_balancer.py get_backend_url',
    request: 'GET /cache/stats?server=',
    status: 503,
    answer: `{"detail":"No servers available: Server parameter is required for cache/stats. ${servers}"}`,
  },
  {
    source: 'gateway/load_balancer.py get_backend_url',
    request: 'GET /cache/stats?server=x',
    status: 503,
    answer: `{"detail":"No servers available: Server 'x' not found. ${servers}"}`,
  },
  {
    source: 'S0:109, server/database.py get_stats',
    request: 'GET /db/stats?server=kv-2',
    status: 200,
    answer: {
      total_keys: expect.any(Number),
      total_versions: expect.any(Number),
      database_size_bytes: expect.any(Number),
    },
    headers: { 'x-server-used': 'kv-2' },
  },
  {
    source: 'S0:111, gateway/load_balancer.py get_backend_url',
    request: 'GET /db/stats',
    status: 503,
    answer: `{"detail":"No servers available: Server parameter is required for db/stats. ${servers}"}`,
  },
  {
    source: 'gateway/load_balancer.py get_backend_url',
    request: 'GET /db/stats?server=__proto__',
    status: 503,
    answer: `{"detail":"No servers available: Server '__proto__' not found. ${servers}"}`,
  },
  {
    source: 'gateway/monitoring.py get_insights',
    request: 'GET /insights',
    status: 200,
    answer: {
      total_requests: expect.any(Number),
      avg_latency_ms: expect.any(Number),
      hot_spots: expect.any(Array),
      slow_servers: expect.any(Array),
      servers: { 'kv-0': usage, 'kv-1': usage, 'kv-2': usage },
    },
  },
  {
    source: 'server/routes.py get_system_stats',
    request: 'GET /system/stats',
    status: 200,
    answer: { cpu_percent: percent, memory_percent: percent, disk_percent: percent },
    headers: { 'x-server-used': 'proxy-0' },
  },
];
