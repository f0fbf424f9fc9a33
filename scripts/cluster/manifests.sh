# shellcheck shell=bash
# The overlay, with the namespace and the images of this run.

PART_OF=app.kubernetes.io/part-of=kvstore
# On namespaces that `up` made, so that `down` knows what it may delete.
MADE_BY=app.kubernetes.io/managed-by=run.sh
# On all that `up` applies: by which overlay. Not in the pods' templates, or another overlay would replace all pods.
OF_OVERLAY=kvstore.dev/overlay

# The folder with the kustomization of this run.
rendered=
# The overlay of the last `up`; empty: there was none.
former_overlay=

# That of --overlay; else that of the last `up`, so that who runs it again need not remember; else dev. Asked of a Service,
# for `down` deletes the Deployments first, and may be cut short.
choose_overlay() {
  former_overlay=$(kube get service kvstore-peers --ignore-not-found --output "jsonpath={.metadata.labels.${OF_OVERLAY//./\\.}}") ||
    fail "it could not be seen what runs in the namespace $namespace; what is above says why"
  [[ ! $overlay ]] || return 0
  overlay=${former_overlay:-dev}
  has_overlay "$overlay" || fail "what runs there is of the overlay $overlay, which is not here. Name one by --overlay; there are: $(overlays)"
}

# Kustomize takes bases by relative paths only, so the folder lies in the checkout.
render() {
  mkdir -p .kvstore
  rendered=$(mktemp -d .kvstore/cluster.XXXXXX)
  {
    say 'apiVersion: kustomize.config.k8s.io/v1beta1'
    say 'kind: Kustomization'
    say "namespace: $namespace"
    say "resources: [../../k8s/overlays/$overlay]"
    say "labels: [{ pairs: { $OF_OVERLAY: $overlay } }]"
    say 'patches:'
    # Whose a namespace is an overlay cannot know: make_namespace makes it, and down deletes what that has made.
    patch_of Namespace v1 '$patch: delete'
    # A port of the nodes can be one Service's only, and the first installation has it.
    [[ $namespace == kvstore ]] || patch_of Service v1 'spec: { ports: [{ port: 8001, nodePort: null }] }' kvstore-proxy
    if [[ $kvstore_image ]]; then
      say 'images:'
      image_override kvstore "$kvstore_image"
      image_override kvstore-proxy "$proxy_image"
    fi
  } >"$rendered/kustomization.yaml"
}

# patch_of KIND VERSION FIELDS [NAME]: of all of the kind, where no name is given; where there is none it changes nothing.
patch_of() {
  say "  - target: { kind: $1${4:+, name: $4} }"
  say "    patch: '{ apiVersion: $2, kind: $1, metadata: { name: ${4:-any} }, $3 }'"
}

# image_override NAME IMAGE:TAG. The name may have a port before its last colon.
image_override() { say "  - { name: $1, newName: '${2%:*}', newTag: '${2##*:}' }"; }

apply_manifests() {
  render
  kube get namespace "$namespace" >/dev/null 2>&1 || make_namespace ||
    # It may be there, for somebody who may not look at namespaces: what follows will tell.
    say "the namespace $namespace could not be made"
  forget_replicas && kube apply --kustomize "$rendered" && scale_to_minimum
}

# With its labels or not at all: a namespace that is half ours would stay, and take pods that are not restricted.
make_namespace() {
  kube create --filename - <<NAMESPACE
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    ${MADE_BY/=/: }
    pod-security.kubernetes.io/enforce: restricted
NAMESPACE
}

# An overlay with autoscalers leaves `replicas` out of its Deployments. Where the apply before had it kubectl takes that for a
# wish that it go, Kubernetes fills in 1, and all replicas but one end. So kubectl is made to forget that it was there.
forget_replicas() {
  local deployment applied
  for deployment in $(deployments_without_replicas); do
    # Not there yet, or never applied by kubectl: nothing to forget.
    applied=$(kube apply view-last-applied "deployment/$deployment" --output yaml 2>/dev/null) || continue
    [[ $applied == *$'\n  replicas: '* ]] || continue
    grep -v '^  replicas: ' <<<"$applied" | kube apply set-last-applied --filename - || return
  done
}

# Of the overlay, one a line. A field of an object's spec has two blanks before it, one of its pods' has more.
deployments_without_replicas() {
  kubectl kustomize "$rendered" | awk '
    function end_of_object() {
      if (kind == "Deployment" && !has_replicas) print name
      kind = name = has_replicas = ""
    }
    /^---$/ { end_of_object() }
    /^kind: / { kind = $2 }
    /^  name: / { name = $2 }
    /^  replicas: / { has_replicas = 1 }
    END { end_of_object() }'
}

# A Deployment that is new and does not say how many begins with one, and an autoscaler first looks after 15 s: until then the
# rollout would be complete, and a write be refused for want of members.
scale_to_minimum() {
  local autoscaler deployment least replicas
  # Whoever may not look at autoscalers has applied none.
  for autoscaler in $(kube get horizontalpodautoscalers --selector "$PART_OF" --output \
    'jsonpath={range .items[*]}{.spec.scaleTargetRef.name}={.spec.minReplicas} {end}' 2>/dev/null); do
    deployment=${autoscaler%=*} least=${autoscaler#*=}
    replicas=$(kube get deployment "$deployment" --output 'jsonpath={.spec.replicas}') || return
    # kubectl leaves out a number that is 0.
    [[ ${replicas:-0} -ge $least ]] || kube scale "deployment/$deployment" --replicas="$least" || return
  done
}

wait_for_rollout() {
  local deployment
  for deployment in kvstore kvstore-proxy; do
    kube rollout status "deployment/$deployment" --timeout="${timeout_seconds}s" || return
  done
}
