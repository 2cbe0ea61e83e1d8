"""Partitions that stand still, of real workers: an offset set by hand, and a plan that can't be completed. The operator's commands set
them going again, and a witness finds every event exactly once afterwards."""
import io, json, subprocess, time, urllib.request
import fastavro
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from demo import BINARY, until
from witness import DATABASE, GROUP, SCHEMAS, audit, check_exactly_once, committed, consumer, metric, settle

WORKERS = ["worker-1", "worker-2"]


@pytest.fixture
def demo(make_demo):
    demo = make_demo("--rate", "500", "--linger-ms", "200", "--session-timeout-ms", "6000", "--quiet", "--loadgen-option=--bad=truncated=0.001,tombstone=0.001")
    until("events flow", lambda: demo.state()["figures"]["delivered"] > 1000, 60)
    return demo


def millrace(demo, *arguments):
    """The command with the first worker's own settings; its exit status, and its answer."""
    command, act, *rest = arguments
    said = subprocess.run([BINARY, command, act, *rest, "--settings", str(demo.data / "worker-1.yaml"), "--json"], capture_output=True, text=True, timeout=180)
    return said.returncode, json.loads(said.stdout) if said.stdout else said.stderr


def stopped(demo, reason):
    return sum(metric(demo, worker, "millrace_partitions_stopped", reason=reason) for worker in WORKERS)


def partition_of(shown, topic, partition):
    return next(p for p in shown["partitions"] if (p["topic"], p["partition"]) == (topic, partition))


def moves_on(demo, *partitions):
    before = committed(demo.address("broker"))
    until(f"{partitions} move on", lambda: all(committed(demo.address("broker"))[p] > before[p] for p in partitions), 60, 0.5)


def set_by_hand(broker, topic, partition, offset):
    """As any tool does it; the group must have no members, and the workers' places are kept for them until their session ends."""
    admin = AdminClient({"bootstrap.servers": broker})

    def done():
        asked = [ConsumerGroupTopicPartitions(GROUP, [TopicPartition(topic, partition, offset)])]
        try:
            return admin.alter_consumer_group_offsets(asked)[GROUP].result(30).topic_partitions[0].error is None
        except KafkaException:
            return False

    until("the offset is set", done, 30, 0.5)


def test_an_offset_set_by_hand_stops_its_partition_until_it_is_accepted(demo):
    for worker in WORKERS:
        demo.do(worker, "stop")
    broker = demo.address("broker")
    topic, partition = next((t, p) for (t, p), at in committed(broker).items() if t == "order.created" and at > 0)
    offset = committed(broker)[topic, partition]
    set_by_hand(broker, topic, partition, offset)
    for worker in WORKERS:
        demo.do(worker, "start")
    until("a worker says that a partition stands still", lambda: stopped(demo, "offset") == 1, 60)
    other = next((t, p) for (t, p), at in committed(broker).items() if (t, p) != (topic, partition) and at > 0)
    moves_on(demo, other)
    assert committed(broker)[topic, partition] == offset

    status, shown = millrace(demo, "offsets", "show")
    assert status == 2 and partition_of(shown, topic, partition)["state"] == "unmarked"
    assert partition_of(shown, *other)["state"] in ("goes_on", "plan_pending")
    status, said = millrace(demo, "offsets", "accept", f"{other[0]}/{other[1]}")
    assert status == 1 and "goes on" in said
    status, said = millrace(demo, "offsets", "accept", f"{topic}/{partition}")
    assert status == 0, said
    moves_on(demo, (topic, partition), other)
    until("nothing stands still", lambda: stopped(demo, "offset") == 0, 30)
    assert millrace(demo, "offsets", "show")[0] == 0
    settle(demo)
    check_exactly_once(demo)
    audit(demo)


def plant_row(demo, plan, planned):
    """One of the plan's rows, as if its insert had been torn: nobody can say any more how the plan is to be completed."""
    topic, partition = planned["topic"], planned["partition"]
    reader = consumer(demo.address("broker"))
    reader.assign([TopicPartition(topic, partition, planned["begin"])])
    event = None
    while event is None:
        record = reader.poll(20)
        assert record is not None and record.error() is None and record.offset() < planned["end"]
        if record.value() and record.value()[0] == 0:
            try:
                event = fastavro.schemaless_reader(io.BytesIO(record.value()[5:]), SCHEMAS[topic], None)
            except (EOFError, IndexError, ValueError):
                continue
    reader.close()
    statement = (f"INSERT INTO {DATABASE}.{topic.replace('.', '_')} (event_id, _plan, _topic, _partition, _offset, _deadline) "
                 f"VALUES ('{event['event_id']}', {plan}, '{topic}', {partition}, {record.offset()}, now() + 60)")
    urllib.request.urlopen(urllib.request.Request(demo.address("clickhouse") + "/", data=statement.encode()), timeout=30).read()


