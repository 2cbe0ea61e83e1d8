"""`millrace rules` as its users run it: tests beside rule sets, dry runs, and the catalog's contents kept in files."""
import json, os, shutil, subprocess, urllib.request
import pytest
from demo import BINARY, ROOT, until

COUNTRIES = ["--table", "countries=contracts/rules/countries.csv"]
SETS = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "contracts/rules").glob("*.yaml"))
ORDERS = "tenant: t-ann\ntopics:\n  order.created:\n    set: {{{}: '{}'}}\n"


def rules(*arguments, text=None, **environment):
    done = subprocess.run([BINARY, "rules", *map(str, arguments)], cwd=ROOT, input=text, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "USER": "ann", **environment})
    return done.returncode, done.stdout, done.stderr


def test_examples_pass_their_tests():
    status, out, err = rules("test", *COUNTRIES, *SETS)
    assert (status, err) == (0, ""), out
    assert out.count("ok    ") >= 10 and "FAIL" not in out and out.splitlines()[-1].endswith(" passed")


@pytest.fixture
def example(tmp_path):
    """Copies of acme's rules and tests; example(old, new, in_tests) changes one of them and gives the path of the rules."""
    for name in ("acme.yaml", "acme.test.yaml"):
        shutil.copy(ROOT / "contracts/rules" / name, tmp_path)

    def change(old, new, tests):
        path = tmp_path / ("acme.test.yaml" if tests else "acme.yaml")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return tmp_path / "acme.yaml"

    return change


@pytest.mark.parametrize("old, new, tests, expected", [
    ("amount - tax", "amount - 2 * tax", False, ["net", "expected  10000.00", "got       8100.00", "1 failed"]),
    ("amount > 10000", "amount > 20000", False, ["alert big_order", "expected  there", "got       not there"]),
    ("amount > 0", "amount >= 0", False, ["expected  rejected by positive_amount", "got       rejected: rule 'tax_below_amount'"]),
    ("coupon: TEST", "coupon: TSET", True, ["the event", "expected  dropped by test_orders", "got       delivered"]),
    ("an order costs something", "an order is free", True, ["the reason", "expected  … an order is free …"]),
    ("channel: WEB", "channel: WEBB", True, ["channel is one of WEB, APP, PHONE, MARKETPLACE; this is WEBB"]),
    ("user_id: 9000042", "user_if: 9000042", True, ["events of OrderCreated have no field 'user_if'; did you mean 'user_id'?"]),
    ("tenant: acme-009", "tenant: globex-003", True, ["the event is of tenant globex-003, and the rules are of acme-009"]),
])
def test_what_differs_is_told(example, old, new, tests, expected):
    status, out, err = rules("test", example(old, new, tests))
    assert status == 1 and err == ""
    assert all(text in out for text in expected), out
    assert "\x1b" not in out, "colours are for terminals"


def test_what_cant_be_run_is_told(example, tmp_path):
    status, out, err = rules("test", example("amount > 0", "amuont > 0", False))
    assert status == 1 and "acme.yaml:8:15: order.created has no field 'amuont'; did you mean 'amount'?" in err and "couldn't be run" in out
    (tmp_path / "lonely.test.yaml").write_text("tests: []\n")
    status, _, err = rules("test", tmp_path / "lonely.test.yaml")
    assert status == 1 and "there is no rule set beside it" in err
    assert rules("test", "--schemas", tmp_path / "nowhere", SETS[0])[0] == 2


def test_check_knows_reference_tables(tmp_path):
    globex = "contracts/rules/globex.yaml"
    status, _, err = rules("check", globex)
    assert status == 1 and "countries" in err
    assert rules("check", *COUNTRIES, globex)[0] == 0
    broken = tmp_path / "broken.csv"
    broken.write_text("code,name,region\nCH,Switzerland\nDE,Germany,EMEA\nDE,Germany,EMEA\n")
    status, _, err = rules("check", "--table", f"countries={broken}", globex)
    assert status == 2 and err.splitlines() == [f"{broken}:2: 2 fields for 3 columns", f"{broken}:4: the key 'DE' is already in line 3"]
    broken.write_text("code,nam,region\nCH,Switzerland,EMEA\n")
    status, _, err = rules("check", "--table", f"countries={broken}", globex)
    assert status == 1 and "name" in err


