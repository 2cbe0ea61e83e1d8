# Set up, build, run all tests: C++ (release; the address sanitizer in idle time), then end to end. The last line is "N passed, N failed".
# --long adds the long forms; -k WORD runs only the end-to-end tests that pytest selects with it. Logs: build/test/.
set -euo pipefail
long="" only=""
while [ $# -gt 0 ]; do
  case "$1" in
    --long) long=1 ;;
    -k) only="$2"; shift ;;
    *) echo "test: unknown option $1 (there are --long and -k WORD)" >&2; exit 2 ;;
  esac
  shift
done
began=$SECONDS
say() { printf 'test: %3d s: %s\n' $((SECONDS - began)) "$*"; }
bash scripts/setup.sh --witnesses --s3
. scripts/scratch.sh
logs="$PWD/build/test"; rm -rf "$logs"; mkdir -p "$logs"
export MILLRACE_TEST_LOGS="$logs" MILLRACE_LONG="$long"
reports=() broken=0
build() {  # preset, then targets (none: all)
  say "building ($1)"
  BUILD_PRESET="$1" bash scripts/build.sh "${@:2}" >>"$logs/build-$1.log" 2>&1 ||
    { tail -n 60 "$logs/build-$1.log"; say "the build ($1) failed; $logs/build-$1.log has it all"; return 1; }
}
cpp() {  # preset, then options of ctest
  say "C++ tests ($1)"
  ctest --test-dir "build/$1" --parallel 2 --output-on-failure --no-tests=error --timeout 600 --output-junit "$logs/ctest-$1.xml" "${@:2}" >"$logs/ctest-$1.log" 2>&1 ||
    { grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ +Start' "$logs/ctest-$1.log" | tail -n 120; }
  reports+=("$logs/ctest-$1.xml")
}
sanitized() {  # preset; by default the rooms that handle bytes and threads by themselves, with --long all of them
  if [ -n "$long" ]; then build "$1" unit_tests && cpp "$1" -LE 'integration|simulation'
  else build "$1" careful_tests && cpp "$1" -L careful; fi
}
python_tests() {  # name of the report, then what pytest gets
  local python="$MILLRACE_DEPS/python-$(sha256sum tests/requirements.txt | cut -c1-12)"
  "$python/bin/python" -m pytest "${@:2}" -p no:cacheprovider -q -ra --durations=15 --junit-xml="$logs/$1.xml" || true
}
# Of a service or a command by itself, or of files: they run beside the C++ tests.
beside=(tests/rules tests/warehouse tests/e2e/test_{catalog,clickhouse_connect,loadgen,registry,rules,rules_tools}.py)
parts=""; [ -z "$only" ] || parts=end_to_end_parts
if ! build release $parts; then echo "0 passed, 1 failed"; exit 1; fi
if [ -n "$only" ]; then
  say "end-to-end tests"
  python_tests e2e tests/rules tests/warehouse tests/e2e tests/chaos -k "$only"
  reports+=("$logs/e2e.xml")
else
  # The tests with real processes wait much of the time; what they leave of the machine, and nothing else, builds and runs the sanitized tests meanwhile.
  in_idle_time() {
    local me=$BASHPID
    { chrt --idle --pid 0 $me || renice -n 19 -p $me; } >/dev/null 2>&1 || true
    sanitized asan
  }
  in_idle_time &
  sanitizing=$!
  python_tests beside "${beside[@]}" >"$logs/beside.log" 2>&1 &
  cpp release
  wait $! || true
  grep -E '^(FAILED|ERROR)|passed|failed' "$logs/beside.log" || true
  say "end-to-end tests"
  python_tests e2e tests/e2e tests/chaos "${beside[@]/#/--ignore=}"
  say "waiting for the sanitized tests"
  wait $sanitizing || true
  reports+=("$logs/beside.xml" "$logs/e2e.xml" "$logs/ctest-asan.xml")  # without one of them, none of its tests has run
  if [ -n "$long" ]; then
    sanitized tsan || broken=$((broken + 1))
  fi
fi
say "done"
python3 - "$broken" "${reports[@]}" <<'P'
import sys, xml.etree.ElementTree as tree
passed, failed = 0, int(sys.argv[1])
for path in sys.argv[2:]:
    try:
        cases = list(tree.parse(path).getroot().iter('testcase'))
    except (OSError, tree.ParseError):
        cases = []
    bad = sum(any(e.tag in ('failure', 'error', 'skipped') for e in case) or case.get('status') in ('fail', 'notrun') for case in cases)
    failed += bad if cases else 1  # a suite that ran nothing has failed
    passed += len(cases) - bad
print(f'{passed} passed, {failed} failed')
sys.exit(failed > 0 or passed == 0)
P
