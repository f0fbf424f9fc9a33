import { CONTENT_TYPE_BYTES_MAX } from '../../../core/store/commands.ts';
import { KEY_BYTES_MAX } from '../key-path.ts';
import { IDLE_DESCRIPTION, LIFETIME_DESCRIPTION } from '../lifetime.ts';
import { prose } from '../prose.ts';
import { ENVELOPE_MEDIA_TYPE } from '../schemas/keys.ts';

/** What holds for many routes, in Markdown: the description of the OpenAPI document, and the beginning of `docs/reference/http.md`. */
export const OVERVIEW =
  prose(`A replicated, in-memory key-value store. The proxy serves this on port 8001, each kvstore on port 8000; a write that reaches a
kvstore that does not lead is passed on to the leader.

Errors under \`/v1\` are problems (RFC 9457), to be told apart by \`code\`; besides those of each route, 404 \`no-route\` where nothing is
served, and 405 \`method-not-allowed\`, whose header \`Allow\` lists the methods that there are, as the answer to \`OPTIONS\` does. Query
parameters that are unknown or repeated get 400 \`bad-request\`, which names them.

## Keys and values

**A key** is the rest of the path, percent-decoded once: 1 to ${KEY_BYTES_MAX} bytes of UTF-8. Its slashes may be sent as they are, or as \`%2F\`; encode
what is not a letter, digit or one of \`-._~/\` (\`encodeURIComponent\` for each segment). Bytes above ASCII are also taken as they are. The segments
\`.\` and \`..\` cannot travel in a path, not even as \`%2e\`, for URL parsers drop them on the way: such a key gets 400 \`bad-key\`. It, and a
key that is not UTF-8, goes through \`POST /v1/batch\`, as \`keyB64\`.

**A value** is a body: any bytes, up to 1 MiB (\`KV_VALUE_BYTES_MAX\`), else 413 \`too-large\`: by \`Content-Length\` before a byte of it is read
(\`Expect: 100-continue\` saves the upload), else as soon as it is noticed; the connection is closed after the answer. Its \`Content-Type\`, up to
${CONTENT_TYPE_BYTES_MAX} characters, is kept with it; without one a read says \`application/octet-stream\`. \`Content-Encoding\` is refused with 415: it would be lost.
Reads send \`X-Content-Type-Options: nosniff\` and \`Content-Security-Policy: sandbox\`, so that no value runs in a browser under the
service's name.

With \`Accept: ${ENVELOPE_MEDIA_TYPE}\` a read answers with JSON, in which all that is known of the value stands beside it. Its \`ETag\` is the same.

## Conditions

An \`ETag\` is opaque. It names a revision and the history that it belongs to, so that no tag of a history that was lost matches in the next.

| header | on a write | on a read |
|---|---|---|
| \`If-Match: "t1", "t2"\` | only over a value with one of these tags, else 412 \`revision-mismatch\` | 412 unless it has one of them |
| \`If-Match: *\` | only over a value | as if it were not there |
| \`If-None-Match: *\` | only if there is no value, else 412 | 304 |
| \`If-None-Match: "t1"\` | not over a value with this tag | 304 if it has it |

412 and 409 carry the \`ETag\`, \`X-KV-Revision\` and \`X-KV-Version\` of what is there, if anything is. Weak tags (\`W/"…"\`) match in
\`If-None-Match\` only (RFC 9110); a well-formed tag that is not ours matches nothing; a malformed list gets 400. One write takes one of
the two headers. \`If-Unmodified-Since\` and \`Content-Range\` are refused rather than ignored; \`If-Modified-Since\` and \`Range\` are ignored.

## Read modes

| \`?consistency=\` | what you may rely on |
|---|---|
| \`in-sync\` (default) | all acknowledged writes, but for a second (\`KV_READ_STALENESS_MAX\`) in which a part that was cut off has not noticed |
| \`linearizable\` | all acknowledged writes, always; an error if that cannot be shown |
| \`session\` | never older than what your session token has seen |
| \`eventual\` | some committed state |

\`X-KV-Consistency\` names the mode that was used.

**Session token.** Send \`X-KV-Session\` of the last answer with the next request, unchanged: no read is then older than what that answer saw, in any
mode and whichever replica answers. A replica that lags waits up to \`KV_READ_WAIT\`, then answers 503 \`replica-behind\`. A token of a
history that was replaced gets 410 \`replaced-lineage\`, which is final: drop the token. What is not a token of ours gets 400.

## Repeating a write

**\`Idempotency-Key\`**: the outcome is kept for \`KV_IDEMPOTENCY_KEPT\` (10 minutes) and replicated with the write, so that a repetition
gets the first outcome, whoever leads by then. The same key with another method, key, condition, \`Content-Type\`, \`X-KV-TTL\`, \`X-KV-Idle\` or body gets 422
\`idempotency-mismatch\`. Quotation marks, if sent, are part of the key.

## Time to live

\`X-KV-TTL\` on a write says how long the value stays: ${LIFETIME_DESCRIPTION}. \`keep\` keeps the time of the value before. Without the
header a value stays for ever, also one that had a time before. A read says in \`X-KV-TTL\` how many seconds are left, rounded up; the JSON form has the
moment in \`expiresAt\`.

When the time has come the value is not there any more: not for reads, not for conditions (\`POST\` creates anew). The key's version goes on, as
after a \`DELETE\`. Time is the log's: it follows the leader's clock, never goes back, and stands still while nobody leads.

## Idle time

\`X-KV-Idle: 30m\` on a write lets a value go when nobody has used it for so long: ${IDLE_DESCRIPTION}. \`keep\` keeps that of the value before. Both
times may be set, and whichever passes first ends it. A read tells it in \`X-KV-Idle\`, the JSON form in \`idle\` (\`"1800s"\`).

\`GET\` and \`HEAD\` of the key use it, at any replica, and so do gets in batches and transactions and every write; lists, watches and older versions
do not. The value ends between its idle time and a quarter more, and a second, after its last use; later after another leader has begun, which begins
all idle times anew. It never ends earlier but for a read that came in the last second, or at a replica that died right after it.

## Writing under a lock

**\`X-KV-Fence: {name}:{fencingToken}\`** on any write of keys, the name percent-encoded as in a path: the write is done only while the lock is
held under just this token, else 412 \`fence-stale\` and nothing is done, also after a release. Batches and transactions are guarded as a
whole, and so are the routes of the earlier services. On a read it says nothing; on locks themselves it is refused.

## Limits of a connection

| what | limit | beyond it |
|---|---|---|
| request line and headers | 16 KiB | 431 \`headers-too-large\`, closed |
| time for the headers; for the whole request | 10 s; \`KV_REQUEST_TIMEOUT\` | 408 \`request-timeout\`, closed |
| time without a request | \`KV_IDLE_TIMEOUT\` | closed |
| requests that wait for their answers | \`KV_PIPELINE_MAX\` | 429 \`too-many-requests\` for each further one |
| connections | \`KV_CONNECTIONS_MAX\` | closed at once |
| bodies of all requests in memory | proxy: \`KV_QUEUE_BYTES_MAX\`; kvstore: 64 MiB | 503 \`overloaded\` |
| what is not HTTP | | 400 \`bad-request\`, closed |

Requests that are pipelined on one connection are begun and answered in their order, and do not wait for each other: a read that is sent
before the write ahead of it was answered need not show it.

Each refusal is counted in \`kvstore_limits_hit_total\` by its code (\`connections\` for a connection that was closed as it came).`);
