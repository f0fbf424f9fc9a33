# shellcheck shell=bash
# What k3d, kind and minikube do differently.

# The port of the machine at which a cluster that we make offers the proxy: that of the dev overlay's Service.
NODE_PORT=30001

# One name a line.
clusters_of() {
  case $1 in
    k3d) k3d cluster list --no-headers 2>/dev/null | awk '{ print $1 }' ;;
    kind) kind get clusters 2>/dev/null ;;
    # Profiles are the only objects whose name is followed by a status; --light asks no machine about it.
    minikube) minikube profile list --light --output json 2>/dev/null | grep -o '"Name":"[^"]*","Status"' | cut -d '"' -f 4 ;;
  esac || true
}

# context_of TOOL CLUSTER
context_of() {
  case $1 in
    minikube) say "$2" ;;
    *) say "$1-$2" ;;
  esac
}

how_to_get_context() {
  case $tool in
    k3d) say "k3d kubeconfig merge $cluster --kubeconfig-merge-default" ;;
    kind) say "kind export kubeconfig --name $cluster" ;;
    minikube) say "minikube --profile $cluster update-context" ;;
  esac
}

# Makes the cluster kvstore. The current context stays what it was: another shell may be working with it.
create_cluster() {
  local before
  before=$(kubectl config current-context 2>/dev/null) || before=
  cluster=$OWN_CLUSTER
  say "creating the cluster $cluster with $tool …"
  case $tool in
    k3d)
      k3d cluster create "$cluster" --port "127.0.0.1:$NODE_PORT:$NODE_PORT@server:0" \
        --kubeconfig-switch-context=false --k3s-arg '--disable=traefik@server:0'
      ;;
    kind)
      kind create cluster --name "$cluster" --wait 2m --config - <<CONFIG
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraPortMappings:
      - { containerPort: $NODE_PORT, hostPort: $NODE_PORT, listenAddress: 127.0.0.1 }
CONFIG
      ;;
    minikube) minikube start --profile "$cluster" --keep-context ;;
  esac || fail "$tool could not create the cluster; what is above says why"
  context=$(context_of "$tool" "$cluster")
  # kind always switches.
  if [[ $before && $(kubectl config current-context 2>/dev/null) != "$before" ]]; then
    kubectl config use-context "$before" >/dev/null
  fi
}

# A cluster that was made once may be stopped, after a restart of the machine say.
wake_cluster() {
  answers && return
  case $tool in
    k3d) k3d cluster start "$cluster" ;;
    kind)
      # kind has no verb for it.
      docker ps --all --quiet --filter "label=io.x-k8s.kind.cluster=$cluster" | xargs docker start >/dev/null
      kubectl --context "$context" wait --for=condition=Ready node --all --timeout=120s
      ;;
    minikube) minikube start --profile "$cluster" --keep-context ;;
    *) false ;;
  esac && answers || fail "the API server of $context ($(context_server "$context")) does not answer"
}

answers() { kubectl --context "$context" --request-timeout=10s get --raw /readyz >/dev/null 2>&1; }

delete_cluster() {
  case $tool in
    k3d) k3d cluster delete "$cluster" ;;
    kind) kind delete cluster --name "$cluster" ;;
    minikube) minikube delete --profile "$cluster" ;;
  esac
}

# hand_over IMAGE…: to the cluster's nodes.
hand_over() {
  local image
  case $tool in
    k3d) k3d image import --cluster "$cluster" "$@" ;;
    kind) kind load docker-image --name "$cluster" "$@" ;;
    minikube)
      for image in "$@"; do
        minikube --profile "$cluster" image load "$image" || return
      done
      ;;
  esac
}
