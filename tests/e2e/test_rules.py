"""Rule sets, as others see them: the JSON Schema that editors use agrees with `millrace rules check`, and the command says what is wrong."""
import http.server, json, subprocess, threading
import jsonschema, pytest, yaml
from demo import BINARY, ROOT

SCHEMA = json.loads((ROOT / "contracts/rules.schema.json").read_text())
EXAMPLES = sorted(p for p in (ROOT / "contracts/rules").glob("*.yaml") if not p.name.endswith(".test.yaml"))
COUNTRIES = ["--table", "countries=contracts/rules/countries.csv"]
RIGHT = sorted((ROOT / "tests/rules/right").iterdir())
WRONG = sorted((ROOT / "tests/rules/wrong").iterdir())
BEYOND = sorted((ROOT / "tests/rules/beyond_schema").iterdir())


def complaints(path):
    return [e.message for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(path.read_text()))]


def check(*arguments):
    done = subprocess.run([BINARY, "rules", "check", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(EXAMPLES) >= 3 and len(RIGHT) >= 2 and len(WRONG) >= 5 and BEYOND


@pytest.mark.parametrize("path", EXAMPLES + RIGHT + BEYOND, ids=lambda p: p.name)
def test_schema_accepts(path):
    assert complaints(path) == []


@pytest.mark.parametrize("path", WRONG, ids=lambda p: p.name)
def test_schema_refuses(path):
    assert complaints(path) != []


def test_examples_are_right():
    status, out, err = check(*COUNTRIES, "contracts/rules/acme.yaml", "contracts/rules/globex.yaml", "contracts/rules/default.yaml", "contracts/rules/acme.test.yaml")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "contracts/rules/acme.yaml: tenant acme-009, 3 topics, 27 rules: right",
        "contracts/rules/globex.yaml: tenant globex-003, 2 topics, 24 rules: right",
        "contracts/rules/default.yaml: tenant *, 5 topics, 6 rules: right",
        "contracts/rules/acme.test.yaml: 4 tests: right",
    ]


def test_what_is_wrong_is_told_with_its_place(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text("tenant: acme\ntopics:\n  order.created:\n    drop:\n      - name: tests\n        when: amuont > 1\n")
    status, out, err = check(path)
    assert status == 1
    assert err == f"{path}:6:15: order.created has no field 'amuont'; did you mean 'amount'?\n"
    assert out == ""


def test_patterns_and_time_zones_are_compiled(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text("tenant: acme\ntopics:\n  order.created:\n    drop:\n      - {name: bad, when: 'currency.matches(\"(\")'}\n    set: {hour: 'occurred_at.getHours(\"Europe/Bern\")'}\n")
    status, _, err = check(path)
    assert status == 1
    lines = err.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:5:16", f"{path}:6:11"], err


@pytest.mark.parametrize("path", WRONG + BEYOND, ids=lambda p: p.name)
def test_command_says_what_the_file_expects(path):
    expected = [line[3:] for line in path.read_text().splitlines() if line.startswith("#: ")]
    status, _, err = check(path)
    assert status == 1
    assert err.splitlines() == [f"{path}:{line}" for line in expected]


@pytest.fixture
def registry():
    """A schema registry with two versions of one subject, the second without `coupon`."""
    first = json.loads((ROOT / "contracts/avro/order.created.avsc").read_text())
    second = {**first, "fields": [f for f in first["fields"] if f["name"] != "coupon"]}
    answers = {"/subjects": ["order.created-value", "other-key"], "/subjects/order.created-value/versions": [1, 3]}
    for version, schema in ((1, first), (3, second)):
        answers[f"/subjects/order.created-value/versions/{version}"] = {"version": version, "schema": json.dumps(schema)}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answers.get(self.path, {"error_code": 404})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_every_version_of_the_registry_must_do(registry, tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text("tenant: acme\ntopics:\n  order.created:\n    drop:\n      - {name: tests, when: coupon == 'TEST'}\n      - {name: small, when: amount < 1}\n")
    status, _, err = check("--registry", registry, path)
    assert (status, err) == (1, f"{path}:5:29: order.created has no field 'coupon' (with version 3)\n")
    path.write_text(path.read_text().replace("coupon == 'TEST'", "tax > amount"))
    assert check("--registry", registry, path) == (0, f"{path}: tenant acme, 1 topic, 2 rules: right\n", "")


def test_schemas_that_cant_be_had_are_status_2(tmp_path):
    status, _, err = check("--schemas", tmp_path / "nowhere", EXAMPLES[0])
    assert status == 2 and "nowhere" in err
