import type { Place } from './names.ts';

/** What happens next. */
export type Choice =
  | { readonly kind: 'dialled' | 'reset' | 'misled'; readonly dialler: Place; readonly name: number }
  | { readonly kind: 'arrives'; readonly dialler: Place; readonly name: number; readonly way: 'toTarget' | 'toDialler' }
  | { readonly kind: 'landed' | 'answered' | 'timedOut'; readonly caller: Place; readonly number: number }
  | { readonly kind: 'tick' | 'hinted' | 'crashed' | 'restarted' | 'stopped'; readonly place: Place }
  | { readonly kind: 'write' | 'read'; readonly number: number; readonly place: Place }
  | { readonly kind: 'deleted' | 'restored' }
  | {
      readonly kind: 'ghost';
      readonly dialler: Place;
      readonly name: number;
      readonly way: 'toTarget' | 'toDialler';
      readonly message: number;
    }
  /** Both reach the same replica in one turn of its event loop, in this order. */
  | { readonly kind: 'together'; readonly first: Choice; readonly second: Choice };