def order(**fields):
    return json.dumps({"currency": "EUR", "amount": "11.90", "tax": "1.90", "shipping": {"address": {"street": "Long Lane 1", "city": " Bern "}}, **fields})


def test_apply_shows_what_would_change():
    lines = "\n".join([order(), order(amount="0.00"), order(coupon="TEST"), order(tenant="globex-003"), order(amuont=1), "{"])
    status, out, err = rules("apply", "--rules", "contracts/rules/acme.yaml", "--topic", "order.created", "--partial", text=lines)
    assert (status, err) == (0, "")
    shown = out.splitlines()
    assert shown[0] == "line 1  acme-009  delivered"
    assert '    shipping.address.street: "Long Lane 1" -> "***********"' in shown
    assert "    + net: 10.00" in shown and '    + city: "Bern"' in shown and "    meter turnover: 10.00 euro" in shown
    assert "line 2  acme-009  rejected: rule 'positive_amount' doesn't hold: an order costs something; amount > 0 (amount = 0.00)" in shown
    assert "line 3  acme-009  dropped by test_orders" in shown
    assert "line 5  unreadable: events of OrderCreated have no field 'amuont'; did you mean 'amount'?" in shown
    assert any(line.startswith("line 6  unreadable: no JSON") for line in shown)
    assert "acme-009: 1 delivered (1 of them changed), 1 dropped, 1 rejected" in shown
    assert "globex-003: 1 without rules among these" in shown and not any("line 4" in line for line in shown)
    status, out, _ = rules("apply", "--rules", "contracts/rules/acme.yaml", "--topic", "order.created", "--partial", "--json", text=lines)
    found = [json.loads(line) for line in out.splitlines()]
    assert found[0]["changes"]["net"] == {"to": "10.00"} and found[0]["changes"]["shipping.address.street"] == {"from": "Long Lane 1", "to": "***********"}
    assert [each["outcome"] for each in found[:-1]] == ["delivered", "rejected", "dropped", "other_tenant", "unreadable", "unreadable"]
    assert found[-1]["summary"]["acme-009"]["by"] == {"dropped by test_orders": 1, "rejected by positive_amount": 1}


def test_apply_wants_whole_events_and_a_topic():
    status, out, _ = rules("apply", "--rules", "contracts/rules/acme.yaml", "--topic", "order.created", text='{"amount": 1}\n')
    assert status == 0 and "event_id is missing" in out
    status, _, err = rules("apply", "--rules", "contracts/rules/acme.yaml", "--topic", "order.craeted", text="")
    assert status == 1 and "did you mean 'order.created'?" in err
    assert rules("apply", "--rules", "contracts/rules/acme.yaml", "--topic", "order.created", "--last", "5")[0] != 0, "--last needs --brokers and --registry"


@pytest.fixture
def demo(make_demo):
    """A running pipeline with the example rules in the catalog."""
    demo = make_demo("--rules", "--rate", "500", "--quiet")
    until("the catalog has the examples", lambda: json.load(urllib.request.urlopen(demo.address("catalog") + "/v1/catalog"))["tenants"] >= 3, 60)
    return demo


