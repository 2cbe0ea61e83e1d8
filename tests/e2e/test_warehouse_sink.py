"""A pipeline of its own writes every event into Parquet files, once, though its worker is killed: what manifests name is read by pyarrow and compared with the log."""
import collections, json, pathlib, time
import pyarrow.parquet as parquet
from demo import until
from witness import GROUP, await_committed, check_files_and_letters, dead_letters, log_of, settle

WORKER, LETTERS, WAREHOUSE = "warehouse-worker", "millrace.warehouse.dlq", GROUP + "-warehouse"
LOAD = ["--warehouse", "--warehouse-linger-ms", "2000", "--rate", "2000", "--quiet", "--loadgen-option=--bad=truncated=0.002"]


def manifests(demo):
    return [json.loads(path.read_text()) for path in pathlib.Path(demo.address("data"), "warehouse/_manifest").glob("*.json")]


def files(demo):
    """(topic, partition, offset) of each row of the files that manifests name, and its event's id."""
    root, there = pathlib.Path(demo.address("data"), "warehouse"), collections.Counter()
    for manifest in manifests(demo):
        for file in manifest["files"]:
            if file["table"] == "millrace_left_out":
                continue
            rows = parquet.ParquetFile(root / file["path"]).read(columns=["_topic", "_partition", "_offset", "event_id"])
            assert rows.num_rows == file["rows"]
            columns = [rows.column(name).to_pylist() for name in ("_topic", "_partition", "_offset", "event_id")]
            there.update((topic, partition, offset, str(event)) for topic, partition, offset, event in zip(*columns))
    return there


def test_every_event_is_in_the_files_once_though_the_worker_is_killed(make_demo):
    demo = make_demo(*LOAD)
    for gap in (0.1, 0.5, 1.5):
        before = len(manifests(demo))
        until("a plan is in the warehouse", lambda: len(manifests(demo)) > before, 60)
        time.sleep(gap)
        demo.do(WORKER, "kill")
        time.sleep(1)
        demo.do(WORKER, "start")
    settle(demo)
    broker = demo.address("broker")
    log = log_of(broker)
    assert len(log) > 10_000
    await_committed(broker, WAREHOUSE, log)
    there, letters = files(demo), collections.Counter((t, p, o) for t, p, o, _ in dead_letters(broker, LETTERS))
    check_files_and_letters(log, there, letters)
