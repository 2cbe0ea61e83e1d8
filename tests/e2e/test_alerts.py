"""Alerts ride in the lane's transaction: each exactly once, counted against what the witness works out from the log by itself."""
import decimal, io, json, subprocess, time, urllib.request, uuid
import fastavro, pytest
from confluent_kafka import Producer
from demo import BINARY, until
from test_exactly_once import flows_again
from test_tenant_rules import LOAD, events, publish
from witness import DATABASE, GROUP, SCHEMAS, committed, ends_of, log_of, metric, read_all, settle

ALERTS, TOPIC = "millrace.alerts", "payment.processed"
RULES = """
tenant: {tenant}
topics:
  payment.processed:
    alert:
      - name: big_payment
        when: amount > {limit}
        severity: critical
        title: '"payment of " + string(amount)'
        key: payment_id
        fields: [amount, currency, method.last4]
    mask: [{{field: method.last4, keep_last: 1}}]
"""


@pytest.fixture
def demo(common_demo, request):
    with common_demo.lent(request, lambda data: LOAD) as demo:
        yield demo


def schema(demo, number):
    with urllib.request.urlopen(f"{demo.address('registry')}/schemas/ids/{number}", timeout=10) as answer:
        return fastavro.parse_schema(json.loads(json.load(answer)["schema"]))


def alerts(demo):
    """Every committed alert with its record; its id, once."""
    known, found = {}, {}
    for message in read_all(demo.address("broker"), [ALERTS]):
        value = message.value()
        number = int.from_bytes(value[1:5], "big")
        assert value[0] == 0
        known.setdefault(number, None)
        known[number] = known[number] or schema(demo, number)
        body = io.BytesIO(value[5:])
        alert = fastavro.schemaless_reader(body, known[number], None)
        assert not body.read(1)
        assert alert["alert_id"] not in found, f"{alert['alert_id']} is there twice"
        assert message.key().decode() == alert["key"]
        found[alert["alert_id"]] = alert
    assert len(known) <= 1, "one schema, one id"
    return found


