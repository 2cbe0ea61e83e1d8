#!/usr/bin/env python3
"""Everything at once, under faults, round by round; after each the log is compared with every sink. `./dev chaos --help`; docs/testing.md."""
import argparse, datetime, json, pathlib, shutil, signal, subprocess, sys, tempfile, time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[2] / "bench")]
import faults, measure, report, rules
from audit import ALERTS, WAREHOUSE, WAREHOUSE_LETTERS, Audit
from demo import BINARY, ROOT, Demo
from load import Load
from schedule import WAREHOUSE_WORKER, WORKERS, schedule
from witness import DATABASE, DEAD_LETTERS, GROUP

LEAST_LOAD_S = 5


class Run:
    """One demo with everything on. start(), play() a round as often as one likes, finish()."""

    def __init__(self, data, seed, rate, say=print):
        self.data, self.seed, self.say = pathlib.Path(data), seed, say
        self.demo = Demo(data, "--rules", "--warehouse", "--no-load", "--quiet", "--workers", str(len(WORKERS)), "--lanes", "1", "--linger-ms", "400",
                         "--warehouse-linger-ms", "1000", "--session-timeout-ms", "6000", *faults.environment(self.data))
        self.load = Load(self.demo, rate)
        self.rounds, self.last_audits = [], {}

    def start(self):
        self.demo.start(180)
        rules.publish(self.demo, lambda: [faults.measured(self.demo, worker, "millrace_catalog_version") for worker in (*WORKERS, WAREHOUSE_WORKER)])
        self.audit = Audit(self.demo)
        return self

    def play(self, number, planned):
        """Load, faults, peace, the comparison; the round's report."""
        began = time.monotonic()
        spike = next(((fault.at, fault.seconds) for fault in planned if fault.kind == "spike"), None)
        self.load.start(self.seed * 100_000 + number, spike)
        injections = [faults.Injection(self.demo, self.load, fault, began) for fault in planned]
        for injection in injections:
            injection.start()
        for injection in injections:
            injection.join()
        time.sleep(max(0.5, began + LEAST_LOAD_S - time.monotonic()))
        revived = faults.lift_all(self.demo, self.load)
        self.load.stop()
        stopped = time.monotonic()
        audited, trouble = None, ""
        try:
            self.audit.settle()
            settled = time.monotonic()
            audited = self.audit.round()
        except Exception as error:  # the round has failed, and the report says of what
            settled, trouble = time.monotonic(), f"{type(error).__name__}: {error}"
        told = report.round_report(number, [injection.told for injection in injections], revived, stopped - began, settled - stopped, audited, trouble)
        self.rounds.append(told)
        self.say(report.line(told))
        return told

    def whole(self):
        """The log from its beginning with ClickHouse, dead letters and alerts, and with the warehouse, by `millrace audit`."""
        address = self.demo.address
        of_all = [BINARY, "audit", "--brokers", address("broker"), "--registry", address("registry"), "--to-end"]
        for name, options in {"clickhouse": ["--clickhouse", address("clickhouse"), "--database", DATABASE, "--group", GROUP, "--dead-letters", DEAD_LETTERS, "--alerts", ALERTS],
                              "warehouse": ["--warehouse", f"{address('data')}/warehouse", "--group", WAREHOUSE, "--dead-letters", WAREHOUSE_LETTERS]}.items():
            said = subprocess.run([*of_all, *options], capture_output=True, text=True, timeout=600)
            self.last_audits[name] = {"status": said.returncode, "said": (said.stdout + said.stderr).splitlines()[-30:]}

    @property
    def passed(self):
        return bool(self.rounds) and all(each["passed"] for each in self.rounds) and all(each["status"] == 0 for each in self.last_audits.values())

    def finish(self):
        self.load.stop()
        self.demo.abandon()

    def keep_logs(self, where):
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        for file in [self.data / "demo.out", *self.data.glob("logs/*.log"), self.data / "kafka/broker.log"]:
            if file.exists():
                shutil.copy(file, where)


def play_all(run, rounds, stop_at_first=False):
    for number, planned in enumerate(schedule(run.seed, rounds), 1):
        told = run.play(number, planned)
        if told["trouble"] or stop_at_first and not told["passed"]:
            break  # what didn't settle wouldn't settle in the next round either
    run.whole()


def append_to_history(seed, sums):
    line = {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": measure.commit(), "machine": measure.machine(), "chaos_seed": seed}
    with open(ROOT / "bench/history.jsonl", "a") as history:
        history.write(json.dumps(line | {name: value for name, value in sums.items() if not isinstance(value, dict)}) + "\n")


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same faults at the same moments (default 1)")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000, help="events a second (default 1000)")
    parser.add_argument("--stop-at-first", action="store_true", help="end with the first round that fails")
    parser.add_argument("--report", type=pathlib.Path, default=ROOT / "build/chaos/report.json")
    parser.add_argument("--history", action="store_true", help="append the sums to bench/history.jsonl")
    parser.add_argument("--plan", action="store_true", help="only say what would be done")
    options = parser.parse_args()
    if options.plan:
        for number, planned in enumerate(schedule(options.seed, options.rounds), 1):
            print(f"round {number:3d}: " + "; ".join(f"{fault} at {fault.at} for {fault.seconds}" + "".join(f", {name} {value}" for name, value in fault.details) for fault in planned))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and the processes are stopped
    data = tempfile.mkdtemp(prefix="millrace_chaos_")
    run = Run(data, options.seed, options.rate, lambda text: print(text, flush=True))
    try:
        run.start()
        play_all(run, options.rounds, options.stop_at_first)
    finally:
        run.finish()
        report.write(options.report, options.seed, run.rounds, run.last_audits)
        run.keep_logs(options.report.parent / "logs")
        shutil.rmtree(data, ignore_errors=True)
    print(report.table(run.rounds))
    for name, value in report.totals(run.rounds, {}).items():
        if not isinstance(value, dict):
            print(f"{name} {value}")
    for name, audit in run.last_audits.items():
        print(f"millrace audit of all of it, {name}: status {audit['status']}: {audit['said'][-1] if audit['said'] else ''}")
    print(f"report: {options.report}")
    if options.history:
        append_to_history(options.seed, report.totals(run.rounds, {}))
    return 0 if run.passed else 1


if __name__ == "__main__":
    sys.exit(main())
