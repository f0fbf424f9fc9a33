# shellcheck shell=bash

down_usage() {
  cat <<'USAGE'
./run.sh down [--delete-cluster] [--context NAME] [--namespace NAME] [--overlay NAME]

Deletes what up has applied, data included; the namespace too, if up has made it. Again: finds nothing to do. The
cluster is chosen as by up, and stays.

  --delete-cluster   delete the cluster as well: only `kvstore`, of k3d, kind or minikube
  --overlay NAME     of k8s/overlays (default: that of the last up there, else dev)
USAGE
}

down_verb() {
  local found maker
  parse_options '--delete-cluster --context --namespace --overlay' "$@"
  choose_target
  if [[ ! $context ]]; then
    say "$tool has no cluster: nothing to do"
    return
  fi
  if [[ $cluster_too ]]; then
    [[ $tool && $cluster == "$OWN_CLUSTER" ]] ||
      fail "$context is not a cluster that up makes, so it is not deleted. Without --delete-cluster only the store goes"
    delete_cluster
    return
  fi
  say "cluster: context $context, namespace $namespace"
  # Whoever may not look at namespaces may have been given this one, as for up.
  if ! found=$(kube get namespace "$namespace" --ignore-not-found --output name 2>/dev/null); then
    answers || fail 'the API server does not answer'
  elif [[ ! $found ]]; then
    say 'the namespace is not there: nothing to do'
    return
  fi
  choose_overlay
  # The pods first: what they say farewell with are the rights that the rest gives them.
  kube delete deployments --selector "$PART_OF"
  kube wait --for=delete pod --selector "$PART_OF" --timeout=120s
  render
  kube delete --kustomize "$rendered" --ignore-not-found || fail 'not everything could be deleted; what is above says why'
  # R13: only now, for a leader that lives would write it again.
  kube delete lease kvstore --ignore-not-found
  maker=$(kube get namespace "$namespace" --ignore-not-found --output 'jsonpath={.metadata.labels.app\.kubernetes\.io/managed-by}' 2>/dev/null) ||
    maker=
  if [[ $maker == "${MADE_BY#*=}" ]]; then kubectl --context "$context" delete namespace "$namespace"; fi
  say "kvstore is down.${tool:+ The cluster $cluster of $tool is still there}"
}
