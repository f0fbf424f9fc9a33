const KEYS_PER_BATCH = 1000;
const BATCHES_AT_ONCE = 2;
const SAID_EVERY = 100_000;

export interface FillOptions {
  readonly url: string;
  readonly keys: number;
  readonly keyOf: (number: number) => string;
  /** @default one that tells the number */
  readonly textOf?: (number: number) => string;
  /** By this machine's clock; each batch says how long that is from when it is sent. @default they stay */
  readonly dueAt?: number;
  readonly say: (line: string) => void;
}

/** Puts so many keys by batches. */
export async function fill({ url, keys, keyOf, textOf = numbered, dueAt, say }: FillOptions): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < keys) {
      const first = next;
      next += KEYS_PER_BATCH;
      const ttl = dueAt === undefined ? {} : { ttl: `${dueAt - Date.now()}ms` };
      const operations = Array.from({ length: Math.min(KEYS_PER_BATCH, keys - first) }, (_, at) => ({
        put: { key: keyOf(first + at), value: textOf(first + at), ...ttl },
      }));
      const response = await fetch(`${url}/v1/batch`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ operations }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`a batch was answered with ${response.status}: ${text.slice(0, 300)}`);
      if (first % SAID_EVERY === 0) say(`${first} keys of ${keys}`);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, worker));
}

const numbered = (number: number): string => `value ${number}`;
