# Prints our C++ files: those that differ from the main branch, or all of them with --all.
set -euo pipefail
all() { git ls-files --cached --others --exclude-standard 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h'; }
if [ "${1:-}" = "--all" ] || ! base=$(git merge-base HEAD main 2>/dev/null || git merge-base HEAD origin/main 2>/dev/null) || [ "$base" = "$(git rev-parse HEAD)" ]; then
  all
else
  comm -12 <(all | sort) <({ git diff --name-only "$base"; git ls-files --others --exclude-standard; } | sort)
fi
