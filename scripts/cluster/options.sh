# shellcheck shell=bash
# What the verbs take, how they fail, and how they talk to the cluster.

# The context that was asked for; empty: chosen by choose_target.
asked_context=
namespace=kvstore
# The one that was asked for; empty: chosen by choose_overlay.
overlay=
creation=if-none
registry=
load_with=
build_options=()
follow=
previous=
lines=200
timeout_seconds=180
cluster_too=

say() { printf '%s\n' "$*"; }

fail() {
  printf 'run.sh %s: %s\n' "$verb" "$*" >&2
  exit 1
}

misuse() {
  printf 'run.sh %s: %s\nSee ./run.sh %s --help\n' "$verb" "$*" "${verb/#test/test cluster}" >&2
  exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

need() {
  has "$1" && return
  case $1 in
    docker) fail 'docker is missing. Install it: https://docs.docker.com/get-started/get-docker/' ;;
    kubectl) fail 'kubectl is missing. Install it: https://kubernetes.io/docs/tasks/tools/' ;;
    k3d) fail 'k3d is missing. Install it: https://k3d.io' ;;
    kind) fail 'kind is missing. Install it: https://kind.sigs.k8s.io' ;;
    minikube) fail 'minikube is missing. Install it: https://minikube.sigs.k8s.io/docs/start/' ;;
    *) fail "$1 is missing" ;;
  esac
}

# kubectl on the chosen cluster. Each call names the context: the current one may change while we work.
kube() { kubectl --context "$context" --namespace "$namespace" "$@"; }

# parse_options 'ALLOWED OPTIONS' ARGUMENT…
parse_options() {
  local allowed=" $1 " option
  shift
  while [[ $# -gt 0 ]]; do
    option=$1
    shift
    if [[ $option == --*=* ]]; then
      set -- "${option#*=}" "$@"
      option=${option%%=*}
    fi
    [[ $allowed == *" $option "* ]] || misuse "unknown option: $option"
    case $option in
      --create) creation=asked && continue ;;
      --follow) follow=yes && continue ;;
      --previous) previous=yes && continue ;;
      --delete-cluster) cluster_too=yes && continue ;;
    esac
    [[ ${1:-} ]] || misuse "$option takes a value"
    case $option in
      --context) asked_context=$1 ;;
      --namespace) namespace=$1 ;;
      --overlay) overlay=$1 ;;
      --registry) registry=${1%/} ;;
      --load-with) load_with=$1 ;;
      --build-option) build_options+=("$1") ;;
      --lines) lines=$1 ;;
      --timeout) timeout_seconds=$1 ;;
    esac
    shift
  done
  [[ $namespace =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] || misuse "--namespace $namespace is not a name of a namespace"
  [[ $lines =~ ^[0-9]+$ ]] || misuse '--lines takes a number'
  [[ $timeout_seconds =~ ^[0-9]+$ ]] || misuse '--timeout takes a number of seconds'
  [[ ! $overlay ]] || has_overlay "$overlay" || misuse "there is no overlay $overlay; there are: $(overlays)"
}

has_overlay() { [[ $1 =~ ^[a-z0-9-]+$ && -f k8s/overlays/$1/kustomization.yaml ]]; }

overlays() {
  local file names=
  for file in k8s/overlays/*/kustomization.yaml; do
    file=${file#k8s/overlays/}
    names+="${names:+, }${file%/kustomization.yaml}"
  done
  say "$names"
}
