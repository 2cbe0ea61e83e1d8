"""What workers send to billing is right to the cent: sums that the witness works out from the log by itself, after kills on both sides and lost replies."""
import collections, decimal, time
import pytest
from demo import until
from test_billing import Billing
from test_exactly_once import flows_again
from test_operate import WORKERS, leave_a_plan_without_rows, millrace, moves_on, partition_of, plant_row, torn_range
from test_tenant_rules import LOAD, check_accounted, events, publish
from witness import DATABASE, GROUP, committed, ends_of, log_of, metric, settle

TOPIC, HOUR, DAY = "payment.processed", 3_600_000, 86_400_000
RULES = """
tenant: {tenant}
topics:
  payment.processed:
    meter:
      - {{name: turnover, value: amount, unit: money, window: day}}
      - {{name: captured, when: status == "CAPTURED", value: 1, unit: payment, window: hour}}
"""


@pytest.fixture
def demo(common_demo, request):
    with common_demo.lent(request, lambda data: LOAD) as demo:
        yield demo


def put_rules(demo):
    """From the offsets that are returned on, payments of these tenants are metered: once in a demo's life."""
    settle(demo)
    if hasattr(demo, "metered"):
        return demo.metered
    tenants = [row[0] for row in demo.query(f"SELECT tenant FROM {DATABASE}.payment_processed GROUP BY tenant ORDER BY count() DESC LIMIT 3")]
    for tenant in tenants:
        publish(demo, tenant, RULES.format(tenant=tenant))
    demo.metered = tenants, ends_of(demo.address("broker"), TOPIC, "read_committed")
    return demo.metered


def check_ledger(demo, tenants, begins, pipeline=GROUP):
    broker, billing = demo.address("broker"), Billing(demo.address("billing"))
    log = log_of(broker)
    expected = collections.defaultdict(decimal.Decimal)
    for (partition, offset), event in events(log, TOPIC):
        if offset >= begins[partition] and event["tenant"] in tenants:
            at = int(event["occurred_at"].timestamp() * 1000)
            expected[event["tenant"], "turnover", at // DAY * DAY] += event["amount"]
            if event["status"] == "CAPTURED":
                expected[event["tenant"], "captured", at // HOUR * HOUR] += 1
    assert sum(value for (_, meter, _), value in expected.items() if meter == "captured") > 100, "too few payments: the test would show nothing"
    billed = {}
    for tenant in tenants:
        for meter in ("turnover", "captured"):
            for row in billing.call("Usage", tenant=tenant, meter=meter, from_ms=0, to_ms=4_000_000_000_000):
                assert row.adjustments == "0"
                billed[tenant, meter, row.window_start_ms] = decimal.Decimal(row.value)
    assert billed == dict(expected)
    marks = {(mark.topic, mark.partition): mark.expected for mark in billing.call("Watermarks", pipeline=pipeline).watermarks}
    assert marks == {tp: at for tp, at in committed(broker, pipeline).items() if tp in marks} and len(marks) > 10


def test_figures_are_right_to_the_cent_whoever_is_killed(demo):
    tenants, begins = put_rules(demo)
    demo.do("loadgen", "start")
    flows_again(demo)
    for gap in (0.3, 1.1):
        demo.do("worker-1", "kill")
        time.sleep(gap)
        demo.do("worker-1", "start")
        demo.do("billing", "kill")  # with plans under way, as it comes
        time.sleep(gap)
        demo.do("billing", "start")
        flows_again(demo, 60)
    demo.gate("worker-1-billing", "lose_reply")
    time.sleep(3)
    demo.gate("worker-1-billing", "reset")
    time.sleep(1)
    demo.gate("worker-1-billing", "pass")
    flows_again(demo, 60)
    settle(demo)
    check_accounted(demo)
    check_ledger(demo, tenants, begins)


def test_workers_wait_for_billing_that_is_down_and_say_so(demo):
    tenants, begins = put_rules(demo)
    demo.do("billing", "kill")
    demo.do("loadgen", "start")
    until("a sink waits", lambda: any(metric(demo, worker, "millrace_sink_waiting", sink="billing") > 0 for worker in WORKERS), 30)
    time.sleep(2)
    before = committed(demo.address("broker"))
    time.sleep(3)
    assert committed(demo.address("broker")) == before, "offsets moved past what isn't billed"
    demo.do("billing", "start")
    flows_again(demo, 60)
    settle(demo)
    check_ledger(demo, tenants, begins)


def test_a_plan_that_is_given_up_leaves_no_gap_in_the_ledger(demo):
    for worker in WORKERS:
        demo.gate(f"{worker}-billing", "refuse")
    plan = leave_a_plan_without_rows(demo)
    carrying = [(p["topic"], p["partition"]) for p in millrace(demo, "plan", "show")[1]["partitions"] if p.get("plan") == plan["id"]]
    plant_row(demo, int(plan["id"].replace("-", ""), 16), torn_range(plan))
    for worker in WORKERS:
        demo.do(worker, "start")
    until("the plan's partitions stand still", lambda: all(partition_of(millrace(demo, "plan", "show")[1], *p)["state"] == "plan_stopped" for p in carrying), 60, 0.5)
    for worker in WORKERS:  # nobody writes the plan any more
        demo.gate(f"{worker}-billing", "pass")
    status, said = millrace(demo, "plan", "abandon", plan["id"], "--reason", "a test tore it")
    assert status == 0, said
    marks = {(mark.topic, mark.partition): mark.expected for mark in Billing(demo.address("billing")).call("Watermarks", pipeline=GROUP).watermarks}
    skipped = [(r["topic"], r["partition"]) for r in plan["ranges"] if marks.get((r["topic"], r["partition"]), 0) >= r["end"]]
    assert len(skipped) == len(plan["ranges"]), f"{marks} of {plan['ranges']}"
    moves_on(demo, *carrying)
    settle(demo)
