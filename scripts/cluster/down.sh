# shellcheck shell=bash

down_usage() {
  cat <<'USAGE'
./run.sh down [--delete-cluster] [--context NAME] [--namespace NAME] [--overlay NAME]

Deletes what up has applied, data included; the namespace too, if up has made it. Again: finds nothing to do. The
cluster is chosen as by up, and stays.

  --delete-cluster   delete the cluster as well: only `kvstore`, of k3d, kind or minikube
  --overlay NAME     the one that up was given (default dev)
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
  found=$(kube get namespace "$namespace" --ignore-not-found --output name) || fail 'the API server does not answer'
  if [[ ! $found ]]; then
    say 'the namespace is not there: nothing to do'
    return
  fi
  render
  kube delete --kustomize "$rendered" --ignore-not-found || fail 'not everything could be deleted; what is above says why'
  # R13: a leader that lives would write the Lease again.
  kube wait --for=delete pod --selector "$PART_OF" --timeout=120s
  kube delete lease kvstore --ignore-not-found
  maker=$(kube get namespace "$namespace" --output 'jsonpath={.metadata.labels.app\.kubernetes\.io/managed-by}')
  if [[ $maker == "${MADE_BY#*=}" ]]; then kube delete namespace "$namespace"; fi
  say "kvstore is down.${tool:+ The cluster $cluster of $tool is still there}"
}