def torn_range(plan):
    """A range of the plan of which no row is in ClickHouse, of a table with several."""
    empty = [table["topic"] for table in plan["tables"] if table["rows"] == 0]
    planned = lambda topic: sum(r["records"] for r in plan["ranges"] if r["topic"] == topic)
    return next((r for r in plan["ranges"] if r["topic"] in empty and planned(r["topic"]) >= 4 and r["records"] >= 2), None)


def leave_a_plan_without_rows(demo):
    """Cuts the workers off from ClickHouse until a plan of theirs is committed and a table of it not written, and kills them."""
    by_hand = ["--brokers", demo.address("broker"), "--group", GROUP, "--clickhouse", demo.address("clickhouse"), "--database", DATABASE]

    def left():
        for worker in WORKERS:
            demo.gate(f"{worker}-clickhouse", "refuse")
        time.sleep(1)
        shown = json.loads(subprocess.run([BINARY, "plan", "show", "--json", *by_hand], capture_output=True, text=True, timeout=60).stdout)
        plan = next((plan for plan in shown["plans"] if torn_range(plan)), None)
        for worker in WORKERS:
            if plan:
                demo.do(worker, "kill")
            demo.gate(f"{worker}-clickhouse", "pass")
        return plan

    return until("a plan is committed, and not written", left, 60, 1)


def test_a_plan_that_cannot_be_completed_is_retried_and_given_up(demo):
    plan = leave_a_plan_without_rows(demo)
    torn = torn_range(plan)
    shown = millrace(demo, "plan", "show")[1]
    carrying = [(p["topic"], p["partition"]) for p in shown["partitions"] if p.get("plan") == plan["id"]]
    plant_row(demo, int(plan["id"].replace("-", ""), 16), torn)
    status, said = millrace(demo, "plan", "abandon", plan["id"])
    assert status == 1 and "doesn't stand still" in said
    for worker in WORKERS:
        demo.do(worker, "start")

    def all_stopped():
        now = millrace(demo, "plan", "show")[1]
        return all(partition_of(now, *p)["state"] == "plan_stopped" for p in carrying)

    until("the plan's partitions stand still", all_stopped, 60, 0.5)
    assert stopped(demo, "plan") == len(carrying)
    status, said = millrace(demo, "plan", "retry", plan["id"])
    assert status == 0 and len(said["retried"]) == len(carrying), said
    until("it is tried again, and can't be completed either", all_stopped, 60, 0.5)

    status, said = millrace(demo, "plan", "abandon", plan["id"], "--reason", "a test tore it")
    assert status == 0, said
    # The adopters did write the plan's other tables, whole; of the torn one only the planted row is there.
    assert sum(r["in_clickhouse"] for r in said["ranges"] if r["topic"] == torn["topic"]) == 1
    assert all(r["as_planned"] and r["lost"] == 0 and r["in_clickhouse"] + r["dead_lettered"] == r["planned"] for r in said["ranges"])
    status, again = millrace(demo, "plan", "abandon", plan["id"])
    assert status == 1 and "no partition" in again
    until("nothing stands still", lambda: stopped(demo, "plan") == 0, 30)
    moves_on(demo, *carrying)
    settle(demo)
    check_exactly_once(demo)
    audit_says_only_the_planted_row_differs(demo)


def audit_says_only_the_planted_row_differs(demo):
    said = subprocess.run([BINARY, "audit", "--brokers", demo.address("broker"), "--registry", demo.address("registry"), "--clickhouse", demo.address("clickhouse"),
                           "--database", DATABASE, "--group", GROUP, "--to-end", "--json", str(demo.data / "audit.json")], capture_output=True, text=True, timeout=120)
    report = json.loads((demo.data / "audit.json").read_text())["all"]
    assert report["missing"] == report["doubled"] == 0, said.stdout + said.stderr
