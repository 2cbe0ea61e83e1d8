"""Counts every event with confluent-kafka, fastavro and plain HTTP: nothing of millrace's own code has a part in it."""
import collections, io, json, subprocess, time, urllib.request
import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from demo import BINARY, ROOT, TOPICS, ask, until

GROUP, DATABASE, DEAD_LETTERS = "millrace", "millrace", "millrace.dlq"
BROKER_STARTS = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE)  # just now: ask again
SCHEMAS = {topic: fastavro.parse_schema(json.loads((ROOT / f"contracts/avro/{topic}.avsc").read_text())) for topic in TOPICS}


def consumer(broker, group="witness"):
    return Consumer({"bootstrap.servers": broker, "group.id": group, "isolation.level": "read_committed", "enable.auto.commit": False,
                     "auto.offset.reset": "error", "enable.partition.eof": True})


def read_all(broker, topics):
    """Every committed record of the topics, from the first to the last."""
    reader = consumer(broker)
    try:
        known = reader.list_topics(timeout=20).topics
        partitions = [TopicPartition(t, p, reader.get_watermark_offsets(TopicPartition(t, p), timeout=20)[0]) for t in topics if t in known for p in known[t].partitions]
        reader.assign(partitions)
        left = len(partitions)
        while left:
            for message in reader.consume(5000, 0.2):  # waits so long for the last of them, too
                if message.error() is None:
                    yield message
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    left -= 1
                else:
                    raise AssertionError(message.error())
    finally:
        reader.close()


def committed(broker, group=GROUP):
    """The group's committed offset of each partition; where a commit is pending, the one before it, without waiting for it to be settled."""
    reader, end = Consumer({"bootstrap.servers": broker, "group.id": group, "isolation.level": "read_uncommitted", "enable.auto.commit": False}), time.monotonic() + 20
    try:
        known = reader.list_topics(timeout=20).topics
        asked = [TopicPartition(t, p) for t in TOPICS for p in known[t].partitions]
        while True:
            try:
                return {(at.topic, at.partition): at.offset for at in reader.committed(asked, timeout=20)}
            except KafkaException as error:
                if error.args[0].code() not in BROKER_STARTS or time.monotonic() > end:
                    raise
                time.sleep(0.2)
    finally:
        reader.close()


def rows(*servers):
    """(topic, partition, offset, event_id) of every row in ClickHouse, which is one server or several."""
    for server in servers:
        for topic in TOPICS:
            for name, partition, offset, event in ask(server, f"SELECT toString(_topic), _partition, _offset, toString(event_id) FROM {DATABASE}.{topic.replace('.', '_')}", timeout=120):
                yield name, int(partition), int(offset), event


def dead_letters(broker, topic=DEAD_LETTERS):
    """(topic, partition, offset, bytes) of every dead letter."""
    for message in read_all(broker, [topic]):
        headers = {name: value.decode() for name, value in message.headers() or []}
        yield headers["millrace.topic"], int(headers["millrace.partition"]), int(headers["millrace.offset"]), message.value()


def event_id(topic, value):
    """None for what is no event of the topic: those belong among the dead letters."""
    if not value or len(value) < 6 or value[0] != 0:
        return None
    try:
        body = io.BytesIO(value[5:])
        event = fastavro.schemaless_reader(body, SCHEMAS[topic], None)
        return str(event["event_id"]) if not body.read(1) else None
    except Exception:
        return None


def check_exactly_once(demo, least=1000, shards=()):
    """Every record of the log is exactly once either in ClickHouse (the demo's, unless there are shards), with its event id, or among the dead letters, with its bytes."""
    broker = demo.address("broker")
    log = log_of(broker)
    assert len(log) >= least, f"only {len(log)} records were sent: the test would show nothing"
    landed = collections.Counter()
    events = {}
    for topic, partition, offset, event in rows(*shards or [demo.address("clickhouse")]):
        landed[topic, partition, offset] += 1
        events[topic, partition, offset] = event
    letters = {}
    for topic, partition, offset, value in dead_letters(broker):
        landed[topic, partition, offset] += 1
        letters[topic, partition, offset] = value
    missing, doubled, strangers = log.keys() - landed.keys(), [at for at, n in landed.items() if n > 1], landed.keys() - log.keys()
    assert not missing and not doubled and not strangers, f"missing {len(missing)} {sorted(missing)[:5]}, doubled {len(doubled)} {sorted(doubled)[:5]}, not in the log {len(strangers)} {sorted(strangers)[:5]}"
    differing = [at for at, event in events.items() if event_id(at[0], log[at]) != event]
    differing += [at for at, value in letters.items() if value != log[at]]
    assert not differing, f"differing {len(differing)}: {sorted(differing)[:5]}"
    return len(log), len(letters)


