import type { HistoryOperation } from '../../history/operation.ts';

/** What a key really has: nothing here is unknown. */
export interface Register {
  /** null: no value. */
  readonly value: string | null;
  readonly revision: number;
}

export const EMPTY: Register = { value: null, revision: 0 };

/** What a write does to the register, as the entry at `revision`; `refused` and `absent` change nothing. */
export type Effect =
  | { readonly kind: 'written'; readonly value: string | null }
  | { readonly kind: 'refused' }
  | { readonly kind: 'absent' };

export function effectOf(register: Register, { op, value, expect, by }: HistoryOperation): Effect {
  const isPresent = register.value !== null;
  switch (op) {
    case 'put':
      return { kind: 'written', value };
    case 'create':
      return isPresent ? { kind: 'refused' } : { kind: 'written', value };
    case 'cas':
      return isPresent && register.revision === expect ? { kind: 'written', value } : { kind: 'refused' };
    case 'delete':
      if (expect !== null && (!isPresent || register.revision !== expect)) return { kind: 'refused' };
      return isPresent ? { kind: 'written', value: null } : { kind: 'absent' };
    case 'incr': {
      const text = register.value ?? '0';
      if (!/^-?[0-9]+$/.test(text)) return { kind: 'refused' };
      return { kind: 'written', value: (BigInt(text) + BigInt(by ?? 1)).toString() };
    }
    case 'get':
      return { kind: 'absent' };
  }
}

/**
 * The definition, tried out: every order of the operations, with every choice of unknown writes, and every revision up to
 * `revisionMax` where none was told. For a handful of operations of one key.
 */
export function isLinearizable(operations: readonly HistoryOperation[], revisionMax: number): boolean {
  const takingPart = operations.filter(
    ({ op, mode, outcome }) =>
      outcome !== 'failed' && (op !== 'get' || (mode === 'linearizable' && outcome !== 'unknown')),
  );
  return leadsOn(EMPTY, takingPart, revisionMax);
}

function leadsOn(register: Register, left: readonly HistoryOperation[], revisionMax: number): boolean {
  const certain = left.filter(({ outcome }) => outcome !== 'unknown');
  if (certain.length === 0) return true;
  const firstEnd = Math.min(...certain.map(({ end }) => end ?? Infinity));
  return left.some((operation) => {
    if (operation.start > firstEnd) return false;
    const others = left.filter((other) => other !== operation);
    return registersAfter(register, operation, revisionMax).some((after) => leadsOn(after, others, revisionMax));
  });
}

function registersAfter(register: Register, operation: HistoryOperation, revisionMax: number): Register[] {
  const { op, value, outcome, revision } = operation;
  if (op === 'get') {
    const isIt = register.value === value && (revision === null || register.revision === revision);
    return isIt ? [register] : [];
  }
  const effect = effectOf(register, operation);
  if (outcome === 'refused') {
    const isTold = revision === null || (register.value !== null && register.revision === revision);
    return effect.kind === 'refused' && isTold ? [register] : [];
  }
  const wasAbsent = op === 'delete' && outcome === 'ok' && revision === null;
  if (effect.kind !== 'written') return wasAbsent && effect.kind === 'absent' ? [register] : [];
  if (wasAbsent || (op === 'incr' && outcome === 'ok' && effect.value !== value)) return [];
  const after: Register[] = [];
  for (let next = register.revision + 1; next <= revisionMax; next += 1) {
    if (revision === null || revision === next) after.push({ value: effect.value, revision: next });
  }
  return after;
}
