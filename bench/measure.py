"""`./dev bench`: what millrace costs, in CPU time of processes (wall time on a shared machine says little).

Real broker, real engine, the records of the published baseline (topic page.view). One JSON object a run goes to bench/history.jsonl.
"""
import argparse, datetime, json, os, platform, subprocess, sys, tempfile, time, urllib.parse
from pipeline import BINARY, ROOT, Pipeline, cpu_seconds, resident_mb, until
from storm import GROUPS, WORKERS, Lag, Storm

LIMITS = {"decode_ns_per_record": 150, "worker_cpu_us_per_event": 1.0, "rss_mb_slow_sink": 300, "p95_ms": 150,
          "rules_cpu_us_per_event": 0.15, "rules_load_s_10k_tenants": 5, "rules_rss_mb_10k_tenants": 500, "rules_publish_to_use_ms": 1000,
          "all_sinks_cpu_us_per_event": 1.3, "spike_lag_s_max": 10, "spike_p95_ms": 350}
AT_LEAST = {"billing_batches_per_s": 500}


def decode(options):
    """CPU of one thread for a record, from Avro's bytes into columns: the least of 25, since what disturbs only adds."""
    said = subprocess.run([ROOT / "build/release/src/avro/avro_bench", "--benchmark_filter=^page_view$", "--benchmark_repetitions=25", "--benchmark_min_time=0.1", "--benchmark_format=json"],
                          capture_output=True, text=True, check=True)
    return {"decode_ns_per_record": round(min(b["decode_ns_per_record"] for b in json.loads(said.stdout)["benchmarks"] if b["run_type"] == "iteration"), 1)}


def backlog(options):
    """CPU of a worker's whole life over a backlog, start included, each event exactly once in ClickHouse; checked by the audit."""
    with Pipeline("backlog") as pipeline:
        pipeline.produce(options.events)
        worker = pipeline.worker(lanes=2)
        until("the backlog is in ClickHouse", lambda: pipeline.rows() >= options.events, 600, 0.5)
        until("it is committed", lambda: pipeline.lag() == 0, 60, 0.2)
        peak = resident_mb(worker.pid, "VmHWM")
        used = cpu_seconds(worker.pid)
        pipeline.audit()
        return {"worker_cpu_us_per_event": round(used / options.events * 1e6, 3), "events": options.events, "rss_mb_full_speed": peak}


def slow(options):
    """Memory of a worker of two lanes whose sink takes a tenth of what it could send, over a backlog: the peak, and that of each third of the time."""
    with Pipeline("slow") as pipeline:
        pipeline.produce(options.slow_events)
        pipeline.gate("slow", bytes_per_s=8_000_000)
        worker = pipeline.worker(lanes=2)
        samples = []
        until("rows arrive", lambda: pipeline.rows() > 0, 60, 0.2)
        until("the time is over", lambda: samples.append(resident_mb(worker.pid)) or len(samples) >= 2 * options.slow_seconds, options.slow_seconds * 3, 0.5)
        left = pipeline.lag()
        assert left > 0, "the sink was not slow: nothing of the backlog is left"
        third = len(samples) // 3
        return {"rss_mb_slow_sink": resident_mb(worker.pid, "VmHWM"), "rss_mb_slow_sink_thirds": [max(samples[i * third:(i + 1) * third]) for i in range(3)],
                "rows_slow_sink": pipeline.rows()}


def latency(options):
    """From a record's timestamp to its rows being queryable, at 5,000 events/s with the low-latency preset and one lane; the middle of the time counts."""
    with Pipeline("latency") as pipeline:
        pipeline.produce(1000)
        worker = pipeline.worker(lanes=1, epoch="{preset: low-latency}")
        load = pipeline.load("--linger-ms", "5", "--rate", "5000", "--seconds", str(options.latency_seconds + 10))
        until("events flow", lambda: pipeline.rows() > 20_000, 60, 0.2)
        before, began = pipeline.latencies(worker), cpu_seconds(worker.pid)
        until("the time is over", lambda: load.poll() is not None, options.latency_seconds + 60, 0.5)
        after, used = pipeline.latencies(worker), cpu_seconds(worker.pid) - began
        assert load.returncode == 0, "loadgen failed"
        counts = {bound: after[bound] - before.get(bound, 0) for bound in after}
        return {"p50_ms": quantile(counts, 0.5), "p95_ms": quantile(counts, 0.95), "latency_events": int(counts[float("inf")]),
                "low_latency_cpu_us_per_event": round(used / counts[float("inf")] * 1e6, 1)}


