# shellcheck shell=bash
# A client of a few lines: bash opens connections by itself, so that neither curl nor anything else has to be there.

# Where the proxy is reached: see route.sh.
host=
port=
# A proxy answers or refuses a write within KV_WRITE_WAIT, 10 s.
answer_seconds=15

# Of the last answer; status is 000 where there was none.
status=000
etag=
body=

# request METHOD PATH [BODY [HEADER…]]: fails only where no answer came.
request() {
  local answer tag=$'\n[Ee][Tt][Aa][Gg]: ([^\n]+)'
  status=000 etag='' body=''
  answer=$(within "$answer_seconds" exchange "$@" 2>/dev/null) || return
  answer=${answer//$'\r'/}
  [[ $answer =~ ^HTTP/1\.1\ ([0-9]{3}) ]] || return
  status=${BASH_REMATCH[1]}
  [[ ! $answer =~ $tag ]] || etag=${BASH_REMATCH[1]}
  [[ $answer != *$'\n\n'* ]] || body=${answer#*$'\n\n'}
}

# One request on a connection of its own, closed by the server. No command but bash's own, so that killing it leaves nobody.
exchange() {
  local method=$1 path=$2 content=${3:-} line message LC_ALL=C
  shift $(($# > 2 ? 3 : 2))
  message="$method $path HTTP/1.1"$'\r\n'"Host: $host:$port"$'\r\n'"Connection: close"$'\r\n'
  [[ ! $content ]] || message+="Content-Type: text/plain"$'\r\n'"Content-Length: ${#content}"$'\r\n'
  for line in "$@"; do message+=$line$'\r\n'; done
  exec 3<>"/dev/tcp/$host/$port"
  printf '%s\r\n%s' "$message" "$content" >&3
  while IFS= read -r line <&3 || [[ $line ]]; do printf '%s\n' "$line"; done
}

# within SECONDS COMMAND…: as timeout(1), which macOS lacks, and which runs no functions.
within() {
  local seconds=$1 worker watch outcome=0
  shift
  "$@" &
  worker=$!
  # Its output is not ours: whoever reads ours would wait for it.
  (
    nap=
    trap '[[ ! $nap ]] || kill "$nap"; exit' TERM
    sleep "$seconds" &
    nap=$!
    wait
    kill "$worker"
  ) >/dev/null 2>&1 &
  watch=$!
  wait "$worker" || outcome=$?
  kill "$watch" 2>/dev/null && wait "$watch" 2>/dev/null || true
  return "$outcome"
}
