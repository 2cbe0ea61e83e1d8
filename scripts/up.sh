# Set up, build, run the demo. --dry-run only says what would be done.
set -euo pipefail
data="${MILLRACE_DATA:-$PWD/var/demo}"
if [ "${1:-}" = "--dry-run" ]; then
  bash scripts/setup.sh --dry-run
  echo "up: would build build/release/src/app/millrace and run: millrace demo --data $data ${*:2}"
  exit 0
fi
bash scripts/setup.sh
mkdir -p build; echo "up: building (the first time takes some minutes; build/up.log)"
bash scripts/build.sh millrace >build/up.log 2>&1 || { tail -n 40 build/up.log >&2; exit 1; }
exec build/release/src/app/millrace demo --data "$data" --respawn "$@"
