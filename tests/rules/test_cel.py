"""Random well-typed expressions over random rows: what the rules give is what cel-python gives, value for value and failure for failure.

A seed makes an expression; MILLRACE_RULES_SEED repeats one run, MILLRACE_LONG makes it twenty times longer. What cel-python doesn't have (decimals,
mixed comparisons, the strings extension, our own functions) is in the tests beside the kernels.

Where cel-python is known to differ from cel-spec, nothing is generated that shows it:
* string(double) is Python's repr, not the form that cel-go writes; string(timestamp) drops the fraction of a second and keeps the literal's
  offset, string(duration) drops the fraction too.
* the minus before a double, and string(bool) of what a method gives, lose their types on the way (a Python float, "True").
* a sum of texts loses its type likewise and has no methods: string(sum) has.
* the least int % -1 is 0; cel-go and we call it an overflow, as that of / is.
* a negative index counts from the list's end; cel-spec: it is out of range.
* an int that isn't null has no comparison with null, nor has a text `== null`; cel-spec: heterogeneous equality gives false. `text != null` works.
* a double divided by zero is infinity whatever the sign.
* getMilliseconds of a duration is the whole duration; cel-spec's conformance test: the part behind the second.
* map with a filter (x.map(y, condition, value)) is missing, and so is timestamp(int).
* a timestamp keeps microseconds only, so rows have whole seconds.
"""
import datetime
import json
import math
import os
import pathlib
import random
import subprocess

import celpy
import pytest
from celpy import celtypes

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = pathlib.Path(os.environ.get("MILLRACE_RULE_DRIVER", ROOT / "build" / "release" / "tests" / "rules" / "rule_driver"))
SEED = int(os.environ.get("MILLRACE_RULES_SEED", "1"))
EXPRESSIONS = 24000 if os.environ.get("MILLRACE_LONG") else 1200
ROWS = 5