TEN_RULES = """
tenant: "{tenant}"
topics:
  page.view:
    validate:
      - {{name: duration, that: duration_ms >= -1 && duration_ms < {n}}}
      - {{name: scheme, that: size(url) > 0 && user_id >= -{n}}}
    enrich:
      - {{table: plans, key: tenant_id, fields: {{plan: name}}}}
    set:
      seconds: double(duration_ms) / 1000.0
      host: url_host(url)
    rename: {{event_id: id}}
    mask:
      - {{field: referrer, keep_last: 3}}
      - {{field: url, with: url_without_query}}
    alert:
      - {{name: slow, when: duration_ms > {n}, severity: warning, title: '"slow"', key: tenant_id}}
    meter:
      - {{name: views, value: 1, unit: view, window: day}}
"""


def rules(options):
    """CPU that tenants' rules add to a worker: the same backlog without and with ten rules for each of fifty tenants; how long an upload takes to be in use; ten thousand tenants' sets."""
    figures = {}
    for name, catalog in (("without", False), ("with", True)):
        with Pipeline("rules_" + name, catalog) as pipeline:
            pipeline.produce(options.events)
            if catalog:
                tenants = pipeline.tenants()
                pipeline.upload("/v1/tables/plans?key=tenant", "tenant,name\n" + "".join(f"{tenant},plan {i % 3}\n" for i, tenant in enumerate(tenants)))
                for i, tenant in enumerate(tenants + ["*"]):
                    pipeline.upload("/v1/tenants/" + urllib.parse.quote(tenant) + "/rules", TEN_RULES.format(tenant=tenant, n=1_000_000_000 + i))
            worker = pipeline.worker(lanes=2)
            until("the backlog is in ClickHouse", lambda: pipeline.rows() >= options.events, 600, 0.5)
            until("it is committed", lambda: pipeline.lag() == 0, 60, 0.2)
            figures[name] = cpu_seconds(worker.pid) / options.events * 1e6
            if catalog:
                figures["time"] = pipeline.figure(worker, "millrace_rules_seconds_total") / options.events * 1e6
                took = []
                for i in range(5):
                    began, version = time.monotonic(), pipeline.upload("/v1/tenants/bench/rules", TEN_RULES.format(tenant="bench", n=5_000_000 + i))["version"]
                    until("it is in use", lambda: pipeline.figure(worker, "millrace_catalog_version") >= version, 20, 0.005)
                    took.append((time.monotonic() - began) * 1000)
    loaded = subprocess.run([ROOT / "build/release/src/pipeline/lane/lane_bench", "--benchmark_filter=^load_tenants", "--benchmark_format=json"], capture_output=True, text=True, check=True)
    loaded = json.loads(loaded.stdout)["benchmarks"][0]
    return {"rules_cpu_us_per_event": round(figures["with"] - figures["without"], 3), "rules_time_us_per_event": round(figures["time"], 3), "rules_tenants": len(tenants),
            "rules_publish_to_use_ms": round(sorted(took)[2]), "rules_load_s_10k_tenants": round(loaded["cpu_time"], 2), "rules_rss_mb_10k_tenants": round(loaded["rss_mb"])}


