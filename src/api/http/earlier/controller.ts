import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ReplicaSummary } from '../../../core/group/summary.ts';
import type { KnownReplica, KnownReplicas } from '../../../ports/known-replicas.ts';
import { sendJson } from '../respond.ts';
import type { Route } from '../routes.ts';
import { getOnly } from './answers.ts';
import { requiredParameters } from './input.ts';

/** What the controller of the earlier service with workers told, and the health of controller and worker. */
export function controllerRoutes(known: KnownReplicas): readonly Route[] {
  if (known.kind === 'self') {
    return [
      getOnly('/health', (_context, _request, response) => {
        sendJson(response, 200, workerHealthOf(known.summary()));
      }),
    ];
  }
  const live = (): readonly LiveReplica[] => known.replicas().filter(isLive);
  return [
    getOnly('/health', (_context, _request, response) => {
      sendJson(response, 200, { status: 'controller up', workers_count: live().length });
    }),
    getOnly('/workers', (_context, _request, response) => {
      const workers = live().map(({ podName, summary }) => [podName, { address: addressOf(summary) }] as const);
      sendJson(response, 200, Object.fromEntries(workers));
    }),
    getOnly('/map', (_context, request, response) => {
      sendMap(live(), request, response);
    }),
  ];
}

type LiveReplica = KnownReplica & { readonly summary: ReplicaSummary };

const isLive = (replica: KnownReplica): replica is LiveReplica => replica.summary !== null;

/** Where a worker's clients reach it. */
const addressOf = ({ httpAddress }: ReplicaSummary): string => `http://${httpAddress}`;

const workerHealthOf = (summary: ReplicaSummary): object => ({
  status: 'worker up',
  address: addressOf(summary),
  stored_keys: summary.keys,
});

/** Every member holds every key, so that all keys have the same map: whoever leads comes first. */
function sendMap(live: readonly LiveReplica[], request: IncomingMessage, response: ServerResponse): void {
  if (requiredParameters(['key'], request, response) === null) return;
  const leaders = live.filter(({ standing }) => standing === 'leader');
  const members = live.filter(({ standing }) => standing === 'member');
  const replicas = [...leaders, ...members].map(({ summary }) => addressOf(summary));
  const [primary] = replicas;
  if (primary === undefined) sendJson(response, 503, { detail: 'no available workers' });
  else sendJson(response, 200, { primary, replicas });
}
