import type { DataCommand, FencedCommand } from '../../core/store/commands.ts';
import { decodeFence } from '../../protocol/http/fencing.ts';
import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { ApiRequest } from './exchange.ts';

/** The write under the fence that the header X-KV-Fence names, if there is one. */
export function fenced(request: ApiRequest, command: DataCommand): DataCommand | FencedCommand | Fault {
  const header = request.headers['x-kv-fence'];
  if (header === undefined) return command;
  const fence = decodeFence(String(header));
  if (typeof fence === 'string') return fault('bad-request', `The header X-KV-Fence cannot be used: ${fence}.`);
  return { kind: 'fenced', fence, command };
}

export const STALE = fault('fence-stale');
