"""All of millrace at once for one measurement: `millrace demo` with tenants' rules and every sink, watched from outside."""
import json, pathlib, shutil, signal, subprocess, tempfile, time, urllib.request
from confluent_kafka import Consumer, TopicPartition
from pipeline import BINARY, cpu_seconds, until

TOPICS = ["user.pageview", "order.created", "payment.processed", "session.end", "error.captured"]
WORKERS, GROUPS = ("worker-1", "worker-2", "warehouse-worker"), ("millrace", "millrace-warehouse")


class Storm:
    def __init__(self, name, *options):
        self.data, self.options = pathlib.Path(tempfile.mkdtemp(prefix=f"millrace_bench_{name}_")), options

    def __enter__(self):
        try:
            with open(self.data / "demo.log", "wb") as log:
                self.demo = subprocess.Popen([BINARY, "demo", "--data", self.data / "demo", "--ports", "0", "--quiet", "--no-load", *map(str, self.options)], stdout=log, stderr=log)
            ready = lambda: [line for line in self.text().splitlines() if line.startswith("listening on ")]
            until("the demo is up", lambda: ready() or self.demo.poll() is not None, 120, 0.2)
            if not ready():
                raise SystemExit("bench: the demo ended:\n" + self.text()[-2000:])
            self.control = "http://" + ready()[-1].split()[-1]
            self.address = self.call("/state")["addresses"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.demo.poll() is None:
            self.demo.send_signal(signal.SIGINT)
            try:
                self.demo.wait(120)
            except subprocess.TimeoutExpired:
                self.demo.kill(), self.demo.wait()
        shutil.rmtree(self.data, ignore_errors=True)

    def text(self):
        return (self.data / "demo.log").read_text(errors="replace")

    def audited(self):
        """Stops everything in order; what the demo's own audit said is the exit status."""
        self.demo.send_signal(signal.SIGINT)
        if self.demo.wait(300) != 0:
            raise SystemExit("bench: the demo's audit:\n" + self.text()[-2000:])

    def call(self, path, data=None):
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data=data), timeout=120) as answer:
            return json.load(answer)

    def act(self, act, *names):
        for name in names:
            self.call(f"/children/{name}/{act}", b"")

    def cpu(self, *names):
        """Seconds of these children's processes, since each was started."""
        return sum(cpu_seconds(child["pid"]) for child in self.call("/state")["children"] if child["name"] in names)

    def loadgen(self, *more):
        return [BINARY, "loadgen", "--brokers", self.address["broker"], "--registry", self.address["registry"], *map(str, more)]

    def lag(self, group):
        """Records between the group's committed offsets and the ends."""
        reader = Consumer({"bootstrap.servers": self.address["broker"], "group.id": group, "isolation.level": "read_uncommitted", "enable.auto.commit": False})
        try:
            known = reader.list_topics(timeout=20).topics
            parts = [TopicPartition(topic, p) for topic in TOPICS for p in known[topic].partitions]
            return sum(reader.get_watermark_offsets(at, timeout=20)[1] - max(at.offset, 0) for at in reader.committed(parts, timeout=20))
        finally:
            reader.close()

    def samples(self, child, name):
        """[(labels as they stand, value)] of a metric."""
        with urllib.request.urlopen(self.address[child] + "/metrics", timeout=10) as answer:
            lines = [line for line in answer.read().decode().splitlines() if line.startswith((name + "{", name + " "))]
        return [(line[len(name):line.rfind(" ")], float(line.rsplit(" ", 1)[1])) for line in lines]

    def latencies(self):
        """From a record's timestamp to its rows being queryable: upper bound in seconds -> how many so far are not above it."""
        counts = {}
        for worker in WORKERS[:2]:
            for labels, value in self.samples(worker, "millrace_delivery_latency_seconds_bucket"):
                bound = float(labels.split('le="')[1].split('"')[0].replace("+Inf", "inf"))
                counts[bound] = counts.get(bound, 0) + value
        return counts


class Lag:
    """Seconds that the workers are behind: how long ago as many records had been sent as they have committed by now."""

    def __init__(self, storm, load_metrics):
        self.storm, self.load, self.sent, self.most = storm, load_metrics, [(time.monotonic(), 0.0)], 0.0

    def sample(self):
        """(records sent so far, seconds behind)"""
        with urllib.request.urlopen(self.load, timeout=10) as answer:
            sent = sum(float(line.rsplit(" ", 1)[1]) for line in answer.read().decode().splitlines() if line.startswith("millrace_loadgen_records_total"))
        at = time.monotonic()
        self.sent.append((at, sent))
        done = sent - sum(value for worker in WORKERS[:2] for _, value in self.storm.samples(worker, "millrace_lag_records"))
        then = max((t for t, n in self.sent if n <= done), default=self.sent[0][0])
        self.most = max(self.most, at - then)
        return sent, at - then
