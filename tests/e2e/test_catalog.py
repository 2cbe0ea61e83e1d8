"""`millrace catalog` by its OpenAPI document: every path is driven, every answer is one that the document has."""
import json, re, signal, subprocess, urllib.error, urllib.parse, urllib.request
import jsonschema, pytest, yaml
from openapi_spec_validator import validate
from demo import BINARY, ROOT, until

SPEC = yaml.safe_load((ROOT / "contracts/openapi/catalog.yaml").read_text())
RULES = (ROOT / "contracts/rules/acme.yaml").read_text()
TENANT = yaml.safe_load(RULES)["tenant"]
ORDERS = "tenant: {}\ntopics:\n  order.created:\n    set: {{{}: '{}'}}\n"


def test_document_is_openapi_3_1():
    validate(SPEC)


def resolve(node):
    while "$ref" in node:
        path, node = node["$ref"][2:].split("/"), SPEC
        for piece in path:
            node = node[piece]
    return node


class Catalog:
    def __init__(self, process, url):
        self.process, self.url, self.driven = process, url, set()

    def call(self, method, path, body=None, headers=None, **query):
        """(status, parsed body or text, headers), judged by the document."""
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, method=method, data=body.encode() if body is not None else None, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, got = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read().decode(), error.headers
        return status, self.judged(method, path, status, text, got), got

    def judged(self, method, path, status, text, headers):
        plain = urllib.parse.unquote(path)
        matching = [p for p in SPEC["paths"] if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(p)), plain)]
        assert len(matching) == 1, f"{path} isn't in the document"
        operation = SPEC["paths"][matching[0]][method.lower()]
        self.driven.add((method.lower(), matching[0], status))
        assert str(status) in operation["responses"], f"{method} {path} answers {status}, which the document doesn't have: {text}"
        response = resolve(operation["responses"][str(status)])
        kind = headers["Content-Type"].split(";")[0]
        assert kind in response["content"], f"{method} {path}: {kind}"
        if method in ("GET", "PUT"):
            assert all(headers[name] for name in response.get("headers", {})), f"{method} {path}: {headers}"
        if kind != "application/json":
            return text
        value = json.loads(text)
        jsonschema.Draft202012Validator({**response["content"][kind]["schema"], "components": SPEC["components"]}).validate(value)
        return value


@pytest.fixture
def demo(make_demo):
    return make_demo("--only", "broker,registry,clickhouse", "--no-load", "--quiet")


