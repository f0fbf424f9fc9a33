/** Blocks of the pages that no test runs, and why. A block that is added to a page is run, or stands here. */
export interface NotRun {
  readonly page: string;
  readonly language: string;
  readonly blocks: number;
  readonly because: string;
}

export const NOT_RUN: readonly NotRun[] = [
  {
    page: 'README.md',
    language: 'console',
    blocks: 3,
    because: 'starts an installation, here or in a cluster, which other tests do; or goes on until Ctrl-C',
  },
  { page: 'README.md', language: 'text', blocks: 1, because: 'a drawing' },
  {
    page: 'docs/guides/configuration.md',
    language: 'console',
    blocks: 1,
    because: 'goes on until Ctrl-C, and changes the machine',
  },
  { page: 'docs/guides/configuration.md', language: 'js', blocks: 1, because: 'for a browser' },
  { page: 'docs/guides/data-file.md', language: 'console', blocks: 1, because: 'starts an installation' },
  { page: 'docs/guides/data-file.md', language: 'text', blocks: 1, because: 'a file' },
  { page: 'docs/guides/data-file.md', language: 'dockerfile', blocks: 1, because: 'for docker' },
  { page: 'docs/guides/data-file.md', language: 'yaml', blocks: 1, because: 'for Kubernetes' },
  { page: 'docs/guides/kubernetes-lease-guard.md', language: 'yaml', blocks: 2, because: 'for Kubernetes' },
  { page: 'docs/guides/kubernetes.md', language: 'console', blocks: 7, because: 'for a cluster: test/e2e' },
  { page: 'docs/guides/locks.md', language: 'sql', blocks: 1, because: 'for a database' },
  {
    page: 'docs/guides/moving-from-etcd.md',
    language: 'console',
    blocks: 1,
    because: 'needs etcd',
  },
  { page: 'docs/guides/recovery.md', language: 'console', blocks: 1, because: 'needs a group that has lost its data' },
];
