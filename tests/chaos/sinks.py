"""What is in each sink, read by others' code: plain HTTP, confluent-kafka and fastavro, gRPC's reflection, pyarrow."""
import collections, io, json, pathlib, urllib.request
from decimal import Decimal
import fastavro
import pyarrow.parquet as parquet
from billing_client import Billing
from demo import TOPICS
from witness import DATABASE, GROUP

MONEY, NET = ("order.created", "payment.processed"), ("order.created",)
LEFT_OUT = "millrace_left_out"  # the table of how many records rules left out


def number(text):
    return None if text is None else Decimal(text)


def table_of(topic):
    return f"{DATABASE}.{topic.replace('.', '_')}"


def rows_since(demo, begins):
    """((topic, partition, offset), (event id, tenant, amount, net)) of every row from these offsets on."""
    for topic in TOPICS:
        amount, net = "toString(amount)" if topic in MONEY else "NULL", "toString(net)" if topic in NET else "NULL"
        since = " OR ".join(f"(_partition = {p} AND _offset >= {offset})" for (t, p), offset in begins.items() if t == topic)
        for name, partition, offset, event, tenant, *numbers in demo.query(
                f"SELECT toString(_topic), _partition, _offset, toString(event_id), tenant, {amount}, {net} FROM {table_of(topic)} WHERE {since}", timeout=120):
            yield (name, int(partition), int(offset)), (event, tenant, *map(number, numbers))


def row_counts(demo, begins):
    """How many rows each partition has before these offsets."""
    counts = {}
    for topic in TOPICS:
        before = " OR ".join(f"(_partition = {p} AND _offset < {offset})" for (t, p), offset in begins.items() if t == topic)
        for name, partition, count in demo.query(f"SELECT toString(_topic), _partition, count() FROM {table_of(topic)} WHERE {before} GROUP BY 1, 2", timeout=120):
            counts[name, int(partition)] = int(count)
    return counts


def left_out(demo):
    """How many records of each partition rules left out, since the beginning."""
    return {(topic, int(partition)): int(count) for topic, partition, count in demo.query(
        f"SELECT toString(_topic), _partition, sum(left_out) FROM {DATABASE}.{LEFT_OUT} GROUP BY 1, 2 HAVING sum(left_out) > 0", timeout=60)}


def letter_of(message):
    headers = {name: value.decode() for name, value in message.headers() or []}
    return (headers["millrace.topic"], int(headers["millrace.partition"]), int(headers["millrace.offset"])), message.value()


class AlertReader:
    def __init__(self, registry):
        self.registry, self.schemas = registry, {}

    def alert_of(self, message):
        """(alert_id, (tenant, severity, key))."""
        value = message.value()
        schema = int.from_bytes(value[1:5], "big")
        if schema not in self.schemas:
            with urllib.request.urlopen(f"{self.registry}/schemas/ids/{schema}", timeout=20) as answer:
                self.schemas[schema] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        alert = fastavro.schemaless_reader(io.BytesIO(value[5:]), self.schemas[schema], None)
        return alert["alert_id"], (alert["tenant"], alert["severity"], message.key().decode())


def usage(demo, tenants):
    """What is billed, by (tenant, meter, begin of the window)."""
    billing, billed = Billing(demo.address("billing")), collections.defaultdict(Decimal)
    try:
        for tenant in tenants:
            for row in billing.call("Usage", tenant=tenant, from_ms=0, to_ms=4_000_000_000_000):
                billed[tenant, row.meter, row.window_start_ms] += Decimal(row.value) + Decimal(row.adjustments)
    finally:
        billing.channel.close()
    return dict(billed)


def watermarks(demo):
    billing = Billing(demo.address("billing"))
    try:
        return {(mark.topic, mark.partition): mark.expected for mark in billing.call("Watermarks", pipeline=GROUP).watermarks}
    finally:
        billing.channel.close()


def new_manifests(demo, seen):
    """Those that aren't in `seen` yet, by name; they are in it then."""
    there = {}
    for path in pathlib.Path(demo.address("data"), "warehouse/_manifest").glob("*.json"):
        if path.name not in seen:
            there[path.name] = json.loads(path.read_text())
    seen.update(there)
    return there


def warehouse_left_out(demo, manifests):
    """As left_out(), of the files that these manifests name."""
    root, counts = pathlib.Path(demo.address("data"), "warehouse"), collections.Counter()
    for file in (file for manifest in manifests.values() for file in manifest["files"] if file["table"] == LEFT_OUT):
        rows = parquet.ParquetFile(root / file["path"]).read(columns=["_topic", "_partition", "left_out"])
        for topic, partition, count in zip(*(rows.column(name).to_pylist() for name in ("_topic", "_partition", "left_out"))):
            counts[topic, partition] += count
    return counts


def warehouse_rows(demo, manifests):
    """As rows_since(), of the files that these manifests name."""
    root = pathlib.Path(demo.address("data"), "warehouse")
    for manifest in manifests.values():
        for file in (file for file in manifest["files"] if file["table"] != LEFT_OUT):
            source = parquet.ParquetFile(root / file["path"])
            names = ["_topic", "_partition", "_offset", "event_id", "tenant", *(name for name in ("amount", "net") if name in source.schema_arrow.names)]
            rows = source.read(columns=names)
            if rows.num_rows != file["rows"]:
                raise AssertionError(f"{file['path']} has {rows.num_rows} rows, its manifest says {file['rows']}")
            columns = {name: rows.column(name).to_pylist() for name in names}
            nothing = [None] * rows.num_rows
            for topic, partition, offset, event, tenant, amount, net in zip(*(columns.get(name, nothing) for name in (
                    "_topic", "_partition", "_offset", "event_id", "tenant", "amount", "net"))):
                yield (topic, partition, offset), (str(event), tenant, amount, net)
