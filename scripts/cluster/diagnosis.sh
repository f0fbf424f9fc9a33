# shellcheck shell=bash
# What somebody wants to see who has to find out why it does not run. To standard error, nearest cause last.

diagnose() {
  local pod
  {
    section 'pods' kube get pods --selector "$PART_OF" --output wide
    section 'events' kube get events --sort-by .lastTimestamp
    section 'describe' kube describe pods --selector "$PART_OF"
    for pod in $(kube get pods --selector "$PART_OF" --output name); do
      section "$pod, its previous container" kube logs "$pod" --previous --tail 50
      section "$pod" kube logs "$pod" --tail 50
    done
    section 'the Lease' kube get lease kvstore --output yaml
  } >&2
}

# section TITLE COMMAND…: one that fails (there is no previous container, say) must not hide the others.
section() {
  printf '\n--- %s\n' "$1"
  shift
  "$@" 2>&1 || true
}
