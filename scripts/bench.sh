# The benchmarks: decoder, worker over a backlog, memory with a slow sink, latency, rules, all sinks, a spike, billing. --help lists them. Appends one line to bench/history.jsonl.
set -euo pipefail
bash scripts/setup.sh --witnesses
mkdir -p build
case " $* " in *" --help "*|*" -h "*) ;; *)
  echo "bench: building"
  bash scripts/build.sh millrace avro_bench lane_bench billing_bench >build/bench.log 2>&1 || { tail -n 40 build/bench.log >&2; exit 1; } ;;
esac
. scripts/scratch.sh
"$MILLRACE_DEPS/python-$(sha256sum tests/requirements.txt | cut -c1-12)/bin/python" bench/measure.py "$@"