def audit(demo):
    said = subprocess.run([BINARY, "audit", "--brokers", demo.address("broker"), "--registry", demo.address("registry"), "--clickhouse", demo.address("clickhouse"),
                           "--database", DATABASE, "--group", GROUP, "--alerts", ALERTS], capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr


def put_rules(demo):
    """From the offsets that are returned on, payments above the limit alert for the tenants that have most of them."""
    settle(demo)
    tenants = [row[0] for row in demo.query(f"SELECT tenant FROM {DATABASE}.payment_processed GROUP BY tenant ORDER BY count() DESC LIMIT 3")]
    amounts = sorted(event["amount"] for _, event in events(log_of(demo.address("broker")), TOPIC))
    limit = amounts[len(amounts) * 3 // 4]
    for tenant in tenants:
        publish(demo, tenant, RULES.format(tenant=tenant, limit=limit))
    return tenants, limit, ends_of(demo.address("broker"), TOPIC, "read_committed")


def check_alerts(demo, tenants, limit, begins, least):
    """The alerts of the rule are exactly those of the log's payments above the limit."""
    expected = {f"{TOPIC}/{partition}/{offset}/big_payment": event for (partition, offset), event in events(log_of(demo.address("broker")), TOPIC)
                if offset >= begins[partition] and event["tenant"] in tenants and event["amount"] > limit}
    assert len(expected) >= least, f"only {len(expected)} alerts are expected: the test would show nothing"
    there = {name: alert for name, alert in alerts(demo).items() if alert["rule"] == "big_payment" and alert["offset"] >= begins[alert["partition"]]}
    missing, strangers = expected.keys() - there.keys(), there.keys() - expected.keys()
    assert not missing and not strangers, f"missing {len(missing)} {sorted(missing)[:5]}, not expected {len(strangers)} {sorted(strangers)[:5]}"
    for name, event in expected.items():
        alert = there[name]
        assert f"{alert['topic']}/{alert['partition']}/{alert['offset']}/{alert['rule']}" == name
        assert alert["tenant"] == event["tenant"] and alert["severity"] == "critical" and not alert["truncated"]
        assert alert["title"] == f"payment of {event['amount']}" and alert["key"] == str(event["payment_id"])
        last4 = event["method"]["last4"]
        assert alert["fields"] == {"amount": str(event["amount"]), "currency": event["currency"], "method.last4": "null" if last4 is None else "***" + last4[3:]}
        assert alert["event_time"] == event["occurred_at"]
        assert uuid.UUID(str(alert["catalog"]))
    return there


def sent(demo):
    return sum(metric(demo, worker, "millrace_alerts_sent_total") for worker in ("worker-1", "worker-2"))


def test_each_alert_is_there_once_though_workers_are_killed(demo):
    tenants, limit, begins = put_rules(demo)
    demo.do("loadgen", "start")
    flows_again(demo)
    until("alerts are sent", lambda: sent(demo) > 20, 60)
    for round in range(3):  # with transactions under way, as it comes
        demo.do("worker-1", "kill")
        time.sleep(0.3 * round)
        demo.do("worker-1", "start")
        flows_again(demo, 60)
    for worker in ("worker-1", "worker-2"):
        demo.gate(f"{worker}-clickhouse", "refuse")
    time.sleep(2)  # now each lane has a plan whose alerts are not committed, and can't be
    before = len(alerts(demo))
    time.sleep(1)
    assert len(alerts(demo)) == before, "alerts were committed before their rows were there"
    for worker in ("worker-1", "worker-2"):
        demo.do(worker, "kill")
        demo.gate(f"{worker}-clickhouse", "pass")
        demo.do(worker, "start")
    flows_again(demo, 60)
    audit(demo)
    settle(demo)
    assert sum(metric(demo, worker, "millrace_plans_adopted_total") for worker in ("worker-1", "worker-2")) > 0, "no plan was adopted: the test showed nothing"
    check_alerts(demo, tenants, limit, begins, 100)
    audit(demo)


def test_a_worker_that_has_the_schemas_id_sends_alerts_while_the_registry_is_out(demo):
    tenants, limit, begins = put_rules(demo)
    demo.do("registry", "kill")
    for worker in ("worker-1", "worker-2"):
        demo.do(worker, "restart")
    frame = next(iter(read_all(demo.address("broker"), [TOPIC]))).value()[:5]
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    payments = [event for _, event in events(log_of(demo.address("broker")), TOPIC)][:50]
    producer = Producer({"bootstrap.servers": demo.address("broker")})
    for payment in payments:
        value = io.BytesIO()
        fastavro.schemaless_writer(value, SCHEMAS[TOPIC], {**payment, "tenant": tenants[0], "amount": decimal.Decimal("99999999.00")})
        producer.produce(TOPIC, frame + value.getvalue(), headers={"traceparent": trace})
    assert producer.flush(20) == 0
    until("alerts are sent", lambda: sent(demo) >= 50, 60)
    demo.do("registry", "start")
    demo.do("loadgen", "start")
    flows_again(demo, 60)
    settle(demo)
    there = check_alerts(demo, tenants, limit, begins, 50)
    traced = [alert for alert in there.values() if alert["traceparent"]]
    assert len(traced) == 50 and all(alert["traceparent"] == trace for alert in traced)
    audit(demo)


def test_a_lane_that_has_alerts_and_no_schema_id_waits_and_says_why(demo):
    tenants, limit, begins = put_rules(demo)
    demo.do("registry", "kill")
    for worker in ("worker-1", "worker-2"):
        demo.do(worker, "stop")
        cache = next(demo.data.rglob(f"{worker}-schemas.json"))
        remembered = json.loads(cache.read_text())
        assert remembered["subjects"].pop(f"{ALERTS}-value"), "the worker kept the id of its alerts' schema"
        cache.write_text(json.dumps(remembered))
        demo.do(worker, "start")
    frame = next(iter(read_all(demo.address("broker"), [TOPIC]))).value()[:5]
    payment = next(event for _, event in events(log_of(demo.address("broker")), TOPIC))
    producer = Producer({"bootstrap.servers": demo.address("broker")})
    for _ in range(100):  # of no alert, then one
        value = io.BytesIO()
        fastavro.schemaless_writer(value, SCHEMAS[TOPIC], {**payment, "tenant": tenants[0], "amount": limit})
        producer.produce(TOPIC, frame + value.getvalue(), partition=0)
    assert producer.flush(20) == 0
    until("what raises no alert is delivered", lambda: committed(demo.address("broker"))[TOPIC, 0] >= begins[0] + 100, 60)
    value = io.BytesIO()
    fastavro.schemaless_writer(value, SCHEMAS[TOPIC], {**payment, "tenant": tenants[0], "amount": limit + 1})
    producer.produce(TOPIC, frame + value.getvalue(), partition=0)
    assert producer.flush(20) == 0
    said = "plans nothing: there are alerts, which can't be sent to millrace.alerts yet: schema registry"
    until("the lane says what it waits for", lambda: any(said in log.read_text(errors="replace") for log in demo.data.rglob("worker-*.log")), 30)
    assert committed(demo.address("broker"))[TOPIC, 0] == begins[0] + 100
    demo.do("registry", "start")
    until("it goes on by itself", lambda: committed(demo.address("broker"))[TOPIC, 0] == begins[0] + 101, 30)
    check_alerts(demo, tenants, limit, begins, 1)
    audit(demo)
