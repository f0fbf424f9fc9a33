#!/usr/bin/env bash
# The verbs of ./run.sh for a store that runs in a cluster. They ask of the machine what they have to, and no more: bash
# (3.2 will do, as macOS has it), kubectl, and for `up` docker and, where the cluster is local, the tool that made it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=scripts/cluster/options.sh
source scripts/cluster/options.sh
# shellcheck source=scripts/cluster/target.sh
source scripts/cluster/target.sh
# shellcheck source=scripts/cluster/tools.sh
source scripts/cluster/tools.sh
# shellcheck source=scripts/cluster/images.sh
source scripts/cluster/images.sh
# shellcheck source=scripts/cluster/manifests.sh
source scripts/cluster/manifests.sh
# shellcheck source=scripts/cluster/http.sh
source scripts/cluster/http.sh
# shellcheck source=scripts/cluster/route.sh
source scripts/cluster/route.sh
# shellcheck source=scripts/cluster/diagnosis.sh
source scripts/cluster/diagnosis.sh
# shellcheck source=scripts/cluster/up.sh
source scripts/cluster/up.sh
# shellcheck source=scripts/cluster/status.sh
source scripts/cluster/status.sh
# shellcheck source=scripts/cluster/test.sh
source scripts/cluster/test.sh
# shellcheck source=scripts/cluster/logs.sh
source scripts/cluster/logs.sh
# shellcheck source=scripts/cluster/down.sh
source scripts/cluster/down.sh

verb=$1
shift

scratch=$(mktemp -d)
leave() {
  close_route
  rm -rf "$scratch" ${rendered:+"$rendered"}
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for argument in "$@"; do
  if [[ $argument == --help || $argument == -h ]]; then
    "${verb}_usage"
    exit 0
  fi
done
"${verb}_verb" "$@"
