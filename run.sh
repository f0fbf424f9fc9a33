#!/usr/bin/env bash
# The one entry point of this repository; ./run.sh help lists its verbs.
set -euo pipefail

from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'EOF'
./run.sh VERB [OPTIONS]

On this machine, without a cluster:
  local         start a whole installation: kvstores, a proxy, an embedded Kubernetes API
  test          install what is needed and run all tests of this repository

In Kubernetes: k3d, kind, minikube, or a context of kubectl:
  up            build, load, apply, wait, write and read once; makes a cluster if there is none
  status        what runs, who leads, where the proxy is
  test cluster  check the store that runs there: writes, reads, conditions, the end of its leader
  logs          the logs of its pods
  down          delete it

  kv            the command line: ./run.sh kv --help
  help          this text

Each verb takes --help. A guide: docs/guides/kubernetes.md
EOF
}

local_usage() {
  cat <<'EOF'
./run.sh local [--replicas N] [--proxies M] [--port P] [--no-restart]

Starts a whole installation on this machine: an embedded Kubernetes API, kvstores and
proxies, each a process of its own, all on 127.0.0.1. Ctrl-C ends all of it.

  --replicas N   kvstores, 1 to 7 (default 3)
  --proxies M    proxies, 1 to 5 (default 1)
  --port P       the first proxy's port, the others' follow (default 8001)
  --no-restart   leave a process dead that died; by default it is restarted as in a pod
  --help         this text

KV_* variables reach every process: docs/reference/options.md. Logs lie in .kvstore/ while it runs.
EOF
}

test_usage() {
  cat <<'EOF'
./run.sh test [unit] [compat] [contract] [simulation] [integration] [chaos] [e2e]

Installs what is needed and runs the tests: all of them, or the parts that are named.
The last line says how many passed and failed.

A store that runs in a cluster is checked by ./run.sh test cluster, which installs nothing: ./run.sh test cluster --help
EOF
}

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

# Installs the dependencies if they are not those of the lock file, and puts their Node first, as npm does for scripts.
prepare() {
  command -v node >/dev/null || fail 'node is missing. Install Node.js 20 or newer, with npm: https://nodejs.org'
  command -v npm >/dev/null || fail 'npm is missing. It comes with Node.js: https://nodejs.org'
  if ! node scripts/is-installed.js; then
    echo 'installing dependencies (npm ci) …'
    npm ci --no-audit --no-fund || fail 'npm ci failed; what is above says why. It needs the npm registry.'
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
  check_node
}

# The npm package `node` brings Node 24 by its install script; where npm has blocked that, the machine's own is found.
check_node() {
  local version
  version=$(node --version) || fail "the Node.js in node_modules does not run; try: npm rebuild node"
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 19) ? 0 : 1);
  ' || fail "npm scripts get Node.js $version ($(command -v node)), but 22.19 or newer is needed.
  The dependency \`node\` brings version 24 by its install script, which npm seems to have blocked. Allow it:
    npm approve-scripts node && npm rebuild node
  or install Node.js 24 yourself: https://nodejs.org"
}

wants_help() {
  local argument
  for argument in "$@"; do
    if [[ $argument == --help || $argument == -h ]]; then return 0; fi
  done
  return 1
}

verb=${1:-help}
[[ $# -eq 0 ]] || shift
case $verb in
  local)
    if wants_help "$@"; then
      local_usage
      exit 0
    fi
    prepare
    # In place of this shell, so that its signals, kill -9 too, reach the one process that all others depend on.
    exec node --disable-warning=ExperimentalWarning src/main/local.ts "$@"
    ;;
  up | status | logs | down)
    exec scripts/cluster/main.sh "$verb" "$@"
    ;;
  test)
    if [[ ${1:-} == cluster ]]; then
      shift
      exec scripts/cluster/main.sh test "$@"
    fi
    if wants_help "$@"; then
      test_usage
      exit 0
    fi
    prepare
    exec node scripts/test.ts "$@"
    ;;
  kv)
    # Its standard output is the command's alone, and files are named from where it was called.
    prepare >&2
    root=$PWD
    cd "$from"
    exec node --disable-warning=ExperimentalWarning "$root/src/main/cli.ts" "$@"
    ;;
  help | --help | -h)
    usage
    ;;
  *)
    usage >&2
    fail "unknown verb: $verb"
    ;;
esac
