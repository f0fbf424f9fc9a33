/** V8 keeps the bytes of small arrays in its own heap; larger ones have memory of their own, and a header there. */
const ON_HEAP_BYTES_MAX = 64;
export const OFF_HEAP_OVERHEAD_BYTES = 170;

/** What a value's bytes and its type cost, beside the objects around them. */
export const contentBytes = ({
  value,
  contentType,
}: {
  readonly value: Uint8Array;
  readonly contentType: string | null;
}): number =>
  (value.length > ON_HEAP_BYTES_MAX ? OFF_HEAP_OVERHEAD_BYTES : 0) + value.length + (contentType?.length ?? 0);
