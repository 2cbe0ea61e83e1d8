# Set up, build, run all tests; closes with "N passed, N failed" for the whole.
set -euo pipefail
bash scripts/build.sh
out=$(mktemp); trap 'rm -f "$out"' EXIT
ctest --test-dir build/release --output-on-failure --output-junit "$PWD/build/ctest.xml" && ok=1 || ok=0
read -r total failed < <(python3 - <<'P'
import xml.etree.ElementTree as E
r = E.parse('build/ctest.xml').getroot()
print(r.get('tests'), r.get('failures'))
P
)
echo "$((total - failed)) passed, $failed failed"
[ "$ok" = 1 ] && [ "$total" -gt 0 ]
