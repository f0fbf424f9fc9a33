import type { KubeApi } from './cluster/kube-api.ts';
import type { Kubectl } from './cluster/kubectl.ts';
import type { Installation } from './cluster/installation.ts';
import type { Powers } from './powers/powers.ts';

/** Where a row plays. */
export interface Stage {
  readonly api: KubeApi;
  readonly kubectl: Kubectl;
  readonly namespace: string;
  readonly installation: Installation;
  /** How long things last that have no natural end, such as an outage. */
  readonly outageMs: number;
  readonly say: (line: string) => void;
}

/** Of a row that needs them: where there are none it is not played. */
export interface MightyStage extends Stage {
  readonly powers: Powers;
}
