/**
 * The one table of errors that clients see. A code is never reused for another meaning and never renamed; callers match
 * `code`, nothing else. `docs/reference/errors.md` is made from this table, and a test holds the two together.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  /** Whether the very same request may succeed when it is sent again, a little later. */
  readonly retryable: boolean;
  /** When it is given. */
  readonly meaning: string;
  /** What to do next; ends the text of every error that a client reads. */
  readonly advice: string;
}

export const ERRORS = {
  'bad-request': {
    status: 400,
    title: 'Bad request',
    retryable: false,
    meaning: 'A query parameter, a header or the HTTP itself is not what the route takes.',
    advice: 'Correct the request; GET /v1 lists limits and features.',
  },
  'bad-key': {
    status: 400,
    title: 'Bad key',
    retryable: false,
    meaning:
      'The rest of the path is not a key: 1 to 1024 bytes of UTF-8, percent-encoded, without the segments . and .. .',
    advice: 'Encode each segment of the key with encodeURIComponent or its like.',
  },
  'no-key': {
    status: 404,
    title: 'No such key',
    retryable: false,
    meaning: 'The key has no value.',
    advice: 'Write it with PUT, or check its spelling.',
  },
  'no-version': {
    status: 404,
    title: 'No such version',
    retryable: false,
    meaning: 'The key has had no such version, or had no value at the revision that was asked for.',
    advice: 'Ask with history=true which versions there are.',
  },
  'no-lock': {
    status: 404,
    title: 'No such lock',
    retryable: false,
    meaning: 'Nobody holds the lock, or not under this lockId: it was released, or has passed on.',
    advice: 'Whoever held it stops its work, and gets the lock anew with POST.',
  },
  'no-route': {
    status: 404,
    title: 'No such route',
    retryable: false,
    meaning: 'Nothing is served under this path.',
    advice: 'Keys are under /v1/keys/; GET /v1 lists the features.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    retryable: false,
    meaning: 'The route exists, but not with this method.',
    advice: 'The header Allow lists its methods.',
  },
  'not-text': {
    status: 406,
    title: 'Value is not text',
    retryable: false,
    meaning: 'The value is not valid UTF-8, and the routes of the earlier services answer in JSON strings.',
    advice: 'Read its bytes with GET /v1/keys/{key}.',
  },
  'request-timeout': {
    status: 408,
    title: 'Request took too long',
    retryable: true,
    meaning: 'Headers or body did not arrive in time; nothing was done.',
    advice: 'Send the request again, in one go.',
  },
  exists: {
    status: 409,
    title: 'Key exists',
    retryable: false,
    meaning: 'POST creates only, and the key has a value already.',
    advice: 'Read it, or replace it with PUT.',
  },
  'lock-held': {
    status: 409,
    title: 'Lock is held',
    retryable: true,
    meaning: 'Somebody else holds the lock. The member holder says who, and until when if it is not renewed.',
    advice: 'Try again, or wait for it with wait; the same Idempotency-Key will do.',
  },
  'not-a-number': {
    status: 409,
    title: 'Not a number',
    retryable: false,
    meaning: 'The value is not a whole number of 64 bits in decimal, so that nothing can be added to it.',
    advice: 'Write a number there first, or count under another key.',
  },
  'out-of-range': {
    status: 409,
    title: 'Out of range',
    retryable: false,
    meaning: 'The sum would not fit into 64 bits; nothing was added.',
    advice: 'Set the counter back with PUT.',
  },
  'leader-works': {
    status: 409,
    title: 'A leader works',
    retryable: false,
    meaning: 'A new lineage was asked for, but a leader is at work, and its members answer it. Nothing was changed.',
    advice: 'Nothing is to be recovered; whoever wants another leader stops the pod of this one.',
  },
  'not-frozen': {
    status: 409,
    title: 'The group is not frozen',
    retryable: false,
    meaning:
      'A new lineage was asked for, but the replica does not say that only an operator can go on. Nothing was changed.',
    advice:
      'Wait: the group may help itself. To go on all the same, set this aside (kv admin recover --despite not-frozen).',
  },
  'more-elsewhere': {
    status: 409,
    title: 'Another replica has more',
    retryable: false,
    meaning:
      'A new lineage was asked for from a replica while another that answers has more of the data. Nothing was changed.',
    advice: 'Recover that one. To lose what only it has, set this aside (kv admin recover --despite more-elsewhere).',
  },
  'view-outdated': {
    status: 409,
    title: 'What was shown has changed',
    retryable: false,
    meaning:
      'A new lineage was asked for by what a replica had a moment ago, and it is no longer so. Nothing was changed.',
    advice: 'Look again, and decide anew.',
  },
  'pod-not-listed': {
    status: 409,
    title: 'The pod is not listed',
    retryable: false,
    meaning:
      'The API server does not list the pod of the replica that was to begin a new lineage. Nothing was changed.',
    advice: 'Recover another replica, or give the pod its labels back (KV_POD_SELECTOR).',
  },
  'recovery-under-way': {
    status: 409,
    title: 'A recovery is under way',
    retryable: false,
    meaning: 'The replica carries out another request of an operator.',
    advice: 'Wait for its outcome, then look again.',
  },
  'replaced-lineage': {
    status: 410,
    title: 'Session token of a replaced history',
    retryable: false,
    meaning:
      'The history that the session token names was replaced by a new lineage: what the session has seen may be lost. Final.',
    advice: 'Drop the token, read again what matters, and go on with the token of the new answers.',
  },
  compacted: {
    status: 410,
    title: 'Not kept any more',
    retryable: false,
    meaning:
      'What was asked for is not kept any more: an older version of a value; or what a watch was to go on with, then `oldestRevision` says where that begins.',
    advice:
      'Ask with history=true which versions are kept. Begin a watch anew with snapshot=true, or list the keys and watch from the watchFrom of the answer.',
  },
  'revision-mismatch': {
    status: 412,
    title: 'Precondition failed',
    retryable: false,
    meaning:
      'If-Match or If-None-Match did not hold; nothing was written. The header ETag names what is there, if anything.',
    advice: 'Read the key again and decide anew.',
  },
  'fence-stale': {
    status: 412,
    title: 'Fence is stale',
    retryable: false,
    meaning:
      'The lock that X-KV-Fence names is not held under this token (any more): it was released, or has passed on. Nothing was written.',
    advice: 'Stop the work that the lock guards; get the lock anew, and read again before writing.',
  },
  'count-mismatch': {
    status: 412,
    title: 'Another number of keys',
    retryable: false,
    meaning:
      'Not as many keys are under the prefix as expect says; none was deleted. The member count says how many are.',
    advice: 'Look at what is there (GET /v1/keys), and decide anew.',
  },
  'too-large': {
    status: 413,
    title: 'Value too large',
    retryable: false,
    meaning: 'The body is larger than a value may be.',
    advice: 'Split the value, or raise the limit on the server (KV_VALUE_BYTES_MAX).',
  },
  'too-many-keys': {
    status: 413,
    title: 'Too many keys',
    retryable: false,
    meaning:
      'More keys are under the prefix than one request deletes: 10,000, or 4 MiB of their names. None was deleted.',
    advice:
      'Delete them under longer prefixes, one after the other; GET /v1/keys with a delimiter lists what there is.',
  },
  'unsupported-encoding': {
    status: 415,
    title: 'Content-Encoding not supported',
    retryable: false,
    meaning: 'Values are stored as the bytes that arrive; an encoding beside Content-Type would be lost.',
    advice: 'Send the body without Content-Encoding, or name the encoding in Content-Type (application/gzip).',
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'Idempotency-Key was used for another request',
    retryable: false,
    meaning: 'The key was sent before with another method, key, condition or body. Nothing was written.',
    advice: 'Draw a new Idempotency-Key for every new request.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests on one connection',
    retryable: true,
    meaning:
      'More requests are pipelined on this connection than the server answers at once. This one was not looked at.',
    advice: 'Wait for answers before sending more, or open more connections.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    retryable: false,
    meaning: 'The request line and headers are larger than the server takes.',
    advice: 'Send fewer or shorter headers.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    retryable: false,
    meaning: 'A fault of ours. The log of the process has the details; a write may or may not have been applied.',
    advice: 'Read the key to learn what holds, and report the log line.',
  },
  'session-lost': {
    status: 500,
    title: 'Outcome unknown for good',
    retryable: false,
    meaning:
      'The write was sent more than once while the leader changed, and the record of its outcome is gone: it may or may not have been applied. Final.',
    advice: 'Read the key to learn what holds before writing again.',
  },
  'no-leader': {
    status: 503,
    title: 'No leader',
    retryable: true,
    meaning: 'No replica leads, or none that can be reached.',
    advice: 'Try again; if it lasts, look at /v1/cluster.',
  },
  'kubernetes-away': {
    status: 503,
    title: 'The Kubernetes API does not answer',
    retryable: true,
    meaning: 'The Lease could not be read or written, or the pods not be listed.',
    advice: 'Look again once the Kubernetes API answers; the log of the replica has its reasons.',
  },
  'not-leader': {
    status: 503,
    title: 'Not the leader',
    retryable: true,
    meaning: 'The replica that was asked does not lead and could not pass the write on. Nothing was written.',
    advice: 'Send it again through the proxy, which follows the leader.',
  },
  'not-enough-in-sync': {
    status: 503,
    title: 'Not enough replicas in sync',
    retryable: true,
    meaning:
      'The in-sync set is at its minimum and a member does not acknowledge, so that the write cannot be committed.',
    advice: 'Try again once enough replicas are back; /v1/cluster shows them.',
  },
  'no-replica': {
    status: 503,
    title: 'No replica',
    retryable: true,
    meaning: 'No replica could be reached that may answer this read.',
    advice: 'Try again, or with ?consistency=eventual if old state will do.',
  },
  'data-file-loading': {
    status: 503,
    title: 'Data file is loading',
    retryable: true,
    meaning: 'No replica that was asked has loaded its data file (KV_DATASET) yet.',
    advice: 'Try again; /readyz of each replica says how far it is.',
  },
  'replica-behind': {
    status: 503,
    title: 'Replica is behind',
    retryable: true,
    meaning: 'No replica that was asked has yet applied what the session token or the read mode asks for.',
    advice: 'Try again with the same session token.',
  },
  'not-in-sync': {
    status: 503,
    title: 'Replica is not in sync',
    retryable: true,
    meaning: 'The replica that was asked cannot show that it is in sync.',
    advice: 'Try again, ask through the proxy, or use ?consistency=eventual if old state will do.',
  },
  empty: {
    status: 503,
    title: 'Replica is empty',
    retryable: true,
    meaning: 'The replica that was asked has no data yet: it has just started and receives its copy.',
    advice: 'Try again, or ask through the proxy.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    retryable: true,
    meaning: 'More requests wait than memory is set aside for. This one was not done.',
    advice: 'Try again after a pause, and send less at once.',
  },
  stopping: {
    status: 503,
    title: 'Stopping',
    retryable: true,
    meaning: 'This process is being stopped.',
    advice: 'Send the request to another address of the service.',
  },
  deposed: {
    status: 503,
    title: 'Leader changed',
    retryable: true,
    meaning: 'The leader changed while the write was under way: it may or may not be applied.',
    advice: 'Send it again; with an Idempotency-Key it is applied at most once.',
  },
  'unknown-session': {
    status: 503,
    title: 'Write was not taken',
    retryable: true,
    meaning: 'The leader no longer knew the session of the process that sent the write. Nothing was written.',
    advice: 'Send it again.',
  },
  'session-full': {
    status: 503,
    title: 'Too many writes under way',
    retryable: true,
    meaning: 'The process has more unfinished writes at the leader than it may. Nothing was written.',
    advice: 'Try again after a pause, and send less at once.',
  },
  'idempotency-full': {
    status: 503,
    title: 'No room for another Idempotency-Key',
    retryable: true,
    meaning:
      'As many outcomes of Idempotency-Keys are kept as the limit allows, and none is forgotten early. Nothing was written.',
    advice: 'Try again later, or without an Idempotency-Key if applying it twice does no harm.',
  },
  'memory-full': {
    status: 507,
    title: 'Memory full',
    retryable: false,
    meaning: 'The store has reached its limit of memory; reads and deletes go on. Nothing was written.',
    advice: 'Delete keys, raise the limit (KV_MEMORY_MAX), or let keys go that nobody uses (KV_EVICTION=lru).',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof ERRORS;
