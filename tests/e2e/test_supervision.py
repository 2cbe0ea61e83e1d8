"""The demo's own promises: children and gates do what they are told, nothing is left behind, state survives."""
import socket, subprocess, urllib.error, urllib.request
import psutil, pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from demo import BINARY, Refused, until


def make_topic(address):
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic("t", 1)])["t"].result(20)


def write(address, topic, count):
    producer = Producer({"bootstrap.servers": address, "message.timeout.ms": 20000})
    failures = []
    for i in range(count):
        producer.produce(topic, value=b"%d" % i, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0 and not failures, failures


def log_end(address, topic):
    consumer = Consumer({"bootstrap.servers": address, "group.id": "witness"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1]
    finally:
        consumer.close()


def test_broker_and_engine_are_killed_frozen_restarted_and_keep_what_they_acknowledged(make_demo):
    demo = make_demo("--only", "broker,clickhouse", "--quiet")
    broker = demo.address("broker")
    make_topic(broker)
    write(broker, "t", 100)
    first = demo.child("broker")["pid"]
    demo.do("broker", "kill")
    assert demo.child("broker")["exit_code"] == 128 + 9 and not psutil.pid_exists(first)
    demo.do("broker", "start")
    assert demo.child("broker")["pid"] != first
    until("the broker answers again with what it had", lambda: log_end(broker, "t") == 100)

    demo.query("SELECT 1")
    demo.do("clickhouse", "freeze")
    assert demo.child("clickhouse")["state"] == "frozen"
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        demo.query("SELECT 1", timeout=1)
    demo.do("clickhouse", "thaw")
    assert demo.query("SELECT 1", timeout=20) == [[1]]
    demo.do("clickhouse", "restart")
    assert demo.query("SELECT 2", timeout=20) == [[2]]
    assert demo.child("clickhouse")["starts"] == 2

    pids = [child["pid"] for child in demo.state()["children"]]
    assert demo.stop() == 0
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    demo.start()  # goes on where it stopped
    assert log_end(demo.address("broker"), "t") == 100


def test_gates_stand_between_a_worker_and_broker_and_engine(make_demo):
    demo = make_demo("--only", "broker,clickhouse", "--quiet")
    make_topic(demo.address("broker"))
    gate = f"127.0.0.1:{demo.gate_state('worker-1-broker')['port']}"
    write(gate, "t", 50)
    went = demo.gate_state("worker-1-broker")["bytes_to_server"]
    assert went > 500, "the broker must send its clients back to the gate, not past it"
    assert demo.gate_state("worker-2-broker")["connections"] == 0
    demo.gate("worker-1-broker", "lose_reply", kafka_api=0, count=1)  # the reply to a Produce
    producer = Producer({"bootstrap.servers": gate, "enable.idempotence": True, "message.timeout.ms": 20000})
    producer.produce("t", value=b"once")
    assert producer.flush(30) == 0
    assert demo.gate_state("worker-1-broker")["replies_lost"] == 1
    assert log_end(demo.address("broker"), "t") == 51, "written once, although its first reply was lost"
    demo.gate("worker-1-clickhouse", "refuse")
    port = demo.gate_state("worker-1-clickhouse")["port"]
    until("refused", lambda: socket.socket().connect_ex(("127.0.0.1", port)) != 0, 5)
    assert demo.query("SELECT 1") == [[1]], "others don't come through this gate"


def test_refusals_say_what_there_is_and_metrics_which_children_run(make_demo):
    demo = make_demo("--only", "clickhouse", "--quiet")

    def up():
        with urllib.request.urlopen(demo.control + "/metrics", timeout=10) as answer:
            return next(line for line in answer.read().decode().splitlines() if line.startswith('millrace_demo_child_up{child="clickhouse"}')).split()[-1]

    assert up() == "1"
    demo.do("clickhouse", "freeze")
    assert up() == "0"
    demo.do("clickhouse", "thaw")
    for call, code, word in [(lambda: demo.do("nobody", "kill"), 404, "nobody"), (lambda: demo.gate("worker-1-broker", "tickle"), 400, "lose_reply"),
                             (lambda: demo.gate("x-y", "pass"), 404, "x-y"), (lambda: demo.do("clickhouse", "stop") and demo.do("clickhouse", "freeze"), 409, "isn't running")]:
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.args[0] == code and word in refused.value.args[1]


def test_no_child_survives_a_demo_that_is_killed(make_demo):
    demo = make_demo("--only", "broker,clickhouse", "--quiet")
    pids = [child["pid"] for child in demo.state()["children"]]
    assert len(pids) == 2 and all(psutil.pid_exists(pid) for pid in pids)
    demo.abandon()
    until("all children are gone", lambda: not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"])


def test_a_taken_port_and_a_taken_directory_are_named_in_a_sentence(make_demo, data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = subprocess.run([BINARY, "demo", "--data", str(data), "--ports", str(port)], capture_output=True, text=True, timeout=30)
    assert said.returncode == 1 and f"port {port}" in said.stderr and "--ports" in said.stderr
    make_demo("--only", "clickhouse", "--quiet")
    said = subprocess.run([BINARY, "demo", "--data", str(data)], capture_output=True, text=True, timeout=30)
    assert said.returncode == 1 and "another demo" in said.stderr