def all_sinks(options):
    """CPU of all workers over a backlog of five topics: tenants' rules, ClickHouse, alerts and billing in one pipeline, the warehouse in another; the demo's audit at the end."""
    with Storm("all_sinks") as storm:
        storm.act("stop", *WORKERS)
        subprocess.run(storm.loadgen("--max", "--events", options.all_sinks_events), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        storm.act("start", *WORKERS)
        for group in GROUPS:
            until(f"{group} has taken the backlog", lambda: storm.lag(group) == 0, 900, 1)
        each = {name: storm.cpu(name) for name in WORKERS}
        storm.audited()
        warehouse = each.pop("warehouse-worker")
        return {"all_sinks_cpu_us_per_event": round((sum(each.values()) + warehouse) / options.all_sinks_events * 1e6, 3),
                "all_sinks_warehouse_cpu_us_per_event": round(warehouse / options.all_sinks_events * 1e6, 3), "all_sinks_events": options.all_sinks_events}


def spike(options):
    """How far behind the workers fall when the load is six times as high for a minute, all sinks on: seconds of lag, and the latency of the spike's events; the demo's audit at the end."""
    rate, factor, begins, lasts = options.spike_rate, 6, 20, options.spike_seconds
    with Storm("spike", "--linger-ms", 100) as storm:
        load = subprocess.Popen(storm.loadgen("--rate", rate, "--spike", f"{factor}x@{begins},{lasts}", "--seconds", begins + lasts + 10, "--metrics-port", "0"),
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lag = Lag(storm, "http://" + next(line for line in load.stdout if line.startswith("listening on ")).split()[-1] + "/metrics")
        began, at_start, at_end = time.monotonic(), None, None
        while load.poll() is None:
            now = time.monotonic() - began
            if now < begins + lasts + 8:
                lag.sample()
            if at_start is None and now >= begins:
                at_start, sent_before, lag.most = storm.latencies(), lag.sample(), 0.0
            if at_end is None and now >= begins + lasts:
                at_end, sent_after, most = storm.latencies(), lag.sample(), lag.most
            time.sleep(0.5)
        until("everything is delivered", lambda: storm.lag(GROUPS[0]) == 0, 300, 1)
        storm.audited()
        counts = {bound: at_end[bound] - at_start.get(bound, 0) for bound in at_end}
        return {"spike_lag_s_max": round(most, 1), "spike_p95_ms": quantile(counts, 0.95), "spike_events_per_s_wanted": rate * factor,
                "spike_events_per_s": round((sent_after[0] - sent_before[0]) / lasts), "spike_seconds": lasts}


def billing(options):
    """Plans that the billing service takes in a second: SQLite on this disk, every commit synced, eight clients with a call each under way; over four rounds."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as directory:
        said = subprocess.run([ROOT / "build/release/src/services/billing/billing_bench", "--benchmark_format=json"], capture_output=True, text=True, check=True,
                              env=os.environ | {"MILLRACE_BINARY": str(BINARY), "MILLRACE_BENCH_DIRECTORY": directory})
    return {"billing_batches_per_s": round(json.loads(said.stdout)["benchmarks"][0]["billing_batches_per_s"])}


def quantile(counts, q):
    """Milliseconds, interpolated within a bucket as Prometheus' histogram_quantile does. counts: upper bound in seconds -> how many are not above it."""
    bounds, total = sorted(counts), counts[float("inf")]
    low, below = 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= q * total:
            return None if bound == float("inf") else round((low + (bound - low) * (q * total - below) / max(counts[bound] - below, 1)) * 1000, 1)
        low, below = bound, counts[bound]


PARTS = {"decode": decode, "backlog": backlog, "slow": slow, "latency": latency, "rules": rules, "all_sinks": all_sinks, "spike": spike, "billing": billing}


def judged(figure, value):
    if figure in LIMITS:
        return f"   (at most {LIMITS[figure]}: {'holds' if value is not None and value <= LIMITS[figure] else 'MISSED'})"
    return f"   (at least {AT_LEAST[figure]}: {'holds' if value >= AT_LEAST[figure] else 'MISSED'})" if figure in AT_LEAST else ""


def machine():
    cpus = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": cpus[0] if cpus else platform.machine(), "cores": len(os.sched_getaffinity(0)), "load_before": round(os.getloadavg()[0], 1)}


def commit():
    git = lambda *words: subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "src", "cmake", "CMakeLists.txt") else "")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Parts: " + "; ".join(f"{name}: {part.__doc__.split(':')[0].split('.')[0]}" for name, part in PARTS.items()))
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--events", type=int, default=2_000_000, help="of the backlog (default %(default)s)")
    parser.add_argument("--slow-events", type=int, default=5_000_000, help="of the slow sink's backlog (default %(default)s)")
    parser.add_argument("--slow-seconds", type=int, default=60, help="how long the slow sink is watched (default %(default)s)")
    parser.add_argument("--latency-seconds", type=int, default=30, help="how long latency is measured (default %(default)s)")
    parser.add_argument("--all-sinks-events", type=int, default=1_000_000, help="of the backlog for all sinks (default %(default)s)")
    parser.add_argument("--spike-rate", type=int, default=20_000, help="events a second before the spike, which is six times as high (default %(default)s)")
    parser.add_argument("--spike-seconds", type=int, default=60, help="how long the spike lasts (default %(default)s)")
    parser.add_argument("--dry", action="store_true", help="print, don't append to the history")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    result = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": commit(), "machine": machine()}
    for name in options.parts or PARTS:
        print(f"bench: {name}: {PARTS[name].__doc__.strip()}", flush=True)
        figures = PARTS[name](options)
        result |= figures
        for figure, value in figures.items():
            print(f"  {figure} {value}{judged(figure, value)}", flush=True)
    if not options.dry:
        with open(ROOT / "bench/history.jsonl", "a") as history:
            history.write(json.dumps(result) + "\n")
        print("appended to bench/history.jsonl")


if __name__ == "__main__":
    sys.exit(main())
