/**
 * Ends this process once its parent is gone, however that died: the parent holds the other end of our standard input
 * (`KV_PARENT_PIPE`), and the kernel closes it even after `kill -9`. A signal on the parent's death would need a native
 * call, and asking for the parent's id again and again would see it late.
 */
export function endWithParent(end: () => void = () => process.exit(0)): void {
  process.stdin.once('end', end);
  process.stdin.once('error', end);
  process.stdin.resume();
  // Waiting for the parent is no reason to go on when everything else has ended.
  const { stdin } = process as { stdin: { unref?: () => void } };
  stdin.unref?.();
}
