#!/usr/bin/env bash
# Makes a virtual environment with what is required: venv.sh PYTHON DIR REQUIREMENTS...
set -euo pipefail

python=$1
dir=$2
shift 2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Swell's master needs Python 3.11 or newer: '$python' is not that. Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "'$python' cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)." >&2
    exit 1
fi
[ -x "$dir/bin/python" ] || "$python" -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check "${@/#/--requirement=}"
