import type { KnownReplicas } from '../../../ports/known-replicas.ts';
import type { Route } from '../routes.ts';
import { controllerRoutes } from './controller.ts';
import { gatewayRoutes } from './gateway.ts';
import { mainServiceRoutes } from './main-service.ts';
import { queryKeyRoutes } from './query-keys.ts';
import { uuidValueRoutes } from './uuid-values.ts';
import { versionedValueRoutes } from './versioned-values.ts';
import { workerValueRoutes } from './worker-values.ts';

/**
 * The routes of five services that this one replaces, whose clients go on unchanged. Those for data are on the proxy and
 * on each kvstore; those about the replicas are on the proxy, but for a kvstore's own health.
 */
export const earlierRoutes = (known: KnownReplicas): readonly Route[] => [
  ...mainServiceRoutes,
  ...versionedValueRoutes,
  ...uuidValueRoutes,
  ...queryKeyRoutes,
  ...workerValueRoutes,
  ...controllerRoutes(known),
  ...gatewayRoutes(known),
];

/** FastAPI sends a path that ends in a slash too many to the one without it. null: there is none. */
export function withoutSlash(routes: readonly Route[], path: string): string | null {
  if (!path.endsWith('/')) return null;
  const shorter = path.slice(0, -1);
  const exists = routes.some(({ match }) => (typeof match === 'string' ? match === shorter : match.test(shorter)));
  return exists ? shorter : null;
}