def log_of(broker):
    """By (topic, partition, offset), the bytes of every committed record."""
    return {(m.topic(), m.partition(), m.offset()): m.value() for m in read_all(broker, TOPICS)}


def await_committed(broker, group, log, within=90):
    """Until the group has committed past every record of the log."""
    last = collections.defaultdict(int)
    for topic, partition, offset in log:
        last[topic, partition] = max(last[topic, partition], offset)
    until(f"{group} has everything", lambda: all(committed(broker, group)[tp] > at for tp, at in last.items()), within, 0.5)


def check_files_and_letters(log, there, letters):
    """`there` counts (topic, partition, offset, event id) of rows, `letters` (topic, partition, offset): together they are the log, each once."""
    assert not [row for row, times in there.items() if times > 1], "rows that are there twice"
    assert not [letter for letter, times in letters.items() if times > 1], "dead letters that are there twice"
    assert set(there) == {(*at, event_id(at[0], value)) for at, value in log.items() if event_id(at[0], value)}
    assert set(letters) == {at for at, value in log.items() if not event_id(at[0], value)}


def settle(demo, within=90):
    """No more load, and everything that was sent is delivered and committed."""
    demo.do("loadgen", "stop")
    broker = demo.address("broker")
    reader = consumer(broker)
    ends = {}
    known = reader.list_topics(timeout=20).topics
    for topic in TOPICS:
        for partition in known[topic].partitions:
            low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
            if high > low:
                ends[topic, partition] = high
    reader.close()

    # An aborted record or a marker may be the last thing in a partition: the committed offset then stands before it.
    def delivered():
        at = committed(broker)
        behind = {tp: end for tp, end in ends.items() if at[tp] < end}
        if not behind or all(end - at[tp] < 50 for tp, end in behind.items()) and stands(broker, at):
            return True
        return NotYet({tp: f"{at[tp]} of {end}" for tp, end in behind.items()})

    until("everything that was sent is delivered", delivered, within, 0.5)
    # A transaction that a killed broker left open hides what is behind it until it times out.
    until("no transaction is open among the dead letters", lambda: ends_of(broker, DEAD_LETTERS, "read_committed") == ends_of(broker, DEAD_LETTERS, "read_uncommitted"), within, 0.5)


def ends_of(broker, topic, isolation):
    reader = Consumer({"bootstrap.servers": broker, "group.id": "witness", "isolation.level": isolation})
    try:
        return {p: reader.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1] for p in reader.list_topics(topic, timeout=20).topics[topic].partitions}
    finally:
        reader.close()


class NotYet(dict):
    """Why not; false, so that until() goes on, and says it in the end."""

    def __bool__(self):
        return False


def stands(broker, at, group=GROUP):
    time.sleep(2)
    return committed(broker, group) == at


def audit(demo):
    said = subprocess.run([BINARY, "audit", "--brokers", demo.address("broker"), "--registry", demo.address("registry"), "--clickhouse", demo.address("clickhouse"),
                           "--database", DATABASE, "--group", GROUP, "--to-end"], capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr


def metric(demo, child, name, **labels):
    """The sum of a metric's samples that have these labels."""
    with urllib.request.urlopen(demo.address(child) + "/metrics", timeout=10) as answer:
        samples = [line for line in answer.read().decode().splitlines() if line.startswith((name + " ", name + "{"))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in samples if all(f'{label}="{value}"' in line for label, value in labels.items()))
