import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Connection } from '../../../../src/adapters/kubernetes/create-group-api.ts';
import { groupApi } from './fixtures.ts';
import { json, ScriptedApi } from './scripted-api.ts';
import { selfSigned } from './self-signed.ts';

const lease = json(200, { metadata: { name: 'kvstore', uid: 'u1', resourceVersion: '1' } });

let folder: string;
let server: ScriptedApi;
const environment = { ...process.env };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvstore-connection-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
  for (const name of ['KUBECONFIG', 'HOME', 'KUBERNETES_SERVICE_HOST']) {
    if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = environment[name];
  }
});

async function kubeconfig(user: object, ca: string, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config');
  // JSON is YAML.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': base64(ca), ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** CONNECT host:port. */
async function httpTunnel(socket: Socket): Promise<void> {
  const [head] = (await once(socket, 'data')) as [Buffer];
  const port = Number(/^CONNECT \S+:(\d+)/.exec(head.toString())?.[1]);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  tunnelTo(socket, port);
}

/** RFC 1928, no authentication, an IPv4 address. */
async function socksTunnel(socket: Socket): Promise<void> {
  await once(socket, 'data');
  socket.write(Buffer.from([5, 0]));
  const [request] = (await once(socket, 'data')) as [Buffer];
  socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  tunnelTo(socket, request.readUInt16BE(request.length - 2));
}

function tunnelTo(socket: Socket, port: number): void {
  const onward = connect(port, '127.0.0.1');
  socket.pipe(onward).pipe(socket);
  socket.on('error', () => onward.destroy());
  onward.on('error', () => socket.destroy());
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('over TLS', () => {
  const serverKey = selfSigned('server');
  const clientKey = selfSigned('client');
  const nextClientKey = selfSigned('next client');
  let clientNames: (string | null)[];

  beforeEach(async () => {
    clientNames = [];
    server = new ScriptedApi({
      ...serverKey,
      ca: [clientKey.cert, nextClientKey.cert],
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.answer = (response, request) => {
      const socket = response.socket as TLSSocket;
      clientNames.push(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : null);
      lease(response, request);
    };
    await server.listen();
  });

  afterEach(() => server.close());

  const callTimes = async (connection: Connection, times: number): Promise<void> => {
    const api = await groupApi({ connection, namespace: null, callTimeoutMs: 10_000 });
    for (let call = 0; call < times; call += 1) {
      expect(await api.call({ kind: 'readLease' })).toMatchObject({ kind: 'record' });
    }
    await api.close();
  };

  test('a token is sent with every call, and all calls share their connections', async () => {
    await callTimes({ kind: 'kubeconfig', path: await kubeconfig({ token: 's3cret' }, serverKey.cert) }, 50);
    // undici hands over an answer a moment before it takes the connection for free: the next call may open a second.
    expect(server.connections).toBeLessThanOrEqual(2);
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer s3cret']));
  });

  test('a client certificate is shown', async () => {
    const user = { 'client-certificate-data': base64(clientKey.cert), 'client-key-data': base64(clientKey.key) };
    await callTimes({ kind: 'kubeconfig', path: await kubeconfig(user, serverKey.cert) }, 2);
    expect(clientNames).toEqual(['client', 'client']);
  });

  test('certificates that rotate are taken up without a restart', async () => {
    const [certPath, keyPath] = [join(folder, 'cert'), join(folder, 'key')];
    const install = (pair: typeof clientKey): Promise<unknown> =>
      Promise.all([writeFile(certPath, pair.cert), writeFile(keyPath, pair.key)]);
    await install(clientKey);
    const user = { 'client-certificate': certPath, 'client-key': keyPath };
    const path = await kubeconfig(user, serverKey.cert);
    const api = await groupApi({ connection: { kind: 'kubeconfig', path }, callTimeoutMs: 10_000 });
    await api.call({ kind: 'readLease' });
    await install(nextClientKey);
    await api.call({ kind: 'readLease' });
    await api.call({ kind: 'readLease' });
    await api.close();
    expect(clientNames).toEqual(['client', 'next client', 'next client']);
  });

  test.each([
    ['HTTP', 'http', httpTunnel],
    ['SOCKS', 'socks5', socksTunnel],
  ])('the way leads through the %s proxy that the kubeconfig names', async (_name, scheme, serve) => {
    const proxy = createTcpServer((socket) => void serve(socket)).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    let tunnels = 0;
    proxy.on('connection', () => (tunnels += 1));
    const { port } = proxy.address() as AddressInfo;
    const cluster = { 'proxy-url': `${scheme}://127.0.0.1:${port}` };
    await callTimes({ kind: 'kubeconfig', path: await kubeconfig({ token: 's3cret' }, serverKey.cert, cluster) }, 10);
    expect(tunnels).toBeGreaterThan(0);
    expect(server.connections).toBe(tunnels);
    expect(tunnels).toBeLessThanOrEqual(2);
    proxy.close();
  });

  test('a server that the authority did not sign is not spoken to', async () => {
    const path = await kubeconfig({ token: 's3cret' }, clientKey.cert);
    const api = await groupApi({ connection: { kind: 'kubeconfig', path }, callTimeoutMs: 10_000 });
    expect(await api.call({ kind: 'readLease' })).toMatchObject({
      kind: 'inDoubt',
      reason: expect.stringMatching(/self-signed/),
    });
    expect(server.requests).toEqual([]);
    await api.close();
  });

  test("the namespace is the context's where the option names none", async () => {
    process.env['KUBECONFIG'] = await kubeconfig({ token: 's3cret' }, serverKey.cert);
    await callTimes({ kind: 'default' }, 1);
    expect(server.requests[0]?.path).toContain('/namespaces/shop/');
  });

  test('a context that is not there is an error at the start', async () => {
    const path = await kubeconfig({}, serverKey.cert);
    await expect(groupApi({ connection: { kind: 'kubeconfig', path, context: 'other' } })).rejects.toThrow(
      'no context other',
    );
  });

  test('so is a certificate that cannot be read', async () => {
    const path = await kubeconfig({ 'client-certificate': join(folder, 'none') }, serverKey.cert);
    await expect(groupApi({ connection: { kind: 'kubeconfig', path } })).rejects.toThrow('ENOENT');
  });
});

describe('without a configuration the start fails and says what was looked for', () => {
  beforeEach(() => {
    for (const name of ['KUBECONFIG', 'KUBERNETES_SERVICE_HOST']) Reflect.deleteProperty(process.env, name);
    process.env['HOME'] = folder;
  });

  test('by default', async () => {
    await expect(groupApi({ connection: { kind: 'default' } })).rejects.toThrow(
      /service account.*KUBECONFIG.*\.kube\/config/,
    );
  });

  test('outside a cluster', async () => {
    await expect(groupApi({ connection: { kind: 'inCluster' } })).rejects.toThrow('KUBERNETES_SERVICE_HOST is not set');
  });
});