INTS = [0, 1, -1, 2, 3, 7, 10, 100, -50, 2**31, 2**63 - 1, -(2**63)]
UINTS = [0, 1, 2, 3, 10, 255, 2**32, 2**64 - 1]
DOUBLES = [0.0, 1.0, -1.0, 0.5, 2.25, 1e10, -3.75, 1e300]
TEXTS = ["", "a", "b", "abc", "Grüße", "x y", "12", "-7", "true", "日本", "aXbXc", "0"]
PARTS = ["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


class Generator:
    """Expressions by type: each method gives the source of one, at most so many levels deep."""

    def __init__(self, rng):
        self.rng = rng
        self.variables = []  # (name, type)

    def pick(self, *choices):
        return self.rng.choice(choices)()

    def field(self, kind):
        names = {"int": ["i", "j"], "uint": ["u", "v"], "double": ["d", "e"], "bool": ["b", "c"], "string": ["s", "t"], "bytes": ["y"],
                 "timestamp": ["at"], "ints": ["li"], "strings": ["ls"], "map": ["mp"]}.get(kind, [])
        return self.rng.choice(names + [name for name, of in self.variables if of == kind])

    def of(self, kind, depth):
        if kind == "duration":
            return self.duration(depth)
        if depth <= 0 or self.rng.random() < 0.15:
            literals = {"int": lambda: str(self.rng.choice(INTS[:9])), "uint": lambda: f"{self.rng.choice(UINTS)}u",
                        "double": lambda: repr(self.rng.choice(DOUBLES)), "bool": lambda: self.rng.choice(["true", "false"]),
                        "string": lambda: quoted(self.rng.choice(TEXTS)), "bytes": lambda: "b" + quoted(self.rng.choice(TEXTS[:4]))}
            if kind in literals and self.rng.random() < 0.3:
                return literals[kind]()
            return self.field(kind)
        return getattr(self, kind)(depth - 1)

    def any_kind(self):
        return self.rng.choice(["int", "uint", "double", "bool", "string", "bytes", "timestamp", "ints", "strings"])

    def conditional(self, kind, depth):
        return f"({self.of('bool', depth)} ? {self.of(kind, depth)} : {self.of(kind, depth)})"

    def binary(self, kind, operators, depth):
        return f"({self.of(kind, depth)} {self.rng.choice(operators)} {self.of(kind, depth)})"

    def int(self, depth):
        return self.pick(
            lambda: self.binary("int", "+-*/", depth), lambda: f"({self.of('int', depth)} % {self.rng.choice(['0', '3', '-7', 'int(v)'])})",
            lambda: f"(-{self.field('int')})",
            lambda: f"size({self.of(self.rng.choice(['string', 'bytes', 'ints', 'strings']), depth)})",
            lambda: f"int({self.of(self.rng.choice(['uint', 'double', 'string', 'timestamp']), depth)})",
            lambda: f"{self.of('ints', depth)}[{self.rng.randrange(3)}]",
            lambda: f"mp[{self.of('string', depth)}]", lambda: "mp.a", lambda: self.conditional("int", depth),
            lambda: f"{self.of('timestamp', depth)}.{self.rng.choice(PARTS)}({self.zone()})",
            lambda: f"{self.duration(depth)}.{self.rng.choice(['getHours', 'getMinutes', 'getSeconds'])}()")

    def zone(self):
        return self.rng.choice(["", "", '"Europe/Berlin"', '"America/New_York"', '"Asia/Kolkata"'])

    def uint(self, depth):
        return self.pick(lambda: self.binary("uint", "+-*/%", depth), lambda: f"uint({self.of(self.rng.choice(['int', 'double']), depth)})",
                         lambda: self.conditional("uint", depth))

    def double(self, depth):
        return self.pick(lambda: self.binary("double", "+-*", depth), lambda: f"({self.of('double', depth)} / {self.rng.choice(['3.0', '-0.5', '1e10'])})", lambda: f"double({self.of(self.rng.choice(['int', 'uint']), depth)})",
                         lambda: self.conditional("double", depth))

    def string(self, depth):
        return self.pick(lambda: self.binary("string", "+", depth), lambda: f"string({self.of(self.rng.choice(['int', 'uint', 'timestamp']), depth)})",
                         lambda: f"{self.of('strings', depth)}[{self.rng.randrange(3)}]", lambda: self.conditional("string", depth),
                         lambda: f"string(bytes({self.of('string', depth)}))", lambda: f"(n != null ? n : {self.of('string', depth)})")

    def bytes(self, depth):
        return self.pick(lambda: self.binary("bytes", "+", depth), lambda: f"bytes({self.of('string', depth)})", lambda: self.conditional("bytes", depth))

    def timestamp(self, depth):
        return self.pick(lambda: f"({self.of('timestamp', depth)} {self.rng.choice('+-')} {self.duration(depth)})", lambda: self.conditional("timestamp", depth),
                         lambda: 'timestamp("2024-02-29T12:34:56Z")')

    def duration(self, depth):
        texts = ["1h", "90m", "-36h", "1h30m15s", "86400s"]
        literal = lambda: f'duration("{self.rng.choice(texts)}")'
        if depth <= 0:
            return literal()
        return self.pick(literal, lambda: f"({self.duration(depth - 1)} + {literal()})", lambda: f"({self.of('timestamp', 0)} - {self.of('timestamp', 0)})")

    def ints(self, depth):
        return self.pick(lambda: "[" + ", ".join(self.of("int", depth) for _ in range(self.rng.randrange(1, 4))) + "]", lambda: self.binary("ints", "+", depth),
                         lambda: self.macro("map", "ints", "int", depth), lambda: self.macro("filter", "ints", "bool", depth), lambda: self.conditional("ints", depth))

    def strings(self, depth):
        return self.pick(lambda: "[" + ", ".join(self.of("string", depth) for _ in range(self.rng.randrange(1, 4))) + "]", lambda: self.binary("strings", "+", depth),
                         lambda: self.macro("map", "strings", "string", depth), lambda: self.macro("filter", "strings", "bool", depth))

    def macro(self, name, over, gives, depth):
        if len(self.variables) >= 3:
            return self.field(over) if gives != "bool" or name == "filter" else "b"
        variable = f"x{len(self.variables)}"
        source = self.of(over, depth)
        self.variables.append((variable, over[:-1]))
        body = self.of(gives, depth)
        self.variables.pop()
        return f"{source}.{name}({variable}, {body})"

    def bool(self, depth):
        def comparison():
            kind = self.rng.choice(["int", "uint", "double", "string", "bytes", "timestamp", "duration"])
            return self.binary(kind, ["<", "<=", ">", ">=", "==", "!="], depth)

        return self.pick(
            comparison, comparison, lambda: self.binary("bool", ["&&", "||"], depth), lambda: self.binary("bool", ["&&", "||"], depth),
            lambda: f"(!{self.of('bool', depth)})", lambda: self.conditional("bool", depth),
            lambda: f"string({self.of('string', depth)}).{self.rng.choice(['contains', 'startsWith', 'endsWith'])}({self.of('string', depth)})",
            lambda: "string(" + self.of("string", depth) + ").matches(" + self.rng.choice(['"^a"', '"[0-9]+$"', '"ü|日"', '"^$"']) + ")",
            lambda: f"({self.of('int', depth)} in {self.of('ints', depth)})", lambda: f"({self.of('string', depth)} in {self.of('strings', depth)})",
            lambda: f"({self.of('string', depth)} in mp)", lambda: "has(mp.a)", lambda: f"({self.of('ints', depth)} == {self.of('ints', depth)})",
            lambda: f"(n != null && n.contains({self.of('string', depth)}))",
            lambda: f"(!(n != null) || n.startsWith({self.of('string', depth)}))", lambda: f"(!(n != null) ? {self.of('bool', depth)} : n < {self.of('string', depth)})",
            lambda: self.macro(self.rng.choice(["all", "exists", "exists_one"]), self.rng.choice(["ints", "strings"]), "bool", depth))


def random_row(rng):
    return {"i": rng.choice(INTS), "j": rng.choice(INTS[:8]), "u": rng.choice(UINTS), "v": rng.choice(UINTS[:5]), "d": rng.choice(DOUBLES), "e": rng.choice(DOUBLES),
            "b": rng.random() < 0.5, "c": rng.random() < 0.5, "s": rng.choice(TEXTS), "t": rng.choice(TEXTS), "y": rng.choice(TEXTS),
            "at": rng.choice([0, -1, 951782400, 1700000000, 1711846800, -2208988800]), "n": rng.choice([None] + TEXTS),
            "li": [rng.choice(INTS) for _ in range(rng.randrange(4))], "ls": [rng.choice(TEXTS) for _ in range(rng.randrange(4))],
            "mp": {key: rng.choice(INTS) for key in rng.sample(["a", "b", "abc", ""], rng.randrange(4))}}


def for_driver(row):
    def text(name, value):
        if name == "at":
            return str(value * 10**9)
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, list):
            return [text("", one) for one in value]
        if isinstance(value, dict):
            return {key: text("", one) for key, one in value.items()}
        return repr(value)

    return {name: text(name, value) for name, value in row.items()}


