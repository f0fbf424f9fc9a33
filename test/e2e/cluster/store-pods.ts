import type { PodPlace } from '../powers/powers.ts';

export type App = 'kvstore' | 'kvstore-proxy';

/** A pod of the installation, as the API server has it. */
export interface StorePod extends PodPlace {
  readonly uid: string;
  /** Its container has been started, once at least. */
  readonly started: boolean;
  readonly ready: boolean;
  /** It is told to stop, and still there. */
  readonly terminating: boolean;
  readonly image: string;
  readonly restarts: number;
  /** Of the container that was there before, if any. */
  readonly lastExit: { readonly code: number; readonly reason: string } | null;
}

/** What is asked of a list of pods; all else in it is let through. */
export interface PodList {
  readonly items: readonly PodObject[];
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly image: string }[] };
  readonly status?: {
    readonly podIP?: string;
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state?: { readonly waiting?: object };
      readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly reason?: string } };
    }[];
  };
}

/** Those that are over (evicted, say) are no part of it any more. */
export function storePodsIn(list: PodList): readonly StorePod[] {
  return list.items
    .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
    .map(({ metadata, spec, status }) => {
      const [container] = status?.containerStatuses ?? [];
      const last = container?.lastState?.terminated;
      return {
        name: metadata.name,
        uid: metadata.uid,
        node: spec.nodeName ?? '',
        ip: status?.podIP ?? '',
        started: container !== undefined && container.state?.waiting === undefined,
        ready: status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true,
        terminating: metadata.deletionTimestamp !== undefined,
        image: spec.containers[0]?.image ?? '',
        restarts: container?.restartCount ?? 0,
        lastExit: last === undefined ? null : { code: last.exitCode, reason: last.reason ?? '' },
      };
    });
}
