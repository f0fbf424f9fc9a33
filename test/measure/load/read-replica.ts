import { headerOf, HttpConnection, type Address, type Answer, type ConnectionOwner } from './http-connection.ts';
import type { Held } from './ledger.ts';

const CONNECTIONS = 4;

/** What one replica itself holds of the keys `load/0` to `load/<keys - 1>`, in its own memory. */
export function readReplica(address: Address, keys: number): Promise<readonly Held[]> {
  const held: Held[] = [];
  const keyUnderWay = new Map<HttpConnection, number>();
  let next = 0;
  return new Promise((resolve, reject) => {
    const owner: ConnectionOwner = {
      onOpen: ask,
      onAnswer(connection, answer) {
        const key = keyUnderWay.get(connection) ?? 0;
        const what = heldOf(answer);
        if (what === null) fail(new Error(`load/${key}: ${answer.head.split('\r\n', 1)[0] ?? ''} ${answer.body}`));
        else {
          held[key] = what;
          ask(connection);
        }
      },
      onEnd(_connection, ending) {
        fail(new Error(`a replica to be read, port ${address.port}: connection ${ending}`));
      },
    };
    const connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(address, owner));

    function ask(connection: HttpConnection): void {
      keyUnderWay.delete(connection);
      if (next === keys) {
        connection.close();
        if (keyUnderWay.size === 0) {
          for (const other of connections) other.close();
          resolve(held);
        }
        return;
      }
      keyUnderWay.set(connection, next);
      connection.send(`GET /v1/keys/load/${next}?consistency=eventual HTTP/1.1\r\nHost: kvstore\r\n\r\n`);
      next += 1;
    }

    function fail(error: Error): void {
      for (const connection of connections) connection.close();
      reject(error);
    }
  });
}

/** null: not an answer about the key. */
function heldOf({ status, head, body }: Answer): Held | null {
  if (status === 404) return { version: 0, value: '' };
  return status === 200 ? { version: Number(headerOf(head, 'x-kv-version')), value: body } : null;
}
