import type { Operation, ResponseDescription } from '../operation.ts';

/** What a process tells of itself. These routes take nothing; what they are sent beside their path is ignored. */

const json = (description: string): ResponseDescription => ({
  description,
  content: { 'application/json': { schema: {} } },
});

const about = (operationId: string, path: string, summary: string, responses: Operation['responses']): Operation => ({
  method: 'get',
  path,
  operationId,
  tags: ['process'],
  summary,
  parameters: [],
  responses,
});

export const processOperations: readonly Operation[] = [
  about('hello', '/', 'Say hello', { '200': json('`{"message":"Hello!"}`') }),
  about('livez', '/livez', 'Whether the process works: its event loop turns', { '200': json('It does.') }),
  about('readyz', '/readyz', 'Whether the process should get requests', {
    '200': json('It should.'),
    '503': json('Not now; `reason` says why.'),
  }),
  about('metrics', '/metrics', 'Metrics for Prometheus', {
    '200': { description: 'Text exposition format.', content: { 'text/plain': { schema: { type: 'string' } } } },
  }),
  about('features', '/v1', 'Features and limits', { '200': json('What this release offers.') }),
  about('cluster', '/v1/cluster', 'Leader, epoch, lineage, members, standbys, lag', { '200': json('What is known.') }),
];
