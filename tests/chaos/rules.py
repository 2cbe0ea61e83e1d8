"""The rules of the run's tenants, and the witness's own reading of them: what must become of a record, worked out without any code of the pipeline."""
import dataclasses, io, json, urllib.parse, urllib.request
from decimal import Decimal
import fastavro
from demo import TOPICS, until
from witness import SCHEMAS

HOUR, DAY = 3_600_000, 86_400_000
PAYMENT_ALERT = Decimal(250)

EVERYBODY = """
tenant: "*"
topics:
  order.created:
    drop:
      - {name: marketplace, when: channel == "MARKETPLACE"}
    set: {net: amount - tax}
    meter:
      - {name: orders, value: 1, unit: order, window: hour}
      - {name: turnover, value: amount - tax, unit: money, window: day}
  payment.processed:
    validate:
      - {name: no_amex, that: method.brand != "amex"}
    alert:
      - {name: large_payment, when: amount > 250, severity: warning, title: string(amount), key: order_id}
    meter:
      - {name: paid, value: amount, unit: money, window: day}
      - {name: captured, when: status == "CAPTURED", value: 1, unit: payment, window: hour}
  error.captured:
    drop:
      - {name: chatter, when: 'severity in ["DEBUG", "INFO"]'}
    alert:
      - {name: fatal, when: severity == "FATAL", severity: critical, title: service, key: service}
"""
# A tenant that wants other things, so that a batch holds rows of several sets.
ACME = """
tenant: acme-009
topics:
  user.pageview:
    drop:
      - {name: anonymous, when: user_id == null}
  order.created:
    set: {net: amount - tax}
    meter:
      - {name: turnover, value: amount * 2, unit: money, window: day}
  session.end:
    validate:
      - {name: not_bounced, that: '!bounced', message: nobody wants these}
    meter:
      - {name: sessions, value: pageviews, unit: page, window: hour}
"""
GLOBEX = """
tenant: globex-003
topics:
  error.captured:
    drop:
      - {name: everything_else, when: severity != "FATAL"}
"""
SETS = {"*": EVERYBODY, "acme-009": ACME, "globex-003": GLOBEX}


@dataclasses.dataclass
class Fate:
    """What must become of one record: exactly one of a row, a dead letter, and nothing."""
    outcome: str  # row, letter, dropped
    row: tuple = ()  # event id, tenant, amount and net as far as there are such
    alerts: tuple = ()  # (rule, (tenant, severity, key)) each
    usage: tuple = ()  # ((tenant, meter, begin of the window), value) each


LETTER, DROPPED = Fate("letter"), Fate("dropped")


def event_of(topic, value, schema_id):
    """The event, or None for what is none of the topic: those are dead letters."""
    if not value or len(value) < 6 or value[0] != 0 or int.from_bytes(value[1:5], "big") != schema_id:
        return None
    try:
        body = io.BytesIO(value[5:])
        event = fastavro.schemaless_reader(body, SCHEMAS[topic], None)
        return None if body.read(1) else event
    except Exception:
        return None


def fate_of(topic, event):
    if event is None:
        return LETTER
    judge = JUDGES.get((event["tenant"], topic)) if event["tenant"] in SETS else JUDGES.get(("*", topic))
    verdict = judge(event) if judge else {}
    if isinstance(verdict, Fate):
        return verdict
    tenant, at = event["tenant"], round(event["occurred_at"].timestamp() * 1000)
    row = (str(event["event_id"]), tenant, event.get("amount"), verdict.get("net"))
    alerts = tuple((rule, (tenant, severity, str(key))) for rule, severity, key in verdict.get("alerts", ()))
    usage = tuple(((tenant, meter, at // window * window), Decimal(value)) for meter, value, window in verdict.get("usage", ()))
    return Fate("row", row, alerts, usage)


def order(event):
    if event["channel"] == "MARKETPLACE":
        return DROPPED
    net = event["amount"] - event["tax"]
    return {"net": net, "usage": [("orders", 1, HOUR), ("turnover", net, DAY)]}


def payment(event):
    if event["method"]["brand"] == "amex":
        return LETTER
    usage = [("paid", event["amount"], DAY)]
    if event["status"] == "CAPTURED":
        usage.append(("captured", 1, HOUR))
    return {"alerts": [("large_payment", "warning", event["order_id"])] if event["amount"] > PAYMENT_ALERT else [], "usage": usage}


def error(event):
    if event["severity"] in ("DEBUG", "INFO"):
        return DROPPED
    return {"alerts": [("fatal", "critical", event["service"])] if event["severity"] == "FATAL" else []}


def acme_order(event):
    return {"net": event["amount"] - event["tax"], "usage": [("turnover", event["amount"] * 2, DAY)]}


JUDGES = {
    ("*", "order.created"): order,
    ("*", "payment.processed"): payment,
    ("*", "error.captured"): error,
    ("acme-009", "user.pageview"): lambda event: DROPPED if event["user_id"] is None else {},
    ("acme-009", "order.created"): acme_order,
    ("acme-009", "session.end"): lambda event: LETTER if event["bounced"] else {"usage": [("sessions", event["pageviews"], HOUR)]},
    ("globex-003", "error.captured"): lambda event: DROPPED if event["severity"] != "FATAL" else {},
}


def publish(demo, in_use):
    """Puts the sets in place of whatever is there; returns when `in_use()`, the versions that workers use, says so."""
    version = 0
    for tenant, text in SETS.items():
        url = f"{demo.address('catalog')}/v1/tenants/{urllib.parse.quote(tenant)}/rules?author=chaos"
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT", data=text.encode()), timeout=30) as answer:
            version = max(version, json.load(answer)["version"])
    until(f"version {version} is in use", lambda: all(at >= version for at in in_use()), 60)


def schema_ids(demo):
    ids = {}
    for topic in TOPICS:
        with urllib.request.urlopen(f"{demo.address('registry')}/subjects/{topic}-value/versions/latest", timeout=20) as answer:
            ids[topic] = json.load(answer)["id"]
    return ids
