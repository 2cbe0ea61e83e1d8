"""The warehouse in a bucket of a real S3 server, read by pyarrow's own S3 client: the same files as in a directory, whoever writes them and whatever dies."""
import json, os, pathlib, subprocess, tempfile, threading, time
import pyarrow.parquet as pq
import pytest
from object_store import KEYS, ObjectStore
from test_warehouse import DRIVER

PREFIX = "a warehouse/of tests"


@pytest.fixture
def store():
    made = ObjectStore()
    yield made
    made.close()


def driver(store, rows, plans, prefix=PREFIX, **environment):
    return subprocess.Popen([DRIVER, f"s3://{store.bucket}/{prefix}", str(rows), str(plans), store.endpoint], env={**os.environ, **KEYS, **environment},
                            stdout=subprocess.PIPE, text=True)


def wait(writer, seconds=120):
    said = writer.communicate(timeout=seconds)[0]
    assert writer.returncode == 0, said
    return said


def manifests(store, prefix=PREFIX):
    return [json.loads(store.read(key)) for key in store.keys(f"{prefix}/_manifest")]


def rows_of(store, file, prefix=PREFIX):
    table = pq.read_table(f"{store.bucket}/{prefix}/{file['path']}", filesystem=store.files, columns=["_offset"], partitioning=None)
    return sorted(table.column("_offset").to_pylist())


def test_a_bucket_has_the_same_bytes_as_a_directory(store):
    with tempfile.TemporaryDirectory(prefix="millrace_warehouse_") as folder:
        subprocess.run([DRIVER, folder, "10000", "2"], check=True, stdout=subprocess.DEVNULL, timeout=120)
        wait(driver(store, 10_000, 2))
        root = pathlib.Path(folder)
        there = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        assert {key[len(PREFIX) + 1:] for key in store.keys(PREFIX)} == set(there)
        assert len(there) == 5, "two files, two manifests, a partition's mark"
        for name, content in there.items():
            assert store.read(f"{PREFIX}/{name}") == content, name


def test_two_writers_of_the_same_plans_leave_the_first_ones_objects(store):
    first, second = driver(store, 5000, 12), driver(store, 5000, 12)
    wait(first), wait(second)
    written = {info.path: info.mtime_ns for info in store.files.get_file_info([f"{store.bucket}/{key}" for key in store.keys(PREFIX)])}
    assert len(manifests(store)) == 12
    for manifest in manifests(store):
        assert [rows_of(store, file) for file in manifest["files"]] == [list(range(5000))]
    time.sleep(1.1)
    wait(driver(store, 5000, 12))
    assert {info.path: info.mtime_ns for info in store.files.get_file_info([f"{store.bucket}/{key}" for key in store.keys(PREFIX)])} == written


def test_other_rows_under_the_plans_name_stop_the_sink(store):
    wait(driver(store, 1000, 1))
    [manifest] = [key for key in store.keys(PREFIX) if "_manifest" in key]
    store.files.delete_file(f"{store.bucket}/{manifest}")
    said = driver(store, 1001, 1).communicate(timeout=60)[0]
    assert f"stopped: s3://{store.bucket}/{PREFIX}/types/" in said and "has other rows than this plan's" in said
    assert not manifests(store)


def test_a_server_that_dies_is_waited_for(store):
    writer = driver(store, 3000, 400)
    said = []
    reader = threading.Thread(target=lambda: said.extend(writer.stdout))
    reader.start()
    for _ in range(3):
        before, end = len(said), time.monotonic() + 60
        while len(said) < before + 3:
            assert writer.poll() is None and time.monotonic() < end, said
            time.sleep(0.02)
        store.kill()
        time.sleep(1.5)
        store.start()
    while not any("durable 400" in line for line in said) and writer.poll() is None and len(manifests(store)) < 60:
        time.sleep(0.2)
    writer.kill(), writer.wait(), reader.join()
    assert any(line.startswith("waiting: the warehouse: ") and "127.0.0.1" in line for line in said), said[-5:]
    assert not any(line.startswith("stopped") for line in said)
    durable = sum(line.startswith("durable") for line in said)
    assert durable >= 9 and len(manifests(store)) >= durable
    for manifest in manifests(store):
        assert [rows_of(store, file) for file in manifest["files"]] == [list(range(3000))]


def test_a_bucket_that_is_not_there_is_named(store):
    store.files.delete_dir(store.bucket)
    writer = driver(store, 10, 1)
    assert "NoSuchBucket" in writer.stdout.readline()
    store.files.create_dir(store.bucket)
    assert "durable 1" in wait(writer)


def test_keys_that_are_wrong_are_named(store):
    writer = driver(store, 10, 1, AWS_SECRET_ACCESS_KEY="another")
    said = writer.stdout.readline()
    writer.kill(), writer.wait()
    assert "403" in said and "look at the credentials" in said


def test_killed_while_it_writes_it_leaves_nothing_or_all(store, tmp_path):
    for number, seconds in enumerate((0.2, 0.4, 0.7, 1.1)):
        prefix = f"killed {number}"
        writer = driver(store, 20_000, 100_000, prefix, TMPDIR=str(tmp_path))
        time.sleep(seconds)
        writer.kill(), writer.wait()
        named = [file for manifest in manifests(store, prefix) for file in manifest["files"]]
        for file in named:
            assert rows_of(store, file, prefix) == list(range(20_000))
        wait(driver(store, 20_000, len(named) + 1, prefix))  # whoever completes the plan under way finds what is there, and goes on
        assert len(manifests(store, prefix)) == len(named) + 1
    assert not list(tmp_path.iterdir()), "nothing is left of files in the making"
