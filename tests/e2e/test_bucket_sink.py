"""A pipeline writes every event into a bucket of a real S3 server once, though its worker is killed and the server is out for some seconds: read by pyarrow's S3 client."""
import collections, json, os, subprocess, sys, time
import pyarrow.parquet as parquet
import pytest
from demo import BINARY, ROOT, TOPICS, until
from witness import await_committed, check_files_and_letters, dead_letters, log_of
from worker import Worker

sys.path.append(str(ROOT / "tests/warehouse"))
from object_store import KEYS, ObjectStore  # noqa: E402

PIPELINE, LETTERS, PREFIX = "bucket", "millrace.warehouse.dlq", "events"
SETTINGS = """
pipeline: {pipeline}
instance: one
lanes: 1
topics: [{topics}]
dead_letters: {letters}
kafka: {{brokers: "{broker}"}}
registry: {{url: "{registry}"}}
warehouse: {{url: "s3://{bucket}/{prefix}", endpoint: "{endpoint}", access_key: "{AWS_ACCESS_KEY_ID}", secret_key: "{AWS_SECRET_ACCESS_KEY}", spool: "{data}", memory_mb: 1}}
epoch: {{linger_ms: 2500, records: 1000000, records_max: 1000000, mb_max: 64}}
"""


@pytest.fixture
def store():
    made = ObjectStore()
    yield made
    made.close()


@pytest.fixture
def demo(make_demo):
    return make_demo("--only", "broker,registry", "--rate", "4000", "--quiet", "--loadgen-option=--bad=truncated=0.002")


@pytest.fixture
def worker(demo, data, store):
    worker = Worker(data, SETTINGS.format(pipeline=PIPELINE, topics=", ".join(TOPICS), letters=LETTERS, broker=demo.address("broker"), registry=demo.address("registry"),
                                          bucket=store.bucket, prefix=PREFIX, endpoint=store.endpoint, data=data, **KEYS))
    worker.start()
    yield worker
    worker.kill()


def manifests(store):
    return store.keys(f"{PREFIX}/_manifest")


def rows_of(store):
    """(topic, partition, offset, event id) of each row of the objects that manifests name."""
    there = collections.Counter()
    for key in manifests(store):
        for file in json.loads(store.read(key))["files"]:
            table = parquet.read_table(f"{store.bucket}/{PREFIX}/{file['path']}", filesystem=store.files, partitioning=None,
                                       columns=["_topic", "_partition", "_offset", "event_id"])
            assert table.num_rows == file["rows"]
            there.update(zip(*[[str(value) if name == "event_id" else value for value in table.column(name).to_pylist()] for name in table.column_names]))
    return there


def audit(demo, store):
    """By millrace's own audit, with its keys where programs on AWS have them."""
    return subprocess.run([BINARY, "audit", "--brokers", demo.address("broker"), "--registry", demo.address("registry"), "--group", PIPELINE, "--dead-letters", LETTERS, "--to-end",
                           "--warehouse", f"s3://{store.bucket}/{PREFIX}", "--endpoint", store.endpoint], capture_output=True, text=True, timeout=120, env=os.environ | KEYS)


def test_every_event_is_in_the_bucket_once_though_worker_and_store_die(demo, worker, store, data):
    broker = demo.address("broker")
    for gap in (0.05, 0.3):
        before = len(manifests(store))
        until("a plan is in the bucket", lambda: len(manifests(store)) > before, 60)
        time.sleep(gap)
        worker.kill()
        time.sleep(0.5)
        worker.start()
    before = len(manifests(store))
    until("it goes on", lambda: len(manifests(store)) > before, 60)
    store.kill()
    until("the worker says what it waits for", lambda: store.endpoint in worker.log.read_text() and "plan" in worker.log.read_text(), 30)
    worker.kill()  # with a plan that is committed and isn't written
    worker.start()
    time.sleep(3)
    store.start()
    until("it goes on", lambda: len(manifests(store)) > before + 1, 60)
    demo.do("loadgen", "stop")
    log = log_of(broker)
    assert len(log) > 20_000
    await_committed(broker, PIPELINE, log)
    there, letters = rows_of(store), collections.Counter((t, p, o) for t, p, o, _ in dead_letters(broker, LETTERS))
    check_files_and_letters(log, there, letters)
    audited = audit(demo, store)
    assert audited.returncode == 0 and "exactly once" in audited.stdout, audited.stdout + audited.stderr
    store.kill()
    unreachable = audit(demo, store)
    assert unreachable.returncode == 2 and store.endpoint in unreachable.stderr, unreachable
    assert "stands still" not in worker.log.read_text()
    assert not list(data.glob(".millrace*")), "what was put aside has no name"
