let signal: AbortSignal | null = null;

/**
 * Aborted by the first Ctrl-C or SIGTERM, so that what was started is ended and its folders are removed. Who asks twice
 * does not want to wait: the servers end with this process in any case.
 */
export function interruption(): AbortSignal {
  if (signal !== null) return signal;
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort(new Error(`ended by ${name}`));
    });
  }
  return (signal = controller.signal);
}

/** Says why it failed. */
export function exitCodeOf(error: unknown): number {
  console.error((error as Error).message);
  // As of a process that SIGINT has ended.
  return signal?.aborted === true ? 130 : 1;
}
