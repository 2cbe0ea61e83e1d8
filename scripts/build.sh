# Set up, then build. BUILD_PRESET: release (default), asan, tsan.
set -euo pipefail
bash scripts/setup.sh
preset="${BUILD_PRESET:-release}"
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/millrace-cmake.$$" 2>&1 ||
  { cat "/tmp/millrace-cmake.$$" >&2; exit 1; }
rm -f "/tmp/millrace-cmake.$$"
free_mb=$(df -Pm . | awk 'NR==2 {print $4}')
[ "$free_mb" -ge 2000 ] || { echo "build: only $free_mb MB free here, 2000 are needed: free some" >&2; exit 1; }
# What a clone in another folder compiled is found again.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
ninja -C "build/$preset" "$@"
