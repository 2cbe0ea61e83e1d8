"""`millrace billing` as another language sees it: what it is comes from its reflection, no generated code; figures are added up in Python's Decimal."""
import csv, io, signal, subprocess, uuid
from datetime import datetime, timezone
from decimal import Decimal
import grpc, pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from billing_client import SERVICE, Billing
from demo import BINARY, until

DAY = 86_400_000
TOPIC = str(uuid.UUID(int=7))


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


class Ledger(Billing):
    def apply(self, number, begin, end, *usage, partition=0):
        """Of tenant acme: (meter, unit, window's begin, value) each."""
        plan = dict(generation=1, pipeline="shop", plan_id=str(uuid.UUID(int=number)), plan_time_ms=ms("2026-10-02"),
                    ranges=[dict(topic="orders", topic_id=TOPIC, partition=partition, begin=begin, end=end, records=end - begin)],
                    usage=[dict(range=0, tenant="acme", meter=m, unit=u, window_start_ms=w, window_ms=DAY, value=v) for m, u, w, v in usage])
        return self.call("ApplyPlan", **plan)


@pytest.fixture
def billing(data):
    process = subprocess.Popen([BINARY, "billing", "--database", f"sqlite:{data}/billing.db", "--listen", "127.0.0.1:0"], stdout=open(data / "out", "wb"), stderr=open(data / "demo.out", "wb"))
    line = until("the service listens", lambda: (data / "out").read_text().startswith("listening on ") and (data / "out").read_text())
    yield Ledger(line.split()[-1])
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def command(billing, *words):
    done = subprocess.run([BINARY, "billing", words[0], "--billing", billing.address, *words[1:]], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_health_and_reflection_say_what_is_there(billing):
    health = health_pb2_grpc.HealthStub(billing.channel)
    for name in ("", SERVICE):
        assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == health_pb2.HealthCheckResponse.SERVING
    assert {SERVICE, "grpc.health.v1.Health"} <= set(billing.reflection.get_services())
    assert {m.name for m in billing.service.methods} == {"ApplyPlan", "DeclareSkip", "CloseMonth", "Usage", "Statement", "Explain", "Adjustments", "Watermarks"}


def test_usage_adds_up_to_the_cent(billing):
    values = [Decimal(n * 37 % 1000 - 100) / 100 for n in range(60)]
    for n, value in enumerate(values):
        assert billing.outcome(billing.apply(n + 1, n * 10, n * 10 + 10, ("turnover", "EUR", ms("2026-10-01"), str(value)))) == "APPLIED"
        assert billing.outcome(billing.apply(n // 2 + 1, 0, 1)) == "KNOWN"
    rows = billing.call("Usage", tenant="acme", from_ms=ms("2026-10-01"), to_ms=ms("2026-11-01"))
    assert [(r.meter, r.unit, r.window_start_ms, Decimal(r.value), r.closed) for r in rows] == [("turnover", "EUR", ms("2026-10-01"), sum(values), False)]
    pieces = billing.call("Explain", tenant="acme", meter="turnover", from_ms=ms("2026-10-01"), to_ms=ms("2026-10-02"))
    assert sum(Decimal(p.contribution.value) for p in pieces[:-1]) == sum(values) == Decimal(pieces[-1].figure.value) == Decimal(pieces[-1].figure.explained)
    assert [(p.contribution.range.begin, p.contribution.range.end) for p in pieces[:-1]] == [(n * 10, n * 10 + 10) for n in range(60)]


def test_gap_and_overlap_are_answers_and_nonsense_is_an_error(billing):
    assert billing.outcome(billing.apply(1, 0, 10)) == "APPLIED"
    gap = billing.apply(2, 11, 20)
    assert billing.outcome(gap) == "GAP" and [(c.range, c.expected) for c in gap.conflicts] == [(0, 10)]
    assert billing.outcome(billing.apply(3, 9, 20)) == "OVERLAP"
    with pytest.raises(grpc.RpcError) as error:
        billing.apply(4, 10, 20, ("turnover", "EUR", ms("2026-10-01"), "1e3"))
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "1e3" in error.value.details()
    assert [(w.topic, w.partition, w.expected) for w in billing.call("Watermarks").watermarks] == [("orders", 0, 10)]


def test_statement_of_a_closed_month_stands_still(billing):
    billing.apply(1, 0, 10, ("turnover", "EUR", ms("2026-09-01"), "10.10"), ("turnover", "EUR", ms("2026-09-30"), "0.90"), ("calls, all", "call", ms("2026-09-30"), "3"))
    assert billing.call("CloseMonth", month="2026-09", author="ada").was_closed is False
    september = command(billing, "statement", "acme", "--month", "2026-09")[1]
    billing.apply(2, 10, 20, ("turnover", "EUR", ms("2026-09-30"), "5.00"), ("turnover", "EUR", ms("2026-10-01"), "2.00"))
    assert command(billing, "statement", "acme", "--month", "2026-09") == (0, september, "")
    rows = list(csv.DictReader(io.StringIO(september)))
    assert [(r["state"], r["line"], r["meter"], r["unit"], r["quantity"]) for r in rows] == [("closed", "usage", "calls, all", "call", "3"), ("closed", "usage", "turnover", "EUR", "11.00")]
    october = "".join(p.csv for p in billing.call("Statement", tenant="acme", month="2026-10"))
    assert [(r["state"], r["line"], r["of_month"], r["quantity"]) for r in csv.DictReader(io.StringIO(october))] == [("open", "usage", "2026-10", "2.00"), ("open", "adjustment", "2026-09", "5.00")]
    assert [(a.of_month, a.booked_month, a.value) for a in billing.call("Adjustments")] == [("2026-09", "2026-10", "5.00")]


def test_commands_show_what_a_person_asks_for(billing):
    billing.apply(1, 0, 10, ("turnover", "EUR", ms("2026-10-01"), "10.10"), ("turnover", "EUR", ms("2026-10-02"), "0.90"))
    code, out, _ = command(billing, "usage", "acme", "--month", "2026-10", "--by", "month")
    assert code == 0 and out.splitlines()[1].split() == ["2026-10", "turnover", "11.00", "EUR", "0", "open"]
    code, out, err = command(billing, "explain", "acme", "turnover", "--from", "2026-10-01", "--to", "2026-10-02", "--csv")
    assert code == 0 and [r["begin"] + "-" + r["end"] + " " + r["value"] for r in csv.DictReader(io.StringIO(out))] == ["0-10 10.10"] and "figure 10.10" in err
    assert command(billing, "close-month", "2026-09")[0] == 0
    code, _, err = command(billing, "close-month", "2999-01")
    assert code == 1 and "isn't over" in err
    skip = ["skip", "--pipeline", "shop", "--topic", "orders", "--topic-id", TOPIC, "--partition", "0", "--begin", "10", "--end", "15", "--reason", "expired"]
    assert "next range begins at 15" in command(billing, *skip)[1]
    assert command(billing, "watermarks")[1].splitlines()[1].split()[:4] == ["shop", "orders", "0", "15"]
    assert subprocess.run([BINARY, "billing"], capture_output=True).returncode == 2
