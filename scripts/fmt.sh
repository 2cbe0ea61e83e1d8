# Formats our C++ files in place.
set -euo pipefail
command -v clang-format-19 >/dev/null || { echo "fmt: clang-format-19 is missing: apt-get install -y clang-format-19" >&2; exit 1; }
mapfile -t files < <(bash scripts/sources.sh "$@")
[ ${#files[@]} -eq 0 ] || clang-format-19 -i "${files[@]}"
