# shellcheck shell=bash

up_usage() {
  cat <<'USAGE'
./run.sh up [--create] [--context NAME] [--namespace NAME] [--overlay NAME]
            [--registry HOST/PATH | --load-with COMMAND] [--build-option OPTION]… [--timeout SECONDS]

Builds the images, brings them into a cluster, applies the manifests, waits until all is ready, writes and reads
once through the proxy, and prints its address. Again: brings what has changed.

Which cluster: the one of --context; else the tool that KV_CLUSTER names (k3d, kind, minikube; or current: the current
context); else the current context if it is a cluster of this machine; else the first of k3d, kind and minikube that is
installed. Of a tool it takes the cluster `kvstore`, else the only one there is, and makes `kvstore` if there is none.
A context that is not of this machine is touched only if --context names it.

  --create               make a cluster `kvstore`, though there are others
  --context NAME         this context of kubectl, wherever it is
  --namespace NAME       default kvstore; made if it is not there
  --overlay NAME         of k8s/overlays (default: that of the last up there, else dev)
  --registry HOST/PATH   push the images there; the cluster pulls them
  --load-with COMMAND    hand them to a cluster that no tool knows: the command is given the path of an archive (docker save)
  --build-option OPTION  for docker build, such as --platform=linux/amd64
  --timeout SECONDS      how long each of the two Deployments may take until its pods are ready (default 180)
  --help                 this text

Needs docker, kubectl, and the tool of a local cluster. ./run.sh down undoes it.
USAGE
}

up_verb() {
  parse_options '--create --context --namespace --overlay --registry --load-with --build-option --timeout' "$@"
  # First: without it the tools say that they have no clusters.
  need_docker
  choose_target
  if [[ $context ]]; then wake_cluster; else create_cluster; fi
  say "cluster: context $context, namespace $namespace"
  choose_overlay
  say "overlay: $overlay"
  [[ ${former_overlay:-$overlay} == "$overlay" ]] ||
    say "It was $former_overlay. What only that one has, such as autoscalers, budgets or policies, stays; ./run.sh down deletes it, and the data"
  build_images
  deliver_images
  apply_manifests || up_failed 'the manifests could not be applied'
  wait_for_rollout || up_failed 'not all pods became ready'
  open_route || up_failed 'the proxy cannot be reached'
  write_and_read || up_failed "a write and a read through the proxy did not work: $refusal"
  print_overview
}

up_failed() {
  diagnose
  fail "$*; what is above says why"
}

# What went wrong with the write or the read.
refusal=

write_and_read() {
  local key=/v1/keys/run.sh/up value
  value="$(date) $$"
  refusal='the proxy did not answer'
  request PUT "$key" "$value" || return
  refusal="PUT was answered with $status $body"
  [[ $status == 20[01] ]] || return
  refusal='the proxy did not answer'
  request GET "$key?consistency=linearizable" || return
  refusal="GET was answered with $status $body"
  [[ $status == 200 && $body == "$value" ]] || return
  request DELETE "$key" && [[ $status == 204 ]]
}

print_overview() {
  local url=http://$host:$port options=''
  [[ ! $asked_context && $creation != asked ]] || options+=" --context $context"
  [[ $namespace == kvstore ]] || options+=" --namespace $namespace"
  say ''
  say "kvstore is up, images $kvstore_image and ${proxy_image##*/}: a write and a read through the proxy worked."
  say ''
  if [[ $forwarder ]]; then
    url=http://127.0.0.1:8001
    say "  kubectl --context $context --namespace $namespace port-forward service/kvstore-proxy 8001   # the way to it, while this runs"
  else
    say "  address  $url"
  fi
  say "  curl -X PUT $url/v1/keys/greeting -H 'Content-Type: text/plain' -d hello"
  say "  curl $url/v1/keys/greeting"
  say "  curl $url/v1/cluster"
  say ''
  say "In the cluster it is kvstore-proxy.$namespace:8001. More: ./run.sh status$options, test cluster, logs, down"
}
