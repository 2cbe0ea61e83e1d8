"""Two ClickHouse servers share the plans; of one, the first address in the list never answers; inserts are compressed. Every event is once in one of them."""
import subprocess, time
import pytest
from demo import BINARY, TOPICS, ask, until
from witness import DATABASE, check_exactly_once, committed, rows, settle
from worker import Worker

NOBODY = "http://127.0.0.1:1"
SETTINGS = """
pipeline: millrace
instance: of-shards
lanes: 2
topics: [{topics}]
kafka: {{brokers: "{broker}"}}
registry: {{url: "{registry}"}}
clickhouse: {{shards: [["{nobody}", "{first}"], ["{second}"]], database: {database}, compression: {compression}}}
epoch: {{linger_ms: 200}}
"""


class Shard:
    """A second server, beside the demo's."""

    def __init__(self, data):
        self.data, self.port = data, 0

    def start(self):
        with open(self.data / "logs/second.log", "ab") as log:
            self.process = subprocess.Popen([BINARY, "clickhouse-embedded", "--data", self.data / "second", "--port", str(self.port)], stdout=subprocess.PIPE, stderr=log, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def demo(make_demo):
    return make_demo("--only", "broker,registry,clickhouse", "--rate", "1500", "--quiet", "--loadgen-option=--bad=truncated=0.002")


@pytest.fixture
def second(demo, data):
    shard = Shard(data)
    shard.start()
    yield shard
    shard.kill()


def settings(demo, second, compression):
    return SETTINGS.format(topics=", ".join(TOPICS), nobody=NOBODY, first=demo.address("clickhouse"), second=second.url, database=DATABASE, compression=compression,
                           **{name: demo.address(name) for name in ("broker", "registry")})


@pytest.fixture
def worker(demo, data, second):
    worker = Worker(data, settings(demo, second, "zstd"))
    # The list's first address is of no use to the commands either, and they say so.
    tables = [BINARY, "tables", "apply", "--registry", demo.address("registry"), "--settings", worker.config]
    refused = subprocess.run(tables, capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0 and "127.0.0.1:1" in refused.stderr, refused
    worker.config.write_text(worker.config.read_text().replace(f'"{NOBODY}", ', ""))
    made = subprocess.run(tables, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stdout + made.stderr
    worker.config.write_text(settings(demo, second, "zstd"))
    worker.start()
    yield worker
    worker.kill()


def goes_on(demo, by=1000):
    total = lambda: sum(max(at, 0) for at in committed(demo.address("broker")).values())
    before = total()
    until("events are committed", lambda: total() >= before + by, 60, 0.3)


def test_each_event_is_once_in_one_of_the_shards(demo, second, worker):
    goes_on(demo, 2000)
    for compression in ("lz4", "zstd"):  # a plan may be begun in one, and repeated in the other
        worker.kill()
        worker.config.write_text(settings(demo, second, compression))
        time.sleep(0.4)
        worker.start()
        goes_on(demo)
    second.kill()
    until("a plan waits for the shard that is out", lambda: worker.metric("millrace_sink_waiting") > 0, 30)
    second.start()
    goes_on(demo)
    settle(demo)
    shards = [demo.address("clickhouse"), second.url]
    check_exactly_once(demo, shards=shards)
    for shard in shards:
        assert len(list(rows(shard))) > 500
    plans = [{plan for topic in TOPICS for plan, in ask(shard, f"SELECT DISTINCT toString(_plan) FROM {DATABASE}.{topic.replace('.', '_')}")} for shard in shards]
    assert not plans[0] & plans[1] and all(int(plan) & (2**64 - 1) & 1 == number for number in (0, 1) for plan in plans[number]), "a plan's shard is toUInt64(_plan) % 2"
    assert worker.metric("millrace_clickhouse_endpoint_failures_total") > 0
