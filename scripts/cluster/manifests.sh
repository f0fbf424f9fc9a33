# shellcheck shell=bash
# The overlay, with the namespace and the images of this run.

PART_OF=app.kubernetes.io/part-of=kvstore
# On namespaces that `up` made, so that `down` knows what it may delete.
MADE_BY=app.kubernetes.io/managed-by=run.sh

# The folder with the kustomization of this run.
rendered=

# Kustomize takes bases by relative paths only, so the folder lies in the checkout.
render() {
  mkdir -p .kvstore
  rendered=$(mktemp -d .kvstore/cluster.XXXXXX)
  {
    say 'apiVersion: kustomize.config.k8s.io/v1beta1'
    say 'kind: Kustomization'
    say "namespace: $namespace"
    say "resources: [../../k8s/overlays/$overlay]"
    if [[ $kvstore_image ]]; then
      say 'images:'
      image_override kvstore "$kvstore_image"
      image_override kvstore-proxy "$proxy_image"
    fi
  } >"$rendered/kustomization.yaml"
}

# image_override NAME IMAGE:TAG. The name may have a port before its last colon.
image_override() { say "  - { name: $1, newName: '${2%:*}', newTag: '${2##*:}' }"; }

apply_manifests() {
  render
  kube get namespace "$namespace" >/dev/null 2>&1 || make_namespace ||
    # It may be there, for somebody who may not look at namespaces: what follows will tell.
    say "the namespace $namespace could not be made"
  kube apply --kustomize "$rendered"
}

make_namespace() {
  kube create namespace "$namespace" &&
    kube label namespace "$namespace" "$MADE_BY" pod-security.kubernetes.io/enforce=restricted >/dev/null
}

wait_for_rollout() {
  local deployment
  for deployment in kvstore kvstore-proxy; do
    kube rollout status "deployment/$deployment" --timeout="${timeout_seconds}s" || return
  done
}
