# shellcheck shell=bash
# The way from this machine to the proxy: an address that answers if there is one, else a port-forward while the verb runs.

# The process of kubectl port-forward, if there is one.
forwarder=

# Sets host and port.
open_route() { find_address || forward_port; }

# The proxy's NodePort, at this machine (where the cluster was made to offer it there) or at a node.
find_address() {
  local candidate node_port nodes=
  [[ ! $asked_context || $tool ]] || return
  node_port=$(kube get service kvstore-proxy --output 'jsonpath={.spec.ports[0].nodePort}') && [[ $node_port ]] || return
  nodes=$(kube get nodes --output 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}') || nodes=
  for candidate in 127.0.0.1 $nodes; do
    host=$candidate port=$node_port
    reaches_group && return
  done
  return 1
}

# Whether the proxy at this address serves the group of the Lease: another installation may have the same port.
reaches_group() {
  local lineage answer_seconds=5
  lineage=$(lease '.metadata.annotations.kvstore\.dev/lineage')
  request GET /v1/cluster && [[ $status == 200 && ${lineage#*.} && $body == *"${lineage#*.}"* ]]
}

forward_port() {
  local line output=$scratch/port-forward
  kube port-forward --address 127.0.0.1 service/kvstore-proxy :8001 >"$output" 2>&1 &
  forwarder=$!
  until line=$(grep -o 'Forwarding from 127.0.0.1:[0-9]*' "$output"); do
    kill -0 "$forwarder" 2>/dev/null || {
      cat "$output" >&2
      forwarder=
      return 1
    }
    sleep 0.1
  done
  host=127.0.0.1 port=${line##*:}
}

close_route() {
  [[ $forwarder ]] || return 0
  kill "$forwarder" 2>/dev/null || true
  wait "$forwarder" 2>/dev/null || true
  forwarder=
}

# lease JSONPATH: a field of the record; empty where there is none.
lease() { kube get lease kvstore --ignore-not-found --output "jsonpath={$1}"; }
