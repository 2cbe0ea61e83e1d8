# The simulation of the delivery protocol: --seed N --runs N; --list names its canaries, --canary NAME runs without that rule.
set -euo pipefail
bash scripts/setup.sh
mkdir -p build
bash scripts/build.sh sim >build/sim.log 2>&1 || { tail -n 40 build/sim.log >&2; exit 1; }
exec build/release/tests/simulation/sim "$@"
