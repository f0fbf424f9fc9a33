import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { startGuarded, type Guarded } from '../measure/guarded.ts';

/** A kube-apiserver with an etcd of its own, on loopback, empty; nothing else of a cluster runs. */
export interface RealApiServer {
  readonly url: string;
  /** Of a member of system:masters, who may do anything. */
  readonly token: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  /** The same three as a kubeconfig file. */
  readonly kubeconfigPath: string;
  readonly folder: string;
  /** Where `etcd` and `kube-apiserver` are, and with them, as a rule, `kubectl`. */
  readonly assets: string;
  /** Lets etcd forget all versions before the newest, which the API server does every five minutes. */
  compact(): Promise<void>;
  /** What etcd keeps of an object, to be put back later as a backup does: past all admission. */
  backUp(path: string): Promise<{ restore(): Promise<void> }>;
  /** Ends the API server, as `kill -9` does, and starts it again at the same address; etcd goes on. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const TOKEN = 'contract-suite';

/**
 * Starts the real thing as controller-runtime's envtest does: `etcd` and `kube-apiserver` from the folder that
 * KUBEBUILDER_ASSETS names. Where there is none, `skip` says why, so that a skipped test can say it too.
 */
export async function startRealApiServer(): Promise<RealApiServer | { readonly skip: string }> {
  const assets = findAssets();
  if ('skip' in assets) return assets;

  const folder = await mkdtemp(join(tmpdir(), 'kvstore-api-'));
  const [clientPort, peerPort, apiPort] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const url = `https://127.0.0.1:${apiPort}`;

  const serviceAccountKey = join(folder, 'service-account.key');
  const tokens = join(folder, 'tokens.csv');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(serviceAccountKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(tokens, `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });

  const start = (name: string, args: readonly string[]): Guarded =>
    startGuarded({ program: join(assets.folder, name), args, logFile: join(folder, `${name}.log`) });
  const etcd = start('etcd', [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    '--log-level=warn',
  ]);
  const apiServerArgs = [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    // Published as the Service `kubernetes`, for which a loopback address is refused; nothing here ever uses it.
    '--advertise-address=192.0.2.1',
    `--secure-port=${apiPort}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // Without a controller manager there is no service account `default`, and no pod could be created.
    '--disable-admission-plugins=ServiceAccount',
  ];
  const startApiServer = (): Guarded => start('kube-apiserver', apiServerArgs);
  let apiServer = startApiServer();
  const close = async (): Promise<void> => {
    await Promise.all([apiServer.kill(), etcd.kill()]);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const ca = await untilReady(url, folder);
    const kubeconfigPath = join(folder, 'kubeconfig');
    await writeFile(kubeconfigPath, kubeconfig({ url, ca, token: TOKEN }), { mode: 0o600 });
    const restart = async (): Promise<void> => {
      await apiServer.kill();
      apiServer = startApiServer();
      await untilReady(url, folder);
    };
    return {
      url,
      token: TOKEN,
      ca,
      kubeconfigPath,
      folder,
      assets: assets.folder,
      compact: () => compact(etcdUrl),
      backUp: (path) => backUp(etcdUrl, path),
      restart,
      close,
    };
  } catch (cause) {
    const log = await readFile(join(folder, 'kube-apiserver.log'), 'utf8').catch(() => '');
    await close();
    throw new Error(`The API server did not come up:\n${log.slice(-2000)}`, { cause });
  }
}

/** A checkout beside a lab that unpacks the binaries on demand needs no variable. */
function findAssets(): { readonly folder: string } | { readonly skip: string } {
  let folder = process.env['KUBEBUILDER_ASSETS'];
  const lab = join(import.meta.dirname, '../../../shared/kube/cluster');
  if (!folder && existsSync(lab)) folder = spawnSync(lab, ['assets'], { encoding: 'utf8' }).stdout.trim();
  if (!folder) return { skip: 'KUBEBUILDER_ASSETS is not set: no kube-apiserver to test against' };
  for (const name of ['etcd', 'kube-apiserver']) {
    if (!existsSync(join(folder, name))) return { skip: `KUBEBUILDER_ASSETS=${folder} holds no ${name}` };
  }
  return { folder };
}

/** Waits until the server answers; gives the certificate that it made for itself. */
async function untilReady(url: string, folder: string): Promise<string> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let lastError: unknown = null;
  while (performance.now() < deadline) {
    const ca = await readFile(join(folder, 'certificates/apiserver.crt'), 'utf8').catch(() => null);
    if (ca !== null) {
      const dispatcher = new Agent({ connect: { ca } });
      try {
        if (await answers(`${url}/readyz`, dispatcher)) {
          // /readyz does not wait for the namespace that all tests use.
          if (await answers(`${url}/api/v1/namespaces/default`, dispatcher)) return ca;
        }
      } catch (error) {
        lastError = error;
      } finally {
        await dispatcher.close();
      }
    }
    await sleep(50);
  }
  throw new Error(`not ready within ${START_TIMEOUT_MS} ms`, { cause: lastError });
}

async function answers(url: string, dispatcher: Agent): Promise<boolean> {
  const response = await fetch(url, { dispatcher, headers: { authorization: `Bearer ${TOKEN}` } });
  await response.text();
  return response.ok;
}

async function compact(etcdUrl: string): Promise<void> {
  const { header } = await callEtcd(etcdUrl, 'range', { key: base64('/') });
  await callEtcd(etcdUrl, 'compaction', { revision: header.revision, physical: true });
}

async function backUp(etcdUrl: string, path: string): Promise<{ restore(): Promise<void> }> {
  const key = base64(`/registry/${path}`);
  const value = (await callEtcd(etcdUrl, 'range', { key })).kvs?.[0]?.value;
  if (value === undefined) throw new Error(`etcd has no ${path}`);
  return {
    async restore() {
      await callEtcd(etcdUrl, 'put', { key, value });
    },
  };
}

interface EtcdAnswer {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly value: string }[];
}

/** Through etcd's own HTTP gateway, which takes bytes as base64. */
async function callEtcd(url: string, method: 'range' | 'put' | 'compaction', body: object): Promise<EtcdAnswer> {
  const response = await fetch(`${url}/v3/kv/${method}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`etcd answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as EtcdAnswer;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export function kubeconfig({ url, ca, token }: Pick<RealApiServer, 'url' | 'ca' | 'token'>): string {
  const authority = Buffer.from(ca).toString('base64');
  return `apiVersion: v1
kind: Config
current-context: contract
clusters: [{name: contract, cluster: {server: "${url}", certificate-authority-data: ${authority}}}]
users: [{name: contract, user: {token: ${token}}}]
contexts: [{name: contract, context: {cluster: contract, user: contract, namespace: default}}]
`;
}

async function freePorts(count: number): Promise<number[]> {
  // All are held until all are known, so that they differ.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      if (address === null || typeof address === 'string') throw new Error('no port');
      return address.port;
    }),
  );
}
