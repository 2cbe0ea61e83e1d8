# Set up, build, and run everything under faults, round by round. ./dev chaos --help says how; docs/testing.md says what it does.
set -euo pipefail
bash scripts/setup.sh --witnesses
mkdir -p build
echo "chaos: building (build/chaos.log)" >&2
bash scripts/build.sh end_to_end_parts >build/chaos.log 2>&1 || { tail -n 40 build/chaos.log >&2; exit 1; }
. scripts/scratch.sh
"$MILLRACE_DEPS/python-$(sha256sum tests/requirements.txt | cut -c1-12)/bin/python" tests/chaos/chaos.py "$@"