def for_celpy(row):
    kinds = {"i": celtypes.IntType, "j": celtypes.IntType, "u": celtypes.UintType, "v": celtypes.UintType, "d": celtypes.DoubleType, "e": celtypes.DoubleType,
             "b": celtypes.BoolType, "c": celtypes.BoolType, "s": celtypes.StringType, "t": celtypes.StringType}
    out = {name: kind(row[name]) for name, kind in kinds.items()}
    out["y"] = celtypes.BytesType(row["y"].encode())
    out["at"] = celtypes.TimestampType(EPOCH + datetime.timedelta(seconds=row["at"]))
    out["n"] = None if row["n"] is None else celtypes.StringType(row["n"])
    out["li"] = celtypes.ListType([celtypes.IntType(one) for one in row["li"]])
    out["ls"] = celtypes.ListType([celtypes.StringType(one) for one in row["ls"]])
    out["mp"] = celtypes.MapType({celtypes.StringType(key): celtypes.IntType(one) for key, one in row["mp"].items()})
    return out


def canonical(value):
    """A result of cel-python as the driver writes it."""
    if value is None or isinstance(value, (bool, celtypes.BoolType)):
        return None if value is None else bool(value)
    if isinstance(value, celtypes.UintType):
        return {"uint": str(int(value))}
    if isinstance(value, celtypes.IntType):
        return {"int": str(int(value))}
    if isinstance(value, float):
        return {"double": "nan" if math.isnan(value) else float(value).hex()}
    if isinstance(value, str):
        return {"string": str(value)}
    if isinstance(value, bytes):
        return {"bytes": bytes(value).decode("utf-8", "replace")}
    if isinstance(value, datetime.timedelta):
        return {"duration": str((value // datetime.timedelta(microseconds=1)) * 1000)}
    if isinstance(value, datetime.datetime):
        return {"timestamp": str(((value - EPOCH) // datetime.timedelta(microseconds=1)) * 1000)}
    if isinstance(value, list):
        return {"list": [canonical(one) for one in value]}
    raise AssertionError(f"{type(value)} of cel-python")


def same(ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict) and "double" in ours and "double" in theirs:
        a, b = ours["double"], theirs["double"]
        return a == b or (a != "nan" and b != "nan" and float.fromhex(a) == float.fromhex(b) and math.copysign(1, float.fromhex(a)) == math.copysign(1, float.fromhex(b)))
    if isinstance(ours, dict) and isinstance(theirs, dict) and "list" in ours and "list" in theirs:
        return len(ours["list"]) == len(theirs["list"]) and all(same(a, b) for a, b in zip(ours["list"], theirs["list"]))
    return ours == theirs


@pytest.fixture(scope="module")
def driver():
    if not DRIVER.exists():
        pytest.fail(f"{DRIVER} isn't built: ./dev build")
    with subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def ask(expression, rows):
            process.stdin.write(json.dumps({"expression": expression, "rows": rows}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def reference(program, row):
    try:
        return canonical(program.evaluate(for_celpy(row)))
    except (celpy.CELEvalError, OverflowError, ValueError) as error:  # int(infinity), int(NaN) leave as Python's
        return f"failure: {error.args[0]}"


def test_random_expressions_give_what_cel_python_gives(driver):
    environment = celpy.Environment()
    refused, compared, failures, wrong = 0, 0, 0, []
    for number in range(EXPRESSIONS):
        rng = random.Random(f"{SEED}/{number}")
        generator = Generator(rng)
        expression = generator.of(generator.any_kind(), rng.randrange(1, 5))
        rows = [random_row(rng) for _ in range(ROWS)]
        answer = driver(expression, [for_driver(row) for row in rows])
        if "error" in answer:  # what fails on every row is refused when a rule is checked
            refused += 1
            assert any(why in answer["error"] for why in ("doesn't fit", "divides by zero", "is no ", "inside each other")), f"{expression}\n{answer['error']}"
            continue
        program = environment.program(environment.compile(expression))
        for row, ours in zip(rows, answer["results"]):
            theirs = reference(program, row)
            compared += 1
            failed = isinstance(theirs, str)
            failures += failed
            fine = isinstance(ours, dict) and "failure" in ours if failed else same(ours, theirs)
            if not fine:
                wrong.append(f"seed {SEED}/{number}: {expression}\n  row {row}\n  ours {ours}\n  cel-python {theirs}")
                break
    assert not wrong, f"{len(wrong)} of {compared} results differ:\n" + "\n".join(wrong[:10])
    assert compared > EXPRESSIONS * ROWS * 0.7 and 0 < failures < compared * 0.7, (refused, compared, failures)
