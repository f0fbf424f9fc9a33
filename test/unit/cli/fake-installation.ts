import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { epoch, logIndex } from '../../../src/core/base/numbers.ts';
import type { RecoverRequest, RecoveryView } from '../../../src/core/election/recovery.ts';

const LINEAGE = { number: 1, id: 'first' };

/** What a replica says of itself, and what becomes of the word that it is given. */
export interface FakeReplica {
  readonly podName: string;
  view: RecoveryView;
  answer: { readonly status: number; readonly body: object };
  readonly requests: RecoverRequest[];
  url: string;
}

export interface ReplicaSketch {
  readonly frozen?: string | null;
  readonly lineage?: RecoveryView['obeys'];
  readonly lastEpoch?: number;
  readonly lastIndex?: number;
  readonly role?: RecoveryView['role'];
  readonly takesWrites?: boolean;
  readonly record?: RecoveryView['record'];
}

/** Replicas and a proxy as the command line meets them: HTTP, and what they say is the test's. */
export class FakeInstallation {
  readonly replicas = new Map<string, FakeReplica>();
  /** Pods of which the proxy says that they do not answer. */
  unreachable: { podName: string; peerAddress: string; reason: string }[] = [];
  readonly #servers: Server[] = [];
  proxyUrl = '';

  async start(sketches: Readonly<Record<string, ReplicaSketch>>): Promise<void> {
    for (const [podName, sketch] of Object.entries(sketches)) {
      const begun = { lineage: { number: 2, id: `${podName}.1` }, epoch: 5 };
      const replica: FakeReplica = {
        podName,
        view: viewOf(podName, sketch),
        answer: { status: 200, body: begun },
        requests: [],
        url: '',
      };
      replica.url = await this.#serve((method, path, body) => {
        if (path !== '/v1/admin/recovery') return { status: 404, body: {} };
        if (method === 'GET') return { status: 200, body: replica.view };
        replica.requests.push(JSON.parse(body) as RecoverRequest);
        if (replica.answer.status === 200) replica.view = { ...replica.view, takesWrites: true };
        return replica.answer;
      });
      this.replicas.set(podName, replica);
    }
    this.proxyUrl = await this.#serve((_method, path) => {
      if (path !== '/v1/cluster') return { status: 404, body: {} };
      const replicas = [...this.replicas.values()].map(({ podName, url }) => ({
        podName,
        httpAddress: url.slice('http://'.length),
      }));
      return { status: 200, body: { replicas, unreachable: this.unreachable } };
    });
  }

  replica(podName: string): FakeReplica {
    const replica = this.replicas.get(podName);
    if (replica === undefined) throw new Error(`no replica ${podName}`);
    return replica;
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(
    answer: (method: string, path: string, body: string) => { status: number; body: object },
  ): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const given = answer(request.method ?? '', request.url ?? '', body);
        response.writeHead(given.status, { 'content-type': 'application/json' }).end(JSON.stringify(given.body));
      });
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

function viewOf(podName: string, sketch: ReplicaSketch = {}): RecoveryView {
  const { frozen = 'the Lease is not there', role = 'seeking', takesWrites = false } = sketch;
  const lineage = sketch.lineage === undefined ? LINEAGE : sketch.lineage;
  const holding = { lineage, lastEpoch: epoch(sketch.lastEpoch ?? 3), lastIndex: logIndex(sketch.lastIndex ?? 7) };
  const record = sketch.record ?? { kind: 'absent' };
  const at = { epoch: epoch(4), obeys: LINEAGE, holding, commitIndex: 6, keys: 2, record };
  return { replica: `${podName}/uid/data-${podName}`, role, frozen, takesWrites, ...at };
}
