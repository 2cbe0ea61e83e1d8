# Set up, then build. BUILD_PRESET: release (default), asan, tsan.
set -euo pipefail
bash scripts/setup.sh
preset="${BUILD_PRESET:-release}"
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/millrace-cmake.$$" 2>&1 ||
  { cat "/tmp/millrace-cmake.$$" >&2; exit 1; }
rm -f "/tmp/millrace-cmake.$$"
ninja -C "build/$preset" "$@"
