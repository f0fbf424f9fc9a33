#!/usr/bin/env bash
# Schemathesis, in a Python environment of its own that is kept between runs and clones. `install` makes the environment,
# which takes about a minute; anything else is given to Schemathesis.
set -euo pipefail

requirements=$(dirname "${BASH_SOURCE[0]}")/requirements.txt
# Named by what is in it: other versions are another environment.
environment=${XDG_CACHE_HOME:-$HOME/.cache}/kvstore/schemathesis-$(cksum <"$requirements" | cut -d' ' -f1)
# There only once everything else is.
complete=$environment/complete

if [[ ${1:-} == install ]]; then
  if [[ -e $complete ]]; then exit 0; fi
  python=$(command -v python3) || {
    echo 'python3 is missing (3.10 or newer, with venv)' >&2
    exit 1
  }
  "$python" -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  touch "$complete"
elif [[ -e $complete ]]; then
  exec "$environment/bin/schemathesis" "$@"
else
  echo "Schemathesis is missing: ${BASH_SOURCE[0]} install" >&2
  exit 69
fi
