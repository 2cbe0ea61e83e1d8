"""Whatever is killed, frozen, cut off or lost: every event lands exactly once. Real broker, real engine, real workers."""
import os, random, subprocess, threading, time
import pytest
from confluent_kafka import Consumer
from demo import BINARY, KILL_AT_RENAME, TOPICS, until
from witness import GROUP, audit, check_exactly_once, committed, metric, settle

# A thousandth each of bad records by kind, and upstream transactions that abort: they are there in every test.
LOAD = ["--rate", "1200", "--linger-ms", "500", "--session-timeout-ms", "6000", "--quiet", "--loadgen-option=--bad=truncated=0.001,unknown_schema=0.001,wrong_magic=0.001,empty=0.001,tombstone=0.001",
        "--loadgen-option=--aborts=0.05"]
WORKERS = ["worker-1", "worker-2", "worker-3"]


def delivered(demo):
    return demo.state()["figures"]["delivered"]


def options(data):
    return (*LOAD, "--workers", str(len(WORKERS)), "--lanes", "1", f"--environment=clickhouse:LD_PRELOAD={KILL_AT_RENAME}",
            f"--environment=clickhouse:MILLRACE_KILL_AT_RENAME={data}/kill_at_rename")


@pytest.fixture
def demo(common_demo, request):
    """One for all tests here, each of which leaves it as it was."""
    with common_demo.lent(request, options) as demo:
        yield demo


@pytest.fixture(autouse=True)
def exactly_once_afterwards(request):
    """Runs after every test here: nothing missing, doubled or differing, says the audit of all that came so far."""
    demo = request.getfixturevalue("demo")
    yield
    if getattr(request.node, "failed", True):
        return
    request.node.failed = True  # until this is through: the logs are kept
    settle(demo)
    audit(demo)
    request.node.failed = False


def flows_again(demo, within=40):
    before, broker = committed(demo.address("broker")), demo.address("broker")
    until("events of every partition flow again", lambda: Still(before, committed(broker)), within, 0.5)


class Still(list):
    """Partitions whose offset didn't move; true when there are none."""

    def __init__(self, before, now):
        super().__init__(tp for tp, at in before.items() if now[tp] <= at)

    def __bool__(self):
        return len(self) == 0


def test_worker_killed_twenty_times_at_random_moments(demo):
    chance = random.Random(os.environ.get("MILLRACE_TEST_SEED", "7"))
    for _ in range(20):
        time.sleep(chance.uniform(0.1, 1.5))
        worker = chance.choice(WORKERS)
        demo.do(worker, "kill")
        time.sleep(chance.uniform(0, 0.5))
        demo.do(worker, "start")
    flows_again(demo)


def test_worker_frozen_beyond_its_session_and_woken_in_mid_write(demo):
    demo.gate("worker-1-clickhouse", "slow", bytes_per_s=20000)
    time.sleep(1)
    demo.do("worker-1", "freeze")
    before = committed(demo.address("broker"))
    # Its session lasts 6 s: then the others take its partitions over, and complete its plan.
    until("every partition moves on without the frozen worker", lambda: Still(before, committed(demo.address("broker"))), 60, 1)
    demo.do("worker-1", "thaw")
    demo.gate("worker-1-clickhouse", "pass")
    flows_again(demo)


def test_a_membership_that_another_process_took_for_a_moment_is_taken_again(demo):
    log, anew, starts = demo.data / "logs/worker-1.log", "lane millrace/0 begins anew", demo.child("worker-1")["starts"]
    times = log.read_text().count(anew)
    rival = Consumer({"bootstrap.servers": demo.address("broker"), "group.id": GROUP, "group.instance.id": "millrace-worker-1-0", "session.timeout.ms": 6000,
                      "partition.assignment.strategy": "cooperative-sticky", "enable.auto.commit": False})
    rival.subscribe(TOPICS)
    until("the rival is a member in the worker's place", lambda: (rival.poll(0.2), rival.assignment())[1], 60, 0)
    rival.close()  # a static member's place is kept until its session is over
    until("the lane begins anew", lambda: log.read_text().count(anew) > times, 60)
    flows_again(demo, 60)
    assert demo.child("worker-1")["starts"] == starts


def adopted(demo):
    return {worker: metric(demo, worker, "millrace_plans_adopted_total") for worker in WORKERS}


def test_rolling_restart_replays_nothing(demo):
    before = adopted(demo)
    for worker in WORKERS[:2]:
        starts = demo.child(worker)["starts"]
        demo.do(worker, "restart")
        flows_again(demo)
        before[worker] = 0
        assert demo.child(worker)["starts"] == starts + 1
        assert adopted(demo) == before, "a clean stop leaves no plan behind"


def test_workers_join_and_leave_under_load(demo):
    before = adopted(demo)
    for worker in ["worker-3", "worker-2"]:
        demo.do(worker, "stop")
        flows_again(demo)
        demo.do(worker, "start")
        flows_again(demo)
        before[worker] = 0
    assert adopted(demo) == before, "who leaves finishes what is in flight"


def test_a_worker_that_stops_is_a_member_until_what_it_has_in_flight_is_done(demo):
    before = adopted(demo)
    demo.gate("worker-1-clickhouse", "hang")
    until("a plan hangs", lambda: metric(demo, "worker-1", "millrace_plan_age_seconds") > 0.5)
    opens = threading.Timer(8, lambda: demo.gate("worker-1-clickhouse", "pass"))  # its session lasts 6 s
    opens.start()
    demo.do("worker-1", "stop")  # refused if it had to be killed
    opens.join()
    demo.do("worker-1", "start")
    flows_again(demo)
    before["worker-1"] = 0
    assert adopted(demo) == before, "nothing is left to anybody else"


