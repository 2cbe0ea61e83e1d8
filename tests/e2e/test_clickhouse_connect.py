"""clickhouse-connect, as it comes from PyPI, against `millrace clickhouse-embedded`: what a tool in Python may take for granted."""
import datetime, decimal, subprocess, uuid
import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from demo import BINARY, until

CODINGS = [False, True, "lz4", "zstd", "gzip"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clickhouse")
    with open(folder / "out", "w+") as out:
        process = subprocess.Popen([BINARY, "clickhouse-embedded", "--data", str(folder / "data"), "--port", "0", "--user", "app", "--password", "s3cret"],
                                   stdout=out, stderr=subprocess.STDOUT)

        def port():
            assert process.poll() is None, (folder / "out").read_text()
            lines = [line for line in (folder / "out").read_text().splitlines() if line.startswith("listening on ")]
            return lines and int(lines[0].rsplit(":", 1)[1])

        yield until("clickhouse-embedded listens", port)
        process.terminate()
        assert process.wait(30) == 0


def connect(server, **options):
    return clickhouse_connect.get_client(**{"host": "127.0.0.1", "port": server, "username": "app", "password": "s3cret", **options})


@pytest.fixture
def client(server):
    with connect(server) as made:
        yield made


@pytest.fixture
def events(client):
    client.command("DROP TABLE IF EXISTS events")
    client.command(
        """CREATE TABLE events (id UInt64, at DateTime64(3, 'UTC'), tenant LowCardinality(String), total Decimal(18, 2), note Nullable(String),
                                tags Array(String), attributes Map(String, Int32), key UUID) ENGINE = MergeTree ORDER BY id""")
    return "events"


def row(i):
    return [i, datetime.datetime(2026, 11, 27, 1, 2, 3, 456_000, datetime.UTC) + datetime.timedelta(seconds=i), f"tenant-{i % 7}", decimal.Decimal(i) / 4,
            None if i % 3 else f"note {i} ✓", [f"t{j}" for j in range(i % 4)], {"a": i, "b": -i}, uuid.UUID(int=i)]


COLUMNS = ["id", "at", "tenant", "total", "note", "tags", "attributes", "key"]


def test_a_client_is_made_and_knows_the_server(client):
    assert int(client.server_version.split(".")[0]) >= 24
    assert str(client.server_tz) == "UTC"
    assert "max_threads" in client.server_settings


def test_ping_and_command(client):
    assert client.ping()
    assert client.command("SELECT 1 + 1") == 2
    assert client.command("SELECT 'a', 'b'") == ["a", "b"]


@pytest.mark.parametrize("coding", CODINGS, ids=str)
def test_what_is_inserted_comes_back(server, events, coding):
    with connect(server, compress=coding, tz_mode="aware") as client:
        rows = [row(i) for i in range(5000)]
        summary = client.insert(events, rows, column_names=COLUMNS)
        assert summary.written_rows == 5000
        result = client.query(f"SELECT * FROM {events} ORDER BY id")
        assert result.column_names == tuple(COLUMNS)
        assert [list(found) for found in result.result_rows] == rows


@pytest.mark.parametrize("coding", CODINGS, ids=str)
def test_a_large_insert_is_one_stream_of_blocks(server, events, coding):
    with connect(server, compress=coding) as client:
        client.insert(events, [[i, f"tenant-{i}"] for i in range(300_000)], column_names=["id", "tenant"])
        assert client.command(f"SELECT concat(toString(count()), ' ', toString(sum(id)), ' ', toString(uniqExact(tenant))) FROM {events}") == "300000 44999850000 300000"


@pytest.mark.parametrize("coding", CODINGS, ids=str)
def test_a_query_is_streamed(server, coding):
    with connect(server, compress=coding) as client:
        with client.query_rows_stream("SELECT number, toString(number) FROM numbers(500000)") as stream:
            total = sum(number for number, text in stream)
        assert total == 499_999 * 500_000 // 2
        with client.query_row_block_stream("SELECT number FROM numbers(200000)", settings={"max_block_size": 10_000}) as stream:
            assert sum(len(block) for block in stream) == 200_000


def test_raw_inserts_and_queries(client, events):
    client.raw_insert(events, ["id", "tenant"], '{"id": 1, "tenant": "a"}\n{"id": 2, "tenant": "b"}\n', fmt="JSONEachRow")
    client.raw_insert(events, ["id", "tenant"], b"3,c\n4,d\n", fmt="CSV")
    assert client.raw_query(f"SELECT id, tenant FROM {events} ORDER BY id", fmt="CSV") == b'1,"a"\n2,"b"\n3,"c"\n4,"d"\n'
    with client.raw_stream(f"SELECT id FROM {events} ORDER BY id", fmt="TabSeparated") as stream:
        assert stream.read() == b"1\n2\n3\n4\n"


@pytest.mark.parametrize("coding", ["gzip", "lz4", "zstd"])
def test_a_raw_insert_may_be_compressed_by_its_caller(client, events, coding):
    from clickhouse_connect.driver.compression import get_compressor
    compressor = get_compressor(coding)
    body = bytes(compressor.compress_block(bytearray(b"1,a\n2,b\n"))) + bytes(compressor.flush() or b"")
    client.raw_insert(events, ["id", "tenant"], body, fmt="CSV", compression=coding)
    assert client.command(f"SELECT count() FROM {events}") == 2


def test_a_raw_insert_that_is_cut_short_inserts_nothing(client, events):
    from clickhouse_connect.driver.compression import get_compressor
    body = bytes(get_compressor("zstd").compress_block(bytearray(b"1,a\n2,b\n" * 1000)))
    with pytest.raises(DatabaseError) as refused:
        client.raw_insert(events, ["id", "tenant"], body[:-1], fmt="CSV", compression="zstd")
    assert refused.value.code == 33
    assert client.command(f"SELECT count() FROM {events}") == 0


def test_parameters_are_bound_by_the_server(client):
    result = client.query("SELECT {name:String}, {n:Int64} + 1", parameters={"name": "it's", "n": 41})
    assert result.first_row == ("it's", 42)
    assert client.query("SELECT %(a)s", parameters={"a": "x'y"}).first_row == ("x'y",)


def test_settings_hold_for_their_query(client):
    ask = "SELECT value FROM system.settings WHERE name = 'max_threads'"
    assert client.query(ask, settings={"max_threads": 3}).first_row == ("3",)
    assert client.query(ask).first_row != ("3",)


@pytest.mark.parametrize("statement, code", [("SELECT * FROM nowhere", 60), ("SELECT nothing", 47), ("SELEC 1", 62), ("SELECT throwIf(1)", 395)])
def test_errors_are_exceptions_with_their_code(client, statement, code):
    with pytest.raises(DatabaseError) as refused:
        client.query(statement)
    assert refused.value.code == code and f"Code: {code}" in str(refused.value)
    assert client.command("SELECT 1") == 1, "the connection is as good as before"


def test_an_insert_that_is_refused_inserts_nothing(client, events):
    with pytest.raises(DatabaseError):
        client.insert(events, [[1, "x"]], column_names=["id", "nosuch"], column_type_names=["UInt64", "String"])
    assert client.command(f"SELECT count() FROM {events}") == 0


def test_a_wrong_password_is_refused(server):
    with pytest.raises(DatabaseError) as refused:
        connect(server, password="guess")
    assert refused.value.code == 516


@pytest.mark.parametrize("generate", [True, False])
def test_sessions_are_taken(server, generate):
    with connect(server, autogenerate_session_id=generate) as client:
        assert client.command("SELECT 1") == 1
        assert client.query("SELECT number FROM numbers(3)").result_rows == [(0,), (1,), (2,)]


def test_a_database_of_its_own(client, server):
    client.command("CREATE DATABASE IF NOT EXISTS other")
    with connect(server, database="other") as there:
        there.command("CREATE TABLE IF NOT EXISTS t (n Int32) ENGINE = Memory")
        there.insert("t", [[1], [2]], column_names=["n"])
        assert there.command("SELECT currentDatabase()") == "other"
    assert client.command("SELECT sum(n) FROM other.t") == 3


def test_the_wait_for_the_end_and_progress_headers_are_taken(client):
    assert client.query("SELECT sum(number) FROM numbers(1000)", settings={"wait_end_of_query": 1, "send_progress_in_http_headers": 1}).first_row == (499_500,)
