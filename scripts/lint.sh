# clang-format and clang-tidy; ends with one line. clang-tidy looks at files one by one, as build/lint is configured.
set -euo pipefail
for tool in clang-format-19 clang-tidy-19; do
  command -v $tool >/dev/null || { echo "lint: $tool is missing: apt-get install -y clang-format-19 clang-tidy-19" >&2; exit 1; }
done
mapfile -t files < <(bash scripts/sources.sh "$@")
[ ${#files[@]} -gt 0 ] || { echo "lint: nothing to look at"; exit 0; }
bad=0
for f in "${files[@]}"; do
  clang-format-19 --dry-run -Werror "$f" >/dev/null 2>&1 || { echo "lint: $f isn't formatted: ./dev fmt"; bad=$((bad + 1)); }
done
cmake --preset release -B build/lint -DMILLRACE_BATCHES=OFF -DCCACHE=CCACHE-NOTFOUND >/dev/null
ninja -C build/lint generated >/dev/null
# gcc's names of warnings are not all clang's.
printf '%s\n' "${files[@]}" | grep '\.cc$' | grep -v '_fuzz\.cc$' |
  xargs -r -P "$(nproc)" -n 4 clang-tidy-19 -p build/lint --extra-arg=-Wno-unknown-warning-option --quiet 2>/dev/null || bad=$((bad + 1))
echo "lint: ${#files[@]} files, $bad complaints"
[ "$bad" -eq 0 ]
