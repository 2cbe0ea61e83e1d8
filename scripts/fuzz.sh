# Builds the fuzz targets (src/**/*_fuzz.cc) with clang and sanitizers, and runs each for --seconds N (default 60), or only TARGET.
# What a run finds is kept in build/fuzz/corpus/TARGET, and the next run goes on from there; an input that broke a promise is in
# build/fuzz/found/, and `build/fuzz/TARGET FILE` repeats it.
set -euo pipefail
seconds=60 only=""
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds="${2:?fuzz: --seconds takes a number}"; shift ;;
    --*) echo "fuzz: unknown option $1 (there is --seconds N)" >&2; exit 2 ;;
    *) only="$1" ;;
  esac
  shift
done
mapfile -t targets < <(find src -name '*_fuzz.cc' -printf '%f\n' | sed 's/\.cc$//' | sort)
if [ -n "$only" ]; then
  printf '%s\n' "${targets[@]}" | grep -qx "$only" || { echo "fuzz: there is no target $only; there are: ${targets[*]}" >&2; exit 2; }
  targets=("$only")
fi
bash scripts/setup.sh
missing=()
for p in clang-19 libclang-rt-19-dev llvm-19; do dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "fuzz: Debian packages to install: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    echo "fuzz: packages are missing and this is not root. Have root run this one line, then run ./dev fuzz again:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >"$MILLRACE_DEPS/apt.log" 2>&1 && apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$MILLRACE_DEPS/apt.log" 2>&1 ||
    { tail -n 20 "$MILLRACE_DEPS/apt.log" >&2; echo "fuzz: apt-get failed; the whole output is in $MILLRACE_DEPS/apt.log" >&2; exit 1; }
fi
mkdir -p build/fuzz
BUILD_PRESET=fuzz bash scripts/build.sh "${targets[@]}" >build/fuzz/build.log 2>&1 ||
  { tail -n 40 build/fuzz/build.log >&2; echo "fuzz: the build failed; build/fuzz/build.log has it all" >&2; exit 1; }

export UBSAN_OPTIONS="print_stacktrace=1" ASAN_OPTIONS="detect_leaks=1" ASAN_SYMBOLIZER_PATH="$(command -v llvm-symbolizer-19 || true)"
broken=0
for target in "${targets[@]}"; do
  folder="build/fuzz/corpus/$target"
  mkdir -p "$folder" build/fuzz/found "build/fuzz/seeds/$target"
  "build/fuzz/$target" --write-seeds="build/fuzz/seeds/$target" >/dev/null
  options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 -artifact_prefix="build/fuzz/found/$target-")
  dictionary=$(find src -name "$target.dict")
  [ -z "$dictionary" ] || options+=(-dict="$dictionary")
  if "build/fuzz/$target" "${options[@]}" "$folder" "build/fuzz/seeds/$target" >"build/fuzz/$target.log" 2>&1; then
    echo "fuzz: $target: $(awk '/number_of_executed_units/ {print $2}' "build/fuzz/$target.log") inputs in $seconds s, none broke a promise"
  else
    broken=$((broken + 1))
    grep -hE 'SUMMARY|fuzz\.cc:|check failed|Test unit written' "build/fuzz/$target.log" | tail -n 6
    echo "fuzz: $target: broken; build/fuzz/$target.log has it all" >&2
  fi
done
[ "$broken" -eq 0 ]