def test_rules_are_kept_in_files(demo, tmp_path):
    catalog = ["--catalog", demo.address("catalog")]
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    # All of the demo's examples come down as they are, and nothing differs.
    status, out, err = rules("pull", *catalog, "--dir", mine)
    assert (status, err) == (0, ""), out
    assert (mine / "acme-009.yaml").read_text() == (ROOT / "contracts/rules/acme.yaml").read_text() and (mine / "default.yaml").exists()
    assert rules("diff", *catalog, *mine.glob("*.yaml")) == (0, "", "")

    # A new tenant.
    ann = mine / "ann.yaml"
    ann.write_text(ORDERS.format("note", "1"))
    status, out, _ = rules("push", *catalog, "--dry-run", ann)
    assert status == 0 and "nothing was changed" in out
    status, out, err = rules("push", *catalog, "--comment", "first", ann)
    assert (status, err) == (0, "") and "tenant t-ann: version" in out
    first = out.split()[-1]
    assert "nothing changes" in rules("push", *catalog, ann)[1]

    # Somebody else changes it: my push is refused and shows theirs, until I have seen it.
    assert rules("pull", *catalog, "--dir", theirs, "t-ann")[0] == 0
    (theirs / "t-ann.yaml").write_text(ORDERS.format("note", "2"))
    assert rules("push", *catalog, "--author", "bob", "--comment", "two", theirs / "t-ann.yaml")[0] == 0
    ann.write_text(ORDERS.format("note", "3"))
    status, out, err = rules("push", *catalog, ann)
    assert status == 1 and "by bob" in err and "-    set: {note: '2'}" in err and "+    set: {note: '3'}" in err
    status, _, err = rules("pull", *catalog, "--dir", mine, "t-ann")
    assert status == 1 and "has changes that aren't in the catalog" in err and "'3'" in ann.read_text()
    status, out, _ = rules("diff", *catalog, ann)
    assert status == 1 and "+    set: {note: '3'}" in out
    assert rules("push", *catalog, "--force", "--comment", "three", ann)[0] == 0
    assert rules("push", *catalog, theirs / "t-ann.yaml")[0] == 1

    # What the catalog finds wrong has its place; nothing is changed by it.
    ann.write_text(ORDERS.format("note", "amuont"))
    status, _, err = rules("push", *catalog, ann)
    assert status == 1 and err.startswith(f"{ann}:4:18: ") and "did you mean 'amount'?" in err
    status, _, err = rules("push", *catalog, "--schemas", "contracts/avro", ann)
    assert status == 1 and err.startswith(f"{ann}:4:18: ")

    # Back to how it was.
    status, out, _ = rules("log", *catalog, "t-ann")
    lines = out.splitlines()
    assert status == 0 and len(lines) == 3 and "ann  three" in lines[0] and "bob  two" in lines[1] and lines[2].split()[0] == first
    status, out, err = rules("rollback", *catalog, "t-ann", first)
    assert (status, err) == (0, "") and f"as version {first} was" in out
    assert rules("pull", *catalog, "--dir", mine, "--force", "t-ann")[0] == 0 and ann.read_text() == ORDERS.format("note", "1")
    status, _, err = rules("rollback", *catalog, "t-ann", "1")
    assert status == 1 and "version 1" in err
    assert rules("log", *catalog, "nobody")[0] == 1

    # Tables.
    plans = tmp_path / "plans.csv"
    plans.write_text("id,price\nfree,0.00\npro,9.90\n")
    status, out, err = rules("tables", "push", *catalog, "plans", plans)
    assert (status, err) == (0, "") and "table plans: version" in out
    assert "nothing changes" in rules("tables", "push", *catalog, "plans", plans)[1]
    status, out, _ = rules("tables", "list", MILLRACE_CATALOG=demo.address("catalog"))
    assert status == 0 and "2 rows by id: id string, price decimal(18,2)" in out and "countries" in out
    plans.write_text("id,price\nfree,0.00\nfree,x\n")
    status, _, err = rules("tables", "push", *catalog, "--types", "price:decimal(9,2)", "plans", plans)
    assert status == 1 and err.startswith(f"{plans}:3: ")

    # A catalog that isn't there.
    status, _, err = rules("log", "--catalog", "http://127.0.0.1:1", "t-ann")
    assert status == 2 and "127.0.0.1:1" in err

    # The newest events of a topic, with the schemas that they were written with.
    until("orders are in the topic", lambda: demo.state()["figures"]["delivered"] > 2000, 90)
    status, out, err = rules("apply", *COUNTRIES, "--rules", "contracts/rules/acme.yaml", "contracts/rules/globex.yaml", "contracts/rules/default.yaml",
                             "--topic", "order.created", "--brokers", demo.address("broker").removeprefix("http://"), "--registry", demo.address("registry"),
                             "--last", "100", "--json")
    assert (status, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) == 101 and all("partition" in each and "offset" in each for each in found[:-1])
    assert sum(each["outcome"] == "delivered" for each in found[:-1]) > 40
    assert sum(sum(n for fate, n in counts.items() if fate in ("delivered", "dropped", "rejected", "unreadable", "other_tenant")) for counts in found[-1]["summary"].values()) == 100
