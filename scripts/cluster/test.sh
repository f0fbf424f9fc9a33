# shellcheck shell=bash

test_usage() {
  cat <<'USAGE'
./run.sh test cluster [--context NAME] [--namespace NAME]

Checks the store that runs in a cluster, through its proxy: writes, reads, conditional writes, and that no
acknowledged write is lost when the leader's pod is deleted. The cluster is chosen as by up. The last line says how
many checks passed and failed. The other tests of this repository: ./run.sh test --help
USAGE
}

# Every key of a run, so that it neither finds nor leaves anything.
prefix=/v1/keys/run.sh/test-$$-
passed=0
failed=0

test_verb() {
  parse_options '--context --namespace' "$@"
  choose_target
  [[ $context ]] || fail "$tool has no cluster. ./run.sh up makes one"
  say "cluster: context $context, namespace $namespace"
  open_route || fail 'the proxy cannot be reached. Does it run? ./run.sh status'
  check_single_keys
  check_leaders_end
  say "$passed passed, $failed failed"
  [[ $failed == 0 ]] || {
    diagnose
    exit 1
  }
}

# check WHAT COMMAND…
check() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    say "ok      $what"
  else
    failed=$((failed + 1))
    say "failed  $what (last answer: $status $body)"
  fi
}

# answered STATUS METHOD PATH [BODY [HEADER…]]
answered() {
  local expected=$1
  shift
  request "$@" && [[ $status == "$expected" ]]
}

# reads KEY VALUE
reads() { answered 200 GET "$prefix$1?consistency=linearizable" && [[ $body == "$2" ]]; }

check_single_keys() {
  local first
  check 'a write is acknowledged' answered 201 PUT "${prefix}one" first
  first=$etag
  check 'it is read' reads one first
  check 'If-None-Match: * writes nothing over a value' answered 412 PUT "${prefix}one" other 'If-None-Match: *'
  check 'POST writes nothing over a value' answered 409 POST "${prefix}one" other
  check 'the value is still the first' reads one first
  check 'If-Match writes over the value that it names' answered 200 PUT "${prefix}one" second "If-Match: $first"
  check 'it writes nothing once that value has changed' answered 412 PUT "${prefix}one" third "If-Match: $first"
  check 'the value is the second' reads one second
  check 'a delete is acknowledged' answered 204 DELETE "${prefix}one"
  check 'the key is gone' answered 404 GET "${prefix}one?consistency=linearizable"
}

# Writes while the leader's pod is deleted, until another replica leads and has taken writes of its own.
check_leaders_end() {
  local leader epoch successor written=0 after=0 number worst=0 begun deadline
  leader=$(lease .spec.holderIdentity)
  epoch=$(lease .spec.leaseTransitions)
  [[ $leader ]] || fail 'nobody leads, by the Lease. ./run.sh status'
  kube delete pod "${leader%%/*}" --grace-period=0 --force --wait=false >/dev/null 2>&1 ||
    fail "the leader's pod, ${leader%%/*}, could not be deleted"
  deadline=$((SECONDS + 60)) successor=$leader
  while [[ $after -lt 20 && $SECONDS -lt $deadline ]]; do
    begun=$SECONDS
    answered 201 PUT "$prefix$written" "value $written" || break
    [[ $((SECONDS - begun)) -le $worst ]] || worst=$((SECONDS - begun))
    written=$((written + 1))
    if [[ $successor == "$leader" || ! $successor ]]; then
      successor=$(lease .spec.holderIdentity)
    else
      after=$((after + 1))
    fi
  done
  check "writes go on while the leader's pod is deleted: $written acknowledged, none took more than $((worst + 1)) s" \
    test "$after" -eq 20
  check "another replica leads: ${successor%%/*}, in a later epoch" leads_later "$leader" "$epoch"
  check 'every acknowledged write is read' all_read "$written"
  check 'a replica takes the place of the one that is gone' wait_for_rollout
  for ((number = 0; number < written; number++)); do request DELETE "$prefix$number" || true; done
}

# leads_later LEADER EPOCH
leads_later() { [[ $(lease .spec.holderIdentity) != "$1" && $(lease .spec.leaseTransitions) -gt $2 ]]; }

all_read() {
  local number
  for ((number = 0; number < $1; number++)); do reads "$number" "value $number" || return; done
}
