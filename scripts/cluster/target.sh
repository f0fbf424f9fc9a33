# shellcheck shell=bash
# Which cluster a verb works on, and whether it may. Nobody's production is to be changed because its context happened to be
# the current one: without --context only a cluster of this machine is touched.

# The chosen one: its context (empty: there is none yet), the tool that made it, and what the tool calls it.
context=
tool=
cluster=

TOOLS=(k3d kind minikube)
# What a cluster is called that `up` makes.
OWN_CLUSTER=kvstore

# By --context; else by KV_CLUSTER; else the current context, if it is of this machine; else the first tool that is installed.
choose_target() {
  local current name
  need kubectl
  if [[ $asked_context ]]; then
    [[ $creation != asked ]] || misuse '--create makes a cluster of its own: not together with --context'
    context_server "$asked_context" >/dev/null || fail "there is no context $asked_context; there are: $(contexts)"
    take_context "$asked_context"
    return
  fi
  current=$(kubectl config current-context 2>/dev/null) || current=
  case ${KV_CLUSTER:-} in
    k3d | kind | minikube)
      need "$KV_CLUSTER"
      take_cluster_of "$KV_CLUSTER"
      return
      ;;
    current)
      [[ $creation != asked ]] || misuse '--create makes a cluster of its own: not together with KV_CLUSTER=current'
      [[ $current ]] || fail 'KV_CLUSTER is current, but there is no current context'
      is_local "$current" || refuse_foreign "$current"
      take_context "$current"
      return
      ;;
    '') ;;
    *) misuse "KV_CLUSTER is k3d, kind, minikube or current, not $KV_CLUSTER" ;;
  esac
  if [[ $creation != asked && $current ]] && is_local "$current"; then
    take_context "$current"
    return
  fi
  for name in "${TOOLS[@]}"; do
    if has "$name"; then
      take_cluster_of "$name"
      return
    fi
  done
  [[ ! $current || $creation == asked ]] || refuse_foreign "$current"
  fail "there is no cluster, and no tool that makes one. Install one of
  k3d       https://k3d.io
  kind      https://kind.sigs.k8s.io
  minikube  https://minikube.sigs.k8s.io/docs/start/
or name a context of kubectl with --context."
}

refuse_foreign() {
  fail "the current context, $1, is not known to be a cluster of this machine, so it is left alone. (Of k3d, kind and minikube's
it is none, as far as they are installed and docker runs.)
If you mean it: ./run.sh ${verb/#test/test cluster} --context $1"
}

take_context() {
  context=$1
  find_owner "$context"
}

# The tool's cluster called kvstore, else its only one; none: left to who wants to create it.
take_cluster_of() {
  local names
  tool=$1
  names=$(clusters_of "$tool")
  if [[ $creation == asked ]] || has_line "$names" "$OWN_CLUSTER"; then
    cluster=$OWN_CLUSTER
  elif [[ $names == *$'\n'* ]]; then
    fail "$tool has several clusters, and none is called $OWN_CLUSTER. Name one by --context; for a new one: ./run.sh up --create
$names"
  else
    cluster=$names
  fi
  [[ $cluster ]] && has_line "$names" "$cluster" || return 0
  context=$(context_of "$tool" "$cluster")
  context_server "$context" >/dev/null ||
    fail "$tool has a cluster $cluster, but kubectl knows no context $context. Try: $(how_to_get_context)"
}

# Whether a context is a cluster of this machine. A name proves nothing, nor does a loopback address: a tunnel has one, too.
is_local() {
  local host
  find_owner "$1"
  [[ ! $tool ]] || return 0
  host=$(host_of "$(context_server "$1")")
  shares_docker "$1" && is_loopback "$host" && return
  # Of Linux' hostname; elsewhere there is no such cluster, for containers run in a machine of their own.
  [[ $host && " $(hostname -I 2>/dev/null) " == *" $host "* ]]
}

# Sets tool and cluster if the context is one that an installed tool has made, by the tool's own word.
find_owner() {
  local name
  tool='' cluster=''
  for name in "${TOOLS[@]}"; do
    has "$name" || continue
    while IFS= read -r cluster; do
      [[ $cluster && $(context_of "$name" "$cluster") == "$1" ]] || continue
      tool=$name
      return 0
    done <<<"$(clusters_of "$name")"
  done
  cluster=''
}

# Clusters that run what the local docker has built, without being handed it.
shares_docker() {
  case $1 in
    docker-desktop | orbstack | rancher-desktop | colima | colima-*) return 0 ;;
    *) return 1 ;;
  esac
}

# has_line TEXT LINE. In a pipe, grep -q would end its writer, which then counts as failed.
has_line() { [[ $'\n'$1$'\n' == *$'\n'"$2"$'\n'* ]]; }

contexts() { kubectl config get-contexts --output name | tr '\n' ' '; }

# The API server's URL by the kubeconfig; fails if there is no such context.
context_server() {
  has_line "$(kubectl config get-contexts --output name 2>/dev/null)" "$1" || return 1
  kubectl config view --minify --context "$1" --output 'jsonpath={.clusters[0].cluster.server}'
}

# The host of a URL.
host_of() {
  local host=${1#*://}
  host=${host%%/*}
  host=${host##*@}
  case $host in
    \[*) host=${host#[} host=${host%%]*} ;;
    *) host=${host%:*} ;;
  esac
  say "$host"
}

is_loopback() {
  case $1 in
    127.* | localhost | ::1 | 0.0.0.0 | kubernetes.docker.internal) return 0 ;;
    *) return 1 ;;
  esac
}
