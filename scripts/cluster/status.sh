# shellcheck shell=bash

status_usage() {
  cat <<'USAGE'
./run.sh status [--context NAME] [--namespace NAME]

Shows what runs in the cluster: pods, who leads, which replicas are in sync, and the address of the proxy. Ends with 0
if all pods that should be there are ready, else with 1. The cluster is chosen as by up.
USAGE
}

status_verb() {
  local wanted
  parse_options '--context --namespace' "$@"
  choose_target
  [[ $context ]] || fail "$tool has no cluster. ./run.sh up makes one"
  say "cluster: context $context, namespace $namespace"
  wanted=$(kube get deployments --selector "$PART_OF" --output name) || fail 'the API server does not answer'
  [[ $wanted ]] || fail 'nothing is installed there. ./run.sh up does it'
  say ''
  kube get deployments,horizontalpodautoscalers --selector "$PART_OF"
  say ''
  kube get pods --selector "$PART_OF" --output wide
  print_record
  if find_address; then
    say "address: http://$host:$port"
  else
    say "reach it: kubectl --context $context --namespace $namespace port-forward service/kvstore-proxy 8001"
  fi
  all_ready || fail 'not all pods are ready. ./run.sh logs; docs/guides/kubernetes.md has a list by symptoms'
}

# R1: the record is one Lease; nobody else has to be asked who leads.
print_record() {
  local holder members id line=''
  holder=$(lease .spec.holderIdentity)
  members=$(lease '.metadata.annotations.kvstore\.dev/in-sync')
  for id in ${members//,/ }; do line+=" ${id%%/*}"; done
  say ''
  say "leader: ${holder%%/*}, epoch $(lease .spec.leaseTransitions); in sync:$line"
}

all_ready() {
  local name wanted ready
  # kubectl leaves out a number that is 0.
  while read -r name wanted ready; do
    [[ ! $name || ${ready:-0} == "$wanted" ]] || return
  done <<<"$(kube get deployments --selector "$PART_OF" --output \
    'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.replicas}{" "}{.status.readyReplicas}{"\n"}{end}')"
}
