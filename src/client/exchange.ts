/** What a request does decides whether it may be sent again. */
export type Effect =
  | { readonly kind: 'read' }
  | {
      readonly kind: 'write';
      /** null: sent twice it may be applied twice. */
      readonly idempotencyKey: string | null;
      /** By this client, and not chosen by who calls it. */
      readonly isDrawn: boolean;
    };

export const READ: Effect = { kind: 'read' };

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query, from the service's root. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly effect: Effect;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}
