/** A pod, as far as packets are concerned. */
export interface PodPlace {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

/** From whom a pod is cut off; the kubelet's probes still pass. */
export type CutFrom =
  | { readonly kind: 'pods'; readonly pods: readonly PodPlace[] }
  | { readonly kind: 'api' }
  /** Pods, Services and the API server. */
  | { readonly kind: 'everything' };

/**
 * What only the owner of a cluster's machines can do to it. Everything else that a test does goes through kubectl, and
 * so works on any cluster; where nobody has these powers, what needs them is skipped.
 */
export interface Powers {
  /** Drops all packets, in both directions, from one moment on until `heal`. */
  cut(pod: PodPlace, from: readonly CutFrom[]): Promise<void>;
  heal(): Promise<void>;
  /** The process ends, or comes back. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
  /** It dies, and is back as soon as it can be. */
  restartApi(): Promise<void>;
  /** Connections stay open, and silent. */
  pauseApi(): Promise<void>;
  resumeApi(): Promise<void>;
  /** Every process of the node dies at once, as by a power cut. */
  killNode(node: string): Promise<void>;
  /** Its pods start again, with empty memories. */
  startNode(node: string): Promise<void>;
  /** Builds an image and makes it known to every node. */
  buildImage(image: { readonly tag: string; readonly dockerfile: string; readonly context: string }): Promise<void>;
}
