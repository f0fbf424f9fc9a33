# shellcheck shell=bash

logs_usage() {
  cat <<'USAGE'
./run.sh logs [kvstore | proxy] [--follow] [--previous] [--lines N] [--context NAME] [--namespace NAME]

Prints the logs of the pods, one JSON line for each event, with the pod's name before it. The cluster is chosen as by up.

  --follow     go on until Ctrl-C
  --previous   those of the containers before the last restart
  --lines N    the last N of each pod (default 200)
USAGE
}

logs_verb() {
  local selector=$PART_OF
  case ${1:-} in
    kvstore) selector=app.kubernetes.io/name=kvstore && shift ;;
    proxy) selector=app.kubernetes.io/name=kvstore-proxy && shift ;;
  esac
  parse_options '--follow --previous --lines --context --namespace' "$@"
  choose_target
  [[ $context ]] || fail "$tool has no cluster. ./run.sh up makes one"
  # Some have never been restarted: that must not hide the logs of those that were.
  kube logs --selector "$selector" --prefix --tail "$lines" --max-log-requests 50 \
    ${follow:+--follow} ${previous:+--previous --ignore-errors}
}
