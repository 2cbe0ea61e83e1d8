"""One process with a pipeline for each sink: each goes on while another's sink is down, and each has every event once though the process is killed."""
import subprocess, time
import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from demo import BINARY, TOPICS, until
from test_alerts import RULES as ALERTING, check_alerts, events
from test_billing_sink import RULES as METERING, TOPIC, check_ledger
from test_tenant_rules import catalog, check_accounted
from test_warehouse_sink import files
from witness import DATABASE, committed, dead_letters, ends_of, event_id, log_of, rows, settle, stands
from worker import Worker

PIPELINES = """
  - {{pipeline: millrace, clickhouse: {{url: "{clickhouse}", database: {database}}}}}
  - {{pipeline: ledger, dead_letters: ledger.dlq, billing: {{address: "{billing}"}}}}
  - {{pipeline: pages, dead_letters: pages.dlq, alerts: {{}}}}
  - {{pipeline: files, dead_letters: files.dlq, lanes: 1, warehouse: {{directory: "{data}/warehouse"}}, epoch: {{linger_ms: 2000, records: 100000}}}}
"""
SETTINGS = """
instance: all-of-them
lanes: 2
topics: [{topics}]
kafka: {{brokers: "{broker}"}}
registry: {{url: "{registry}"}}
rules: {{catalog: _millrace.catalog, pseudonym_key_file: "{key}"}}
epoch: {{linger_ms: 200}}
pipelines:"""
NAMES = ("millrace", "ledger", "pages", "files")


@pytest.fixture
def demo(make_demo):
    return make_demo("--rules", "--only", "broker,registry,clickhouse,catalog,billing", "--rate", "1500", "--quiet", "--loadgen-option=--bad=truncated=0.002")


@pytest.fixture
def worker(demo, data):
    keys = list(data.glob("**/*pseudonym*"))
    assert len(keys) == 1, keys
    names = {name: demo.address(name) for name in ("broker", "registry", "clickhouse", "billing")} | {"data": data, "database": DATABASE, "key": keys[0]}
    admin = AdminClient({"bootstrap.servers": names["broker"]})

    def make(*topics):
        for made in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
            made.result(20)

    make("pages.dlq", "files.dlq")
    worker = Worker(data, (SETTINGS + PIPELINES).format(topics=", ".join(TOPICS), **names))
    worker.start()
    until("the topic that isn't there is named", lambda: "the topic of ledger's dead letters, ledger.dlq, must be there" in worker.log.read_text())
    make("ledger.dlq")
    yield worker
    worker.kill()


def advance(demo, names, by=500, within=60):
    """Each of these pipelines commits so many records more."""
    broker = demo.address("broker")
    total = {name: sum(max(at, 0) for at in committed(broker, name).values()) for name in names}
    for name in names:
        until(f"{name} goes on", lambda: sum(max(at, 0) for at in committed(broker, name).values()) >= total[name] + by, within, 0.3)


def test_each_sink_in_a_pipeline_of_its_own_has_everything_once(demo, worker):
    broker = demo.address("broker")
    advance(demo, NAMES, 2000)
    settle(demo)
    tenants = [row[0] for row in demo.query(f"SELECT tenant FROM {DATABASE}.payment_processed GROUP BY tenant ORDER BY count() DESC LIMIT 3")]
    amounts = sorted(event["amount"] for _, event in events(log_of(broker), TOPIC))
    limit = amounts[len(amounts) * 3 // 4]
    for tenant in tenants:
        alerting = ALERTING.format(tenant=tenant, limit=limit).split("payment.processed:")[1]
        catalog(demo, "PUT", f"/v1/tenants/{tenant}/rules?author=test", METERING.format(tenant=tenant).rstrip() + alerting)
    for name in NAMES:
        until(f"{name} has the rules", lambda: worker.metric("millrace_catalog_version", name) == worker.metric("millrace_catalog_version", "millrace") >= 3, 20)
    begins = ends_of(broker, TOPIC, "read_committed")
    demo.do("loadgen", "start")
    advance(demo, NAMES)
    for pause in (0.4, 1.3):
        worker.kill()
        time.sleep(pause)
        worker.start()
        advance(demo, NAMES)

    demo.do("billing", "kill")
    until("the ledger's pipeline waits", lambda: worker.metric("millrace_sink_waiting", "ledger") > 0, 30)
    until("both its lanes wait", lambda: stands(broker, committed(broker, "ledger"), "ledger"), 60)
    stood = committed(broker, "ledger")
    advance(demo, ("millrace", "pages", "files"), 2000)
    assert committed(broker, "ledger") == stood
    demo.do("billing", "start")
    advance(demo, NAMES)

    settle(demo)
    last = committed(broker)
    for name in NAMES[1:]:
        until(f"{name} has everything", lambda: all(at >= last[tp] for tp, at in committed(broker, name).items()), 60, 0.5)
    log, _ = check_accounted(demo)
    check_ledger(demo, tenants, begins, "ledger")
    check_alerts(demo, tenants, limit, begins, 50)
    in_files, in_tables = files(demo), set(rows(demo.address("clickhouse")))
    assert all(times == 1 for times in in_files.values()) and set(in_files) == in_tables
    bad = sorted(at for at, value in log.items() if not event_id(at[0], value))
    for name in NAMES[1:]:
        assert [at for at in sorted((t, p, o) for t, p, o, _ in dead_letters(broker, name + ".dlq")) if at in set(bad)] == bad


def test_a_pipeline_that_cannot_start_is_named(demo, data, worker):
    worker.kill()
    wrong = worker.config.read_text().replace("ledger.dlq", "millrace.dlq")
    (data / "wrong.yaml").write_text(wrong)
    said = subprocess.run([BINARY, "worker", "--config", data / "wrong.yaml", "--check-config"], capture_output=True, text=True, timeout=30)
    assert said.returncode == 1 and "sends what comes of user.pageview to millrace.dlq too" in said.stderr
    said = subprocess.run([BINARY, "offsets", "show", "--settings", worker.config], capture_output=True, text=True, timeout=60)
    assert said.returncode != 0 and "say which with --pipeline; there are millrace, ledger, pages, files" in said.stdout + said.stderr
    said = subprocess.run([BINARY, "offsets", "show", "--settings", worker.config, "--pipeline", "pages"], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stdout + said.stderr
