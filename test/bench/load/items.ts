/** 16 bytes, of characters that need no escape in a path, in JSON and in NATS. */
export function keyOf(item: number): string {
  return `bench-${String(item).padStart(10, '0')}`;
}

/** Every key has one value for the whole run, however often it is written: so a read's is known. */
export function valueOf(item: number, bytes: number): string {
  const line = `${keyOf(item)}=`;
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}
