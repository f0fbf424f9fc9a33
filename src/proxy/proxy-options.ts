/** Times in milliseconds. What an operator sets comes from `config/`; the rest has a default here. */
export interface ProxyOptions {
  /** A write is held and repeated this long, then its client is told. */
  readonly writeWaitMs: number;
  /** A read that no replica answers is held this long. */
  readonly readWaitMs: number;
  /** A write that the leader left unanswered is repeated after this long. */
  readonly repeatMs: number;
  /**
   * A read unanswered for this long goes to a second replica as well, and a replica that owes answers and has sent
   * nothing for this long is passed over: a stopped process holds nobody up for longer.
   */
  readonly hedgeMs: number;
  /** Between two looks at how each replica stands. */
  readonly statusIntervalMs: number;
  /**
   * A leader without a connection, or silent on one, for so long, while the record still names it, is written to through
   * another replica. Silence is mostly its own, and then another replica does not help.
   */
  readonly relayAfter: { readonly downMs: number; readonly silentMs: number };
  /** Between two reads of the Lease while the leader cannot be reached: the watch may have missed something. */
  readonly leaseReadIntervalMs: number;
  /** Reads and writes under way or held. */
  readonly requestsMax: number;
  /** Bytes of the writes among them, and of the answers that the reads can be expected to bring. */
  readonly bytesMax: number;
}

export const defaultProxyOptions: ProxyOptions = {
  writeWaitMs: 10_000,
  readWaitMs: 3000,
  repeatMs: 1000,
  hedgeMs: 50,
  statusIntervalMs: 250,
  relayAfter: { downMs: 300, silentMs: 2000 },
  leaseReadIntervalMs: 500,
  requestsMax: 16_384,
  bytesMax: 128 * 2 ** 20,
};
