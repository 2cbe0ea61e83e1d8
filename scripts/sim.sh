# The seeded simulation of the delivery protocol, in virtual time. ./dev sim --help says how; docs/testing.md says what it does.
set -euo pipefail
bash scripts/setup.sh
mkdir -p build
echo "sim: building (build/sim.log)" >&2
bash scripts/build.sh sim >build/sim.log 2>&1 || { tail -n 40 build/sim.log >&2; exit 1; }
exec build/release/tests/simulation/sim "$@"
