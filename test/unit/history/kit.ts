import type { HistoryOperation } from '../../history/operation.ts';

/** What a test says of an operation: `at` is its start and its end; without an end it never had one. */
type Told = Partial<Omit<HistoryOperation, 'op' | 'start' | 'end'>> & { readonly at: readonly [number, number?] };

function operation(op: HistoryOperation['op'], { at, ...told }: Told): HistoryOperation {
  return {
    client: 1,
    op,
    key: 'k',
    value: null,
    expect: null,
    mode: null,
    start: at[0],
    end: at[1] ?? null,
    outcome: 'ok',
    revision: null,
    ...told,
  };
}

export const put = (value: string, told: Told): HistoryOperation => operation('put', { value, ...told });
export const create = (value: string, told: Told): HistoryOperation => operation('create', { value, ...told });
export const cas = (expect: number, value: string, told: Told): HistoryOperation =>
  operation('cas', { expect, value, ...told });
export const remove = (told: Told): HistoryOperation => operation('delete', told);
export const incr = (value: string | null, told: Told): HistoryOperation => operation('incr', { value, ...told });
/** A linearizable read. */
export const get = (value: string | null, told: Told): HistoryOperation =>
  operation('get', { value, mode: 'linearizable', ...told });
/** A read in another mode. */
export const read = (
  consistency: 'in-sync' | 'session' | 'eventual',
  value: string | null,
  told: Told,
): HistoryOperation => operation('get', { value, consistency, ...told });
