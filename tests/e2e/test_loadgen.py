"""What the load generator sends, read by witnesses that share no code with it: confluent-kafka and fastavro."""
import http.server, io, json, subprocess, threading
import fastavro
from confluent_kafka import Consumer, TopicPartition
from demo import BINARY, ROOT, TOPICS

ARGUMENTS = ["--seed", "11", "--start-ms", "1790000000000", "--rate", "4000", "--events", "8000", "--aborts", "0.3",
             "--bad", "truncated=0.01,unknown_schema=0.01,wrong_magic=0.01,empty=0.01,tombstone=0.01"]


class Registry(http.server.BaseHTTPRequestHandler):
    """Gives the first ids to the schemas as they come."""
    ids = {}

    def log_message(self, *_):
        pass

    def do_POST(self):
        schema = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["schema"]
        subject = self.path.split("/")[2]
        answer = json.dumps({"id": self.ids.setdefault(subject, len(self.ids) + 1)}).encode()
        assert schema == (ROOT / "contracts/avro" / (subject.removesuffix("-value") + ".avsc")).read_text()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def read(address, topic, isolation):
    """Every record of the topic, by partition."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": "witness", "isolation.level": isolation, "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = [TopicPartition(topic, p, 0) for p in consumer.list_topics(topic, 20).topics[topic].partitions]
    consumer.assign(partitions)
    records, open_partitions = [], len(partitions)
    while open_partitions:
        message = consumer.poll(20)
        assert message is not None, f"{topic}: the end wasn't reached within 20 s"
        if message.error():
            open_partitions -= 1
        else:
            records.append((message.key(), message.value()))
    consumer.close()
    return records


def kind_of(value, schema, schema_id):
    if value is None:
        return "tombstone"
    if value == b"":
        return "empty"
    if value[0] != 0:
        return "wrong_magic"
    if len(value) >= 5 and int.from_bytes(value[1:5], "big") != schema_id:
        return "unknown_schema"
    try:
        datum = io.BytesIO(value[5:])
        fastavro.schemaless_reader(datum, schema, None)
        return "good" if len(value) > 5 and datum.read() == b"" else "trailing bytes"
    except (EOFError, IndexError, ValueError):
        return "truncated"


def test_what_is_sent_is_what_the_summary_says_and_fastavro_reads_it(make_demo, data):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    demo = make_demo("--only", "broker", "--quiet")
    broker, summary = demo.address("broker"), data / "summary.json"
    done = subprocess.run([BINARY, "loadgen", "--brokers", broker, "--registry", f"http://127.0.0.1:{server.server_port}", "--json", summary, *ARGUMENTS],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(summary.read_text())
    assert told["sent"] + told["aborted"] + told["unknown"] == 8000 and told["aborted"] > 0 and told["unknown"] == 0
    for topic in TOPICS:
        schema = fastavro.parse_schema(json.loads((ROOT / "contracts/avro" / f"{topic}.avsc").read_text()))
        kinds = dict.fromkeys(["good", "truncated", "unknown_schema", "wrong_magic", "empty", "tombstone"], 0)
        for key, value in read(broker, topic, "read_committed"):
            assert key
            kind = kind_of(value, schema, Registry.ids[topic + "-value"])
            kinds[kind] = kinds.get(kind, 0) + 1
        told_here = told["topics"][topic]
        assert kinds | {"aborted": told_here["aborted"]} == told_here
        assert len(read(broker, topic, "read_uncommitted")) > sum(kinds.values()), "the log holds no aborted records"
    server.shutdown()