def give_back_and_die(demo):
    """Who joins is given a part of what the others have; they finish what they have in flight of it, which hangs, and are killed before they join again without it."""
    demo.do("worker-2", "stop")
    flows_again(demo)
    given_back = {worker: metric(demo, worker, "millrace_rebalances_total", kind="revoked") for worker in ("worker-1", "worker-3")}
    for worker in WORKERS:
        demo.gate(f"{worker}-clickhouse", "hang")
    until("plans hang", lambda: all(metric(demo, worker, "millrace_plan_age_seconds") > 1 for worker in given_back))
    demo.do("worker-2", "start", wait=False)
    giving = until("a worker is to give partitions back", lambda: [w for w, before in given_back.items() if metric(demo, w, "millrace_rebalances_total", kind="revoked") > before], 60)
    time.sleep(1)
    for worker in giving:
        demo.do(worker, "kill")
    for worker in WORKERS:
        demo.gate(f"{worker}-clickhouse", "pass")
    for worker in giving:
        demo.do(worker, "start")


def test_what_a_worker_gives_back_and_dies_before_it_joins_again_finds_a_member(demo):
    """Static membership brings it back into its place, without a rebalance: nobody would deal out what it gave back."""
    nudges = lambda: sum(metric(demo, worker, "millrace_group_nudges_total") for worker in WORKERS)
    more = [BINARY, "loadgen", "--brokers", demo.address("broker"), "--registry", demo.address("registry"), "--rate", "500", "--topics", "error.captured", "order.created"]
    with subprocess.Popen(more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as load:  # those that are given back first, in every epoch
        try:
            for _ in range(3):  # a plan in flight may have none of what is given back: then it is given back at once
                give_back_and_die(demo)
                flows_again(demo, 90)
                if nudges() > 0:
                    break
        finally:
            load.terminate()
    assert nudges() > 0, "partitions were never without a member: the test showed nothing"


def test_clickhouse_killed_during_inserts(demo):
    for _ in range(2):
        demo.do("clickhouse", "kill")
        time.sleep(1)
        demo.do("clickhouse", "start")
        flows_again(demo)


def test_reply_to_an_insert_lost(demo):
    demo.gate("worker-1-clickhouse", "lose_reply", match="INSERT", count=5)
    demo.gate("worker-2-clickhouse", "lose_reply", match="INSERT", count=5)
    until("replies were lost", lambda: all(demo.gate_state(f"worker-{i}-clickhouse")["replies_lost"] == 5 for i in (1, 2)), 60)
    flows_again(demo)


def test_reply_to_a_commit_lost(demo):
    end_txn = 26
    demo.gate("worker-1-broker", "lose_reply", kafka_api=end_txn, count=3)
    until("replies were lost", lambda: demo.gate_state("worker-1-broker")["replies_lost"] == 3, 60)
    flows_again(demo)


def test_broker_killed_and_restarted(demo):
    for _ in range(2):
        demo.do("broker", "kill")
        time.sleep(1)
        demo.do("broker", "start")
        flows_again(demo, 60)


def test_new_owner_commits_within_ten_seconds_of_a_kill_in_mid_transaction(demo):
    txn_offset_commit, lost = 28, demo.gate_state("worker-1-broker")["replies_lost"]
    demo.gate("worker-1-broker", "lose_reply", kafka_api=txn_offset_commit, count=1)
    until("a transaction is open", lambda: demo.gate_state("worker-1-broker")["replies_lost"] == lost + 1, 30, 0.01)
    demo.do("worker-1", "kill")
    before = committed(demo.address("broker"))
    demo.do("worker-1", "start", wait=False)
    until("every partition's offset moves", lambda: Still(before, committed(demo.address("broker"))), 10, 0.2)


def test_clickhouse_killed_between_its_deduplication_log_and_the_rename(demo):
    for nth in [1, 3]:
        (demo.data / "kill_at_rename").write_text(f"{nth}\n")
        until("the engine died at the rename", lambda: demo.child("clickhouse")["state"] == "exited", 60)
        assert demo.child("clickhouse")["exit_code"] == 128 + 9
        demo.do("clickhouse", "start")
        flows_again(demo)


def test_ctrl_c_prints_the_audit_and_the_next_start_goes_on(demo):
    flows_again(demo)
    assert demo.stop(180) == 0, demo.text()
    assert "audit" in demo.text()
    demo.start()
    until("events flow", lambda: delivered(demo) > 2000, 60)


def test_an_independent_witness_counts_the_same_in_the_end(demo):
    settle(demo)
    _, letters = check_exactly_once(demo)
    assert letters > 0, "bad records were sent and none is among the dead letters"


class TestRegistryOutage:
    @pytest.fixture
    def demo(self, make_demo):
        # A schema id that was never seen makes its partition wait for the registry: that is as it should be, and not asked here.
        demo = make_demo(*[option.replace("unknown_schema=0.001,", "") for option in LOAD])
        until("events flow", lambda: delivered(demo) > 2000, 60)
        return demo

    def test_registry_outage_stops_nothing_and_a_worker_starts_in_it(self, demo):
        demo.do("registry", "stop")
        demo.do("worker-1", "restart")
        flows_again(demo)
        demo.do("registry", "start")
