"""A broker, an engine and a registry of its own for one measurement, and a worker over page.view, watched from outside."""
import io, json, os, pathlib, shutil, signal, subprocess, tempfile, time, urllib.parse, urllib.request
import fastavro
from confluent_kafka import Consumer, TopicPartition

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = ROOT / "build/release/src/app/millrace"
TOPIC, TABLE, GROUP = "page.view", "millrace.page_view", "millrace"
TICKS = os.sysconf("SC_CLK_TCK")


def until(what, holds, within, every):
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"bench: not within {within} s: {what}")
        time.sleep(every)


def cpu_seconds(pid):
    """User and system time of all threads of a process, so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid, which="VmRSS"):
    """VmRSS: now; VmHWM: at most so far. In units of 10^6 bytes."""
    line = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(which + ":"))
    return round(int(line.split()[1]) * 1024 / 1e6, 1)


class Pipeline:
    def __init__(self, name, catalog=False):
        self.data, self.processes, self.catalog = pathlib.Path(tempfile.mkdtemp(prefix=f"millrace_bench_{name}_")), [], catalog

    def __enter__(self):
        try:
            self.start("demo", "demo", "--data", self.data / "demo", "--ports", "0", "--no-load", "--only", "broker,clickhouse,registry", "--quiet")
            self.control = "http://" + self.says("demo", "listening on ")
            self.state = self.call("/state")
            self.address = self.state["addresses"]
            if self.catalog:
                self.start("catalog", "catalog", "--brokers", self.address["broker"], "--registry", self.address["registry"], "--clickhouse", self.address["clickhouse"], "--database", "millrace", "--port", "0")
                self.address["catalog"] = "http://" + self.says("catalog", "listening on ")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill(), process.wait()
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self, name, *arguments):
        with open(self.data / f"{name}.log", "ab") as log:
            self.processes.append(subprocess.Popen([BINARY, *map(str, arguments)], stdout=log, stderr=log))
        return self.processes[-1]

    def run(self, name, *arguments):
        process = self.start(name, *arguments)
        if process.wait() != 0:
            raise SystemExit(f"bench: {name} failed:\n{(self.data / f'{name}.log').read_text(errors='replace')[-2000:]}")

    def says(self, name, beginning):
        """The last word of the first line that begins so."""
        lines = lambda: [line for line in (self.data / f"{name}.log").read_text(errors="replace").splitlines() if line.startswith(beginning)]
        until(f"{name} says '{beginning}…'", lambda: lines() or self.processes[-1].poll() is not None, 90, 0.1)
        if not lines():
            raise SystemExit(f"bench: {name} ended:\n{(self.data / f'{name}.log').read_text(errors='replace')[-2000:]}")
        return lines()[0].split()[-1]

    def call(self, path, data=None):
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data=data), timeout=60) as answer:
            return json.load(answer)

    def gate_port(self, name):
        return next(gate["port"] for gate in self.state["gates"] if gate["name"] == name)

    def gate(self, mode, **rule):
        """How the worker's way to ClickHouse is from now on."""
        self.call("/gates/worker-1-clickhouse?" + urllib.parse.urlencode({"mode": mode, **rule}), b"")

    def loadgen(self, *more):
        return ["loadgen", "--brokers", self.address["broker"], "--registry", self.address["registry"], "--preset", "pageview", *more]

    def produce(self, events):
        """A backlog, spread over the topic's partitions; and the table for it."""
        self.run("loadgen", *self.loadgen("--max", "--events", events))
        self.run("tables", "tables", "apply", "--registry", self.address["registry"], "--clickhouse", self.address["clickhouse"], "--database", "millrace", "--topic", TOPIC)
        self.run("dlq", "loadgen", "--brokers", self.address["broker"], "--registry", self.address["registry"], "--topics", "millrace.dlq", "--prepare-only")

    def load(self, *more):
        return self.start("load", *self.loadgen(*more))

    def worker(self, lanes, epoch="{}"):
        file = self.data / "worker.yaml"
        file.write_text(f"pipeline: {GROUP}\ninstance: bench\nlanes: {lanes}\ntopics: [{TOPIC}]\nkafka: {{brokers: \"{self.address['broker']}\"}}\n"
                        f"registry: {{url: \"{self.address['registry']}\"}}\nclickhouse: {{url: \"http://127.0.0.1:{self.gate_port('worker-1-clickhouse')}\", database: millrace}}\n"
                        f"epoch: {epoch}\n" + ("rules: {catalog: _millrace.catalog, tenant_column: tenant_id}\n" if self.catalog else ""))
        process = self.start("worker", "worker", "--config", file, "--metrics-port", "0")
        process.metrics = "http://" + self.says("worker", "listening on ") + "/metrics"
        return process

    def upload(self, path, text):
        with urllib.request.urlopen(urllib.request.Request(self.address["catalog"] + path, method="PUT", data=text.encode()), timeout=60) as answer:
            return json.load(answer)

    def tenants(self, records=20_000):
        """Those of the first records."""
        reader = Consumer({"bootstrap.servers": self.address["broker"], "group.id": "bench", "auto.offset.reset": "earliest", "enable.auto.commit": False})
        try:
            reader.assign([TopicPartition(TOPIC, p, 0) for p in reader.list_topics(TOPIC, timeout=20).topics[TOPIC].partitions])
            schema = fastavro.parse_schema(json.loads((ROOT / "contracts/avro/page.view.avsc").read_text()))
            return sorted({fastavro.schemaless_reader(io.BytesIO(m.value()[5:]), schema, None)["tenant_id"] for m in reader.consume(records, 20)})
        finally:
            reader.close()

    def figure(self, worker, name):
        with urllib.request.urlopen(worker.metrics, timeout=10) as answer:
            return sum(float(line.rsplit(" ", 1)[1]) for line in answer.read().decode().splitlines() if line.startswith((name + " ", name + "{")))

    def query(self, text):
        with urllib.request.urlopen(self.address["clickhouse"] + "/?" + urllib.parse.urlencode({"query": text}), timeout=60) as answer:
            return answer.read().decode().strip()

    def rows(self):
        return int(self.query(f"SELECT count() FROM {TABLE}"))

    def lag(self):
        """Records between the committed offsets and the ends."""
        reader = Consumer({"bootstrap.servers": self.address["broker"], "group.id": GROUP, "isolation.level": "read_uncommitted", "enable.auto.commit": False})
        try:
            parts = [TopicPartition(TOPIC, p) for p in reader.list_topics(TOPIC, timeout=20).topics[TOPIC].partitions]
            return sum(reader.get_watermark_offsets(at, timeout=20)[1] - max(at.offset, 0) for at in reader.committed(parts, timeout=20))
        finally:
            reader.close()

    def latencies(self, worker):
        with urllib.request.urlopen(worker.metrics, timeout=10) as answer:
            text = answer.read().decode()
        counts = {}
        for line in text.splitlines():
            if line.startswith("millrace_delivery_latency_seconds_bucket"):
                bound = float(line.split('le="')[1].split('"')[0].replace("+Inf", "inf"))
                counts[bound] = counts.get(bound, 0) + float(line.rsplit(" ", 1)[1])
        return counts

    def audit(self):
        self.run("audit", "audit", "--brokers", self.address["broker"], "--registry", self.address["registry"], "--clickhouse", self.address["clickhouse"],
                 "--database", "millrace", "--group", GROUP, "--topics", TOPIC, "--to-end")
