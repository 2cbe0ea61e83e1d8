"""The warehouse as its readers see it: what the sink wrote is read by pyarrow, DuckDB and ClickHouse, and is what was meant."""
import datetime
import decimal
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = pathlib.Path(os.environ.get("MILLRACE_WAREHOUSE_DRIVER", ROOT / "build/release/tests/warehouse/warehouse_driver"))
BINARY = pathlib.Path(os.environ.get("MILLRACE_BINARY", ROOT / "build/release/src/app/millrace"))
ROWS, PLANS = 10_000, 2
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
CONTEXT = decimal.Context(prec=80)


def named_files(root):
    """The rule for every reader: a file that no manifest names isn't there."""
    manifests = [json.loads(path.read_text()) for path in sorted((root / "_manifest").glob("*.json"))]
    return [str(root / file["path"]) for manifest in manifests for file in manifest["files"]]


def number(value, scale):
    return decimal.Decimal(value).scaleb(-scale, CONTEXT)


def at(ticks, a_second):
    return EPOCH + datetime.timedelta(seconds=ticks // a_second, microseconds=ticks % a_second * 1_000_000 // a_second)


def row(i):
    elements = range(i % 4)
    return {
        "bool": i % 2 == 1, "i8": i % 256 - 128, "i16": -(i % 30_000), "i32": -i, "i64": i * 10**12,
        "u8": i % 256, "u16": 65_535 - i % 60_000, "u32": 2**32 - 1 - i, "u64": 2**64 - 1 - i,
        "f32": (i % 1000) * 0.5, "f64": i * 0.25,
        "text": f"Grüße {i}", "bytes": b"\xff\x00" + str(i).encode(), "fixed": bytes([ord("a") + i % 26]) + b"x\0" + bytes([i % 256]),
        "uuid": uuid.UUID(bytes=struct.pack(">QQ", i, 0x80000000000000FF)),
        "day": datetime.date(1970, 1, 1) + datetime.timedelta(days=i % 20_000), "day32": datetime.date(1970, 1, 1) + datetime.timedelta(days=i % 20_000 - 10_000),
        "second": at(1_700_000_000 + i, 1), "milli": at(1_700_000_000_001 + i, 1000), "micro": at(1_700_000_000_000_001 + i, 10**6),
        "nano": 1_700_000_000_000_000_001 + i, "tenth": at(17_000_000_001 + i, 10),
        "enum": "abc"[i % 3], "sparse": ["low", "high", "none"][i % 3],
        "d9": number(i * 7 - 5000, 2), "d18": number(i * 1_000_003 - 77, 4), "d38": number(i * 1_000_000_007 - 12_345, 10), "d76": number(i * 11 - 400, 20),
        "n_i64": None if i % 3 == 0 else -i, "n_text": None if i % 3 == 1 else f"n{i}", "n_uuid": None if i % 3 == 2 else uuid.UUID(int=(i << 64) + 1),
        "lc": f"key {i % 10}", "lc_null": None if i % 4 == 0 else f"key {i % 4}",
        "list": [i + k for k in elements], "list_null": [None if k == 1 else f"e{k}" for k in elements], "list_lc": [f"lc{k}" for k in elements],
        "map": [(f"k{k}", i * k) for k in elements], "json": f'{{"i":{i}}}',
        "_partition": i % 8, "_offset": i, "_schema_id": 42,
        "_ingested_at": at(1_795_743_000_123, 1000), "_topic": "typed",
    }


@pytest.fixture(scope="module")
def warehouse():
    with tempfile.TemporaryDirectory(prefix="millrace_warehouse_") as folder:
        subprocess.run([DRIVER, folder, str(ROWS), str(PLANS)], check=True, stdout=subprocess.DEVNULL, timeout=300)
        yield pathlib.Path(folder)


def test_names_and_manifests_are_the_plans(warehouse):
    plans = [f"019a0000-0000-7000-0000-00000000000{n}" for n in (1, 2)]
    assert sorted(p.name for p in (warehouse / "_manifest").iterdir()) == [f"{p}.json" for p in plans]
    manifest = json.loads((warehouse / "_manifest" / f"{plans[0]}.json").read_text())
    path = f"types/date=2026-11-27/hour=01/{plans[0]}.parquet"
    assert manifest == {
        "version": 1, "pipeline": "demo", "plan": plans[0], "time_ms": 1_795_743_000_123,
        "ranges": [{"topic": "typed", "topic_id": "00000000-0000-0001-0000-000000000002", "partition": 0, "begin": 0, "end": ROWS, "records": ROWS}],
        "files": [{"path": path, "table": "types", "rows": ROWS, "bytes": (warehouse / path).stat().st_size,
                   "event_time_min_ms": 1_700_000_000_001, "event_time_max_ms": 1_700_000_000_000 + ROWS}],
    }


def test_pyarrow_reads_every_value(warehouse):
    for plan, path in enumerate(named_files(warehouse), 1):
        table = pq.read_table(path, partitioning=None)
        assert table.num_rows == ROWS
        nano = table.column("nano").cast(pa.int64()).to_pylist()
        rows = table.drop_columns(["nano"]).to_pylist()
        for i, found in enumerate(rows):
            expected = row(i)
            assert nano[i] == expected.pop("nano")
            assert found.pop("_plan") == uuid.UUID(int=(0x019A000000007000 << 64) + plan)
            assert found == expected, i


def test_types_are_those_of_the_document(warehouse):
    schema = pq.read_schema(named_files(warehouse)[0])
    types = {field.name: str(field.type) for field in schema}
    assert types["uuid"] == types["_plan"] == "extension<arrow.uuid>"
    assert types["second"] == types["milli"] == types["tenth"] == "timestamp[ms, tz=UTC]"
    assert types["micro"] == "timestamp[us, tz=UTC]" and types["nano"] == "timestamp[ns, tz=UTC]"
    assert types["d9"] == "decimal128(9, 2)" and types["d38"] == "decimal128(38, 10)" and types["d76"] == "decimal256(76, 20)"
    assert types["enum"] == types["lc"] == types["text"] == "string" and types["bytes"] == "binary"
    assert [field.name for field in schema if field.nullable] == ["n_i64", "n_text", "n_uuid", "lc_null"]


def test_row_groups_have_statistics_and_each_column_its_encoding(warehouse):
    metadata = pq.ParquetFile(named_files(warehouse)[0]).metadata
    assert metadata.num_row_groups == 3 and metadata.created_by == "millrace version 2"
    columns = {metadata.row_group(1).column(i).path_in_schema: metadata.row_group(1).column(i) for i in range(metadata.num_columns)}
    assert columns["_offset"].statistics.min == 4096 and columns["_offset"].statistics.max == 8191
    assert columns["lc"].statistics.min == "key 0" and columns["lc_null"].statistics.null_count == 1024
    assert all("RLE_DICTIONARY" in columns[name].encodings for name in ("lc", "lc_null", "enum", "_plan"))
    assert all("DELTA_BINARY_PACKED" in columns[name].encodings and not columns[name].has_dictionary_page for name in ("_offset", "i64", "n_i64", "milli", "d18"))
    assert not columns["uuid"].has_dictionary_page and columns["uuid"].statistics is None
    assert all(column.compression == "ZSTD" for column in columns.values())


def sums():
    rows = [row(i) for i in range(ROWS)]
    total = lambda name: PLANS * sum(r[name] for r in rows if r[name] is not None)
    return {
        "rows": PLANS * ROWS, "i64": total("i64"), "u64": total("u64"), "d9": total("d9"), "d18": total("d18"), "d38": total("d38"),
        "n_i64": total("n_i64"), "nulls": PLANS * sum(r["lc_null"] is None for r in rows), "enum_b": PLANS * sum(r["enum"] == "b" for r in rows),
        "list": PLANS * sum(sum(r["list"]) for r in rows), "map": PLANS * sum(v for r in rows for _, v in r["map"]),
        "letters": PLANS * sum(len(r["text"]) for r in rows), "bytes": PLANS * sum(len(r["bytes"]) for r in rows),
        "uuid": str(max(r["uuid"] for r in rows)), "milli": max(int((r["milli"] - EPOCH) / datetime.timedelta(milliseconds=1)) for r in rows),
        "nano": max(r["nano"] for r in rows), "day32": str(min(r["day32"] for r in rows)),
    }


def same(found, expected):
    for (name, value), text in zip(expected.items(), found, strict=True):
        if isinstance(value, str):
            assert str(text) == value, name
        else:
            assert decimal.Decimal(str(text)) == decimal.Decimal(str(value)), name


def test_duckdb_counts_the_same(warehouse):
    found = duckdb.execute(
        """SELECT count(*), sum(i64), sum(u64::HUGEINT), sum(d9), sum(d18), sum(d38), sum(n_i64), count(*) FILTER (lc_null IS NULL), count(*) FILTER (enum = 'b'),
                  sum(list_sum(list)), sum(list_sum(map_values(map))), sum(length(text)), sum(octet_length(bytes)), max(uuid)::VARCHAR,
                  max(epoch_ms(milli)), max(epoch_ns(nano)), min(day32)::VARCHAR FROM read_parquet(?, hive_partitioning = false)""", [named_files(warehouse)]).fetchone()
    same(found, sums())


@pytest.fixture
def clickhouse():
    if not os.access(BINARY, os.X_OK):
        pytest.skip(f"{BINARY} isn't built")
    with tempfile.TemporaryDirectory(prefix="millrace_warehouse_ch_") as data:
        with open(pathlib.Path(data) / "log", "w+") as log:
            server = subprocess.Popen([BINARY, "clickhouse-embedded", "--data", f"{data}/data", "--port", str(port := random.randint(20_000, 30_000))], stdout=log, stderr=log)
            def ask(query):
                body = urllib.parse.urlencode({"query": query})
                try:
                    return urllib.request.urlopen(f"http://127.0.0.1:{port}/?{body}", timeout=60).read().decode()
                except urllib.error.HTTPError as e:
                    raise AssertionError(e.read().decode()) from e
            for _ in range(600):
                try:
                    ask("SELECT 1")
                    break
                except OSError:
                    assert server.poll() is None, (log.seek(0), log.read())
                    time.sleep(0.1)
            yield ask
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def test_clickhouse_counts_the_same(warehouse, clickhouse):
    paths = [pathlib.Path(path) for path in named_files(warehouse)]
    files = f"{paths[0].parent}/{{{','.join(path.name for path in paths)}}}"
    found = clickhouse(
        f"""SELECT count(), sum(toInt128(i64)), sum(toUInt128(u64)), sum(d9), sum(d18), sum(d38), sum(n_i64), countIf(lc_null IS NULL), countIf(enum = 'b'),
                   sum(arraySum(list)), sum(arraySum(mapValues(map))), sum(lengthUTF8(text)), sum(length(bytes)), max(uuid),
                   max(toUnixTimestamp64Milli(milli)), max(toUnixTimestamp64Nano(nano)), min(day32)
            FROM file('{files}', 'Parquet') FORMAT TabSeparated""")
    same(found.rstrip("\n").split("\t"), sums())


def test_killed_while_it_writes_it_leaves_nothing_or_all():
    whole = 0
    for seconds in (0.3, 0.5, 0.8, 1.3):
        with tempfile.TemporaryDirectory(prefix="millrace_warehouse_") as folder:
            root = pathlib.Path(folder)
            writer = subprocess.Popen([DRIVER, folder, "20000", "100000"], stdout=subprocess.DEVNULL)
            time.sleep(seconds)
            writer.kill()
            writer.wait()
            if (root / "_manifest").exists():
                for path in named_files(root):
                    assert pq.read_table(path, columns=["_offset"], partitioning=None).num_rows == 20_000
                    whole += 1
    assert whole > 0, "no plan was finished before its writer was killed"


def test_a_full_disk_is_waited_for():
    with tempfile.TemporaryDirectory(prefix="millrace_warehouse_") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"mount: {mounted.stderr.strip()}")
        writer = None
        try:
            root = pathlib.Path(folder)
            (root / "ballast").write_bytes(bytes(900_000))
            writer = subprocess.Popen([DRIVER, folder, "20000", "1"], stdout=subprocess.PIPE, text=True)
            assert "No space left on device" in writer.stdout.readline()
            assert not list(root.rglob("*.json"))
            (root / "ballast").unlink()
            subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)
            assert "durable 1" in writer.communicate(timeout=60)[0]
            assert pq.read_metadata(named_files(root)[0]).num_rows == 20_000
            assert not list(root.rglob(".*.tmp"))
        finally:
            if writer:
                writer.kill()
                writer.wait()
            subprocess.run(["umount", folder], check=True)