@pytest.fixture
def catalog(demo, data):
    registry = demo.address("registry")
    for topic in ["order.created", "payment.processed", "user.pageview", "session.end", "error.captured"]:
        body = json.dumps({"schema": (ROOT / f"contracts/avro/{topic}.avsc").read_text()}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{registry}/subjects/{topic}-value/versions", data=body, headers={"Content-Type": "application/json"})).close()
    subprocess.run([BINARY, "tables", "apply", "--registry", registry, "--clickhouse", demo.address("clickhouse")], check=True, stdout=subprocess.DEVNULL)
    out = open(data / "catalog.out", "w+")
    process = subprocess.Popen([BINARY, "catalog", "--brokers", demo.address("broker").removeprefix("http://"), "--registry", registry,
                                "--clickhouse", demo.address("clickhouse")], stdout=out, stderr=open(data / "catalog.err", "w"))
    lines = lambda: (data / "catalog.out").read_text().splitlines()
    until("the catalog listens", lambda: process.poll() is None and lines())
    yield Catalog(process, "http://" + lines()[0].split()[-1])
    process.kill()
    process.wait()


def columns_of(demo, table):
    return dict(demo.query(f"SELECT name, type FROM system.columns WHERE table = '{table}'"))


def test_every_path_does_and_answers_what_the_document_says(catalog, demo):
    call = catalog.call
    empty = call("GET", "/v1/catalog")[1]
    assert (empty["version"], empty["hash"], empty["problems"]) == (0, "0" * 32, [])
    rules, tables = f"/v1/tenants/{TENANT}/rules", "/v1/tables/plans"

    # Tables: two forms, one content.
    assert call("GET", tables)[0] == 404
    status, made, headers = call("PUT", tables, "id,price,name\nfree,0.00,\nbasic,10.50,Basic\n", {"Content-Type": "text/csv"}, key="id", author="ada", comment="first")
    assert (status, made["version"], made["changed"], made["rows"]) == (200, 1, True, 2)
    assert made["columns"] == [{"name": "id", "type": "string"}, {"name": "price", "type": "decimal(18,2)"}, {"name": "name", "type": "string"}]
    again = call("PUT", tables, '[{"id": "basic", "price": 10.5, "name": "Basic"}, {"id": "free", "price": 0}]', {"Content-Type": "application/json"})[1]
    assert (again["changed"], again["version"], again["content_hash"]) == (False, 1, made["content_hash"])
    assert call("GET", tables)[1] == "id,price,name\nbasic,10.50,Basic\nfree,0.00,\n"
    assert call("GET", tables, format="json")[1] == [{"id": "basic", "price": 10.5, "name": "Basic"}, {"id": "free", "price": 0, "name": None}]
    status, wrong, _ = call("PUT", tables, "id,price\na,x\na,1\n", types="price:int")
    assert status == 422 and [error["line"] for error in wrong["errors"]] == [2, 3] and "'x' is no int" in wrong["text"]
    assert call("PUT", tables, "id\n", types="id:float")[0] == 400
    assert call("PUT", tables, "id\n", {"If-None-Match": "*"})[0] == 412
    assert call("PUT", "/v1/tables/a%20b", "id\n")[0] == 400

    # Rules: what is wrong is told with its place; what is right has its columns before it has its version.
    assert call("GET", rules)[0] == 404
    status, wrong, _ = call("PUT", rules, RULES.replace("amount > 0", "amuont > 0"))
    assert status == 422 and "did you mean 'amount'" in wrong["errors"][0]["message"] and f"{TENANT}:{wrong['errors'][0]['line']}:" in wrong["text"]
    before = columns_of(demo, "order_created")
    dry = call("PUT", rules, RULES, dry_run="true")[1]
    assert dry["dry_run"] and call("GET", "/v1/catalog")[1]["version"] == 1 and columns_of(demo, "order_created") == before
    status, first, headers = call("PUT", rules, RULES, {"If-None-Match": "*"}, author="ada", comment="the first rules")
    assert (status, first["version"]) == (200, 2)
    assert headers["ETag"] == f'"{first["content_hash"]}"'
    for topic, columns in first["derived"].items():
        assert columns.items() <= columns_of(demo, topic.replace(".", "_")).items()
    status, text, headers = call("GET", rules)
    assert text == RULES and headers["Millrace-Version"] == "2" and headers["ETag"] == f'"{first["content_hash"]}"'

    # A table that rules use.
    uses = ORDERS.format("globex", "plan_price", 'lookup("plans", coupon).price')
    assert call("PUT", "/v1/tenants/globex/rules", uses)[1]["derived"] == {"order.created": {"plan_price": "Nullable(Decimal(18, 2))"}}
    status, refused, _ = call("DELETE", tables)
    assert status == 409 and "globex" in refused["text"]
    assert call("PUT", tables, "id,cost\nfree,0\n")[0] == 422
    # Another tenant's column of that name.
    status, refused, _ = call("PUT", "/v1/tenants/initech/rules", ORDERS.format("initech", "plan_price", "user_id"))
    assert status == 422 and "for tenant globex" in refused["text"]

    # Versions, differences, the way back.
    changed = RULES.replace("amount > 0", "amount > 1")
    assert call("PUT", rules, changed, {"If-Match": '"beef"'})[0] == 412
    second = call("PUT", rules, changed, {"If-Match": headers["ETag"]})[1]
    assert [v["version"] for v in call("GET", rules + "/versions")[1]] == [second["version"], 2]
    assert call("GET", rules + "/versions/2")[1] == RULES
    assert call("GET", rules + "/versions/1")[0] == 404 and call("GET", rules + "/versions/x")[0] == 400
    diff = call("GET", rules + "/versions/2/diff", to=second["version"])[1]
    assert [line for line in diff.splitlines()[2:] if line[0] in "+-"] == ["-        that: amount > 0", "+        that: amount > 1"]
    assert call("GET", rules + "/versions/2/diff")[1].splitlines()[2:] == diff.splitlines()[2:]
    assert call("GET", rules + "/versions/2/diff", to=99)[0] == 404 and call("GET", rules + "/versions/2/diff", to="x")[0] == 400
    hash_before = [v for v in call("GET", "/v1/catalog/versions")[1] if v["version"] == second["version"] - 1][0]["hash"]
    assert call("POST", rules + "/rollback")[0] == 400 and call("POST", rules + "/rollback", to=99)[0] == 404
    back = call("POST", rules + "/rollback", to=2, author="bob")[1]
    assert back["changed"] and back["hash"] == hash_before and call("GET", rules)[1] == RULES
    newest = call("GET", "/v1/catalog/versions", limit=1)[1][0]
    assert (newest["author"], newest["comment"], newest["tenant"]) == ("bob", "back to version 2", TENANT)
    assert call("GET", "/v1/catalog/versions", before=3)[1][0]["version"] == 2
    assert call("GET", "/v1/catalog/versions", limit=0)[0] == 400

    # The default set has two names.
    default = "tenant: '*'\ntopics: {order.created: {drop: [{name: none, when: amount < 0}]}}\n"
    assert call("PUT", "/v1/tenants/_default/rules", default)[0] == 200
    assert call("GET", "/v1/tenants/*/rules")[1] == default
    assert [tenant["tenant"] for tenant in call("GET", "/v1/tenants")[1]] == ["*", TENANT, "globex"]
    assert call("DELETE", "/v1/tenants/*/rules")[0] == 200 and call("DELETE", "/v1/tenants/*/rules")[0] == 404
    assert call("DELETE", "/v1/tenants/globex/rules", headers={"If-Match": "*"})[0] == 200
    assert [table["table"] for table in call("GET", "/v1/tables")[1]] == ["plans"]
    assert call("DELETE", tables)[0] == 200 and call("DELETE", tables)[0] == 404

    known = {(method, path) for path, item in SPEC["paths"].items() for method in item if method != "parameters"}
    assert {(method, path) for method, path, status in catalog.driven if status == 200} == known, "an operation of the document wasn't driven"
    catalog.process.send_signal(signal.SIGTERM)
    assert catalog.process.wait(5) == 0
