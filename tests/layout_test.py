#!/usr/bin/env python3
"""The house rules that a machine can check: who may include whom, how long a file is, what names and metrics there are.

Run from anywhere; names every breach as file:line and exits 1. Standard library only.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LINES_MAX = 400
TEST_LINES_MAX = 600  # a test program of one claim after the other reads well when it is longer

# Which rooms a room may include, besides itself. A trailing * stands for every room of that folder.
BELOW_CLIENTS = ["base", "columns", "avro", "rules"]
ALLOWED = {
    "base": [],
    "columns": ["base"],
    "avro": ["base", "columns"],
    "rules": ["base", "columns"],
    "clients/kafka": ["base"],
    "clients/http": ["base"],
    "clients/http_server": ["base"],
    "clients/chdb": ["base"],
    "clients/metrics": ["base", "clients/http_server"],
    "clients/grpc": ["base"],
    "clients/sql": ["base"],
    "clients/parquet": ["base", "columns"],
    "clients/object_store": ["base", "clients/http"],
    "clients/compression": ["base"],
    "clients/clickhouse": ["base", "columns", "clients/http", "clients/compression"],
    "tables": BELOW_CLIENTS + ["clients/http", "clients/clickhouse"],
    "topic_store": ["base", "clients/kafka"],
    "catalog_topic": ["base", "columns", "rules", "topic_store"],
    # The rooms of the pipeline don't know each other; pipeline/lane joins them.
    "pipeline/commit": ["base"],
    "pipeline/ingest": ["base", "clients/kafka", "clients/metrics"],
    "pipeline/decode": BELOW_CLIENTS + ["clients/http", "clients/kafka", "clients/metrics"],
    "pipeline/transform": BELOW_CLIENTS,
    "pipeline/sinks": [],  # what all sinks share
    "pipeline/sinks/*": BELOW_CLIENTS + ["clients/*"],
    "pipeline/lane": BELOW_CLIENTS + ["clients/*", "catalog_topic", "topic_store", "pipeline/*"],
    "services/clickhouse_embedded": ["base", "clients/chdb", "clients/compression", "clients/http_server", "clients/metrics"],
    "services/*": BELOW_CLIENTS + ["clients/*", "tables", "topic_store", "catalog_topic"],
    # The audit judges the pipeline, so it shares nothing with it but the clients; the load generator likewise.
    "tools/audit": ["base", "clients/kafka", "clients/http", "clients/clickhouse", "clients/parquet", "clients/object_store"],
    "tools/loadgen": ["base", "clients/kafka", "clients/http", "clients/metrics"],
    "tools/demo": ["base", "clients/*", "tools/supervisor", "tools/broker", "tools/audit", "tools/loadgen", "tables"],
    # The operator's acts speak the lane's language: plans, dead letters, and what is read again for them.
    "tools/operate": ["base", "clients/*", "pipeline/commit", "pipeline/decode", "pipeline/ingest", "pipeline/sinks/dead_letters"],
    # Trying a rule set takes the way that a worker takes; tables and differences are read and told as the catalog does it.
    "tools/rules": BELOW_CLIENTS + ["clients/*", "catalog_topic", "pipeline/decode", "pipeline/transform", "services/catalog", "tables"],
    "tools/*": BELOW_CLIENTS + ["clients/*", "tables"],
    "app": ["*"],
}
# The seams: single files that another room may include.
SEAMS = {
    "pipeline/decode": ["pipeline/ingest/record_batch.h"],
    "pipeline/sinks/*": ["pipeline/commit/", "pipeline/decode/rejected_record.h", "pipeline/sinks/sink_state.h"],  # the pure machine that a sink drives; what becomes a dead letter
}
# Third-party headers, and the one room that wraps each.
WRAPPED = {
    r"<librdkafka/": "clients/kafka",
    r"<curl/": "clients/http",
    r"<httplib\.h>": "clients/http_server",
    r"<prometheus/": "clients/metrics",
    r"<grpcpp/": "clients/grpc",
    r"<sqlite3\.h>": "clients/sql",
    r"<libpq-fe\.h>": "clients/sql",
    r"<(arrow|parquet)/": "clients/parquet",
    r"<dlfcn\.h>": "clients/chdb",
    r"<(lz4frame|zlib|zstd)\.h>": "clients/compression",
    r"<CLI/": "app",
    r"<re2/": "rules",
    r"<cctz/": "rules",
    r"<spdlog/": "base",
}
FORBIDDEN_NAME = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|\.|$)|[a-z]_?(v2|new|old|2)\.(cc|h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])')
METRIC = re.compile(r'(?:counter|gauge|histogram)\(\s*"(millrace_[a-z0-9_]+)"')

breaches = []


def breach(path, line, text):
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def room_of(path):
    """The room of a path relative to src: clients/kafka/admin.h -> clients/kafka, pipeline/sinks/clickhouse/x.cc -> the three."""
    parts = path.split("/")[:-1]
    if not parts:
        return ""
    if parts[0] == "pipeline" and len(parts) == 1:
        return "pipeline/lane"  # pipeline/lane.*
    depth = 3 if parts[:2] == ["pipeline", "sinks"] else 2 if parts[0] in ("clients", "pipeline", "services", "tools") else 1
    return "/".join(parts[:depth])


def matches(pattern, room):
    return pattern == "*" or pattern == room or (pattern.endswith("/*") and room.startswith(pattern[:-1]))


def entry(table, room):
    if room in table:
        return table[room]
    return next((value for key, value in table.items() if matches(key, room)), None)


def check_include(path, number, room, included):
    if included.startswith("<"):
        for pattern, owner in WRAPPED.items():
            if re.match(pattern, included) and room != owner and not path.name.endswith(("_test.cc", "_bench.cc")):
                breach(path, number, f"{included} is wrapped by {owner}: include that")
        return
    target = included.strip('"')
    if not (SRC / target).exists():
        if not target.startswith(("integration/", "simulation/", "faults/")) and not target.endswith(".inc"):  # .inc: made by CMake
            breach(path, number, f'"{target}" is no file under src: includes are written from src')
        return
    other = room_of(target)
    if other == room:
        return
    # A test may use any room: it is nobody's dependency.
    if path.name.endswith(("_test.cc", "_testing.h", "_bench.cc", "_fuzz.cc", "_sim.cc")):
        return
    if any(matches(pattern, other) for pattern in entry(ALLOWED, room) or []):
        return
    if any(target.startswith(seam) for seam in entry(SEAMS, room) or []):
        return
    breach(path, number, f"{room} may not include {other}")


def check_sources():
    sources = sorted(p for p in SRC.rglob("*") if p.suffix in (".cc", ".h", ".c"))
    for path in sources:
        room = room_of(path.relative_to(SRC).as_posix())
        if entry(ALLOWED, room) is None:
            breach(path, 1, f"the room {room} isn't in the table of tests/layout_test.py")
            continue
        text = path.read_text()
        if path.suffix == ".h" and "#pragma once" not in text:
            breach(path, 1, "#pragma once is missing")
        for number, line in enumerate(text.splitlines(), 1):
            if found := INCLUDE.match(line):
                check_include(path, number, room, found[1])
    return sources


def check_shape():
    folders = [SRC, ROOT / "tests", ROOT / "scripts", ROOT / "bench", ROOT / "cmake"]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if "cases" in path.parts or "__pycache__" in path.parts or not path.is_file():
                continue
            if FORBIDDEN_NAME.search(path.name):
                breach(path, 1, "a name that says nothing: name it after what it holds")
            if path.suffix in (".cc", ".h", ".py", ".sh", ".cmake", ".txt"):
                lines = path.read_text().count("\n")
                most = TEST_LINES_MAX if re.search(r"test|conftest", path.name) else LINES_MAX
                if lines > most:
                    breach(path, most, f"{lines} lines are more than {most}: two concepts?")


def check_metrics(sources):
    contract = ROOT / "contracts" / "metrics.yaml"
    listed = set(re.findall(r"\bmillrace_[a-z0-9_]+", contract.read_text())) if contract.exists() else set()
    used = set()
    for path in sources:
        if path.name.endswith("_test.cc"):
            continue
        for found in METRIC.finditer(path.read_text()):
            used.add(found[1])
            if found[1] not in listed:
                breach(path, path.read_text()[: found.start()].count("\n") + 1, f"metric {found[1]} isn't in contracts/metrics.yaml")
    return len(used)


def check_subcommands():
    """Each subcommand is one file of src/app, named after it; rules_check.cc is a part of rules. What has a header is for several."""
    texts = {path: path.read_text() for path in sorted((SRC / "app").glob("*.cc"))}
    names_of = lambda text: re.findall(r'Subcommand \w+[({]"([a-z-]+)"', text)
    for path, text in texts.items():
        names = names_of(text)
        if not names and any(names_of(texts[other]) and path.stem.startswith(other.stem + "_") for other in texts):
            continue
        if path.stem != "main" and not path.with_suffix(".h").exists() and path.stem.replace("_", "-") not in names:
            breach(path, 1, f"defines no subcommand {path.stem.replace('_', '-')}")


def main():
    sources = check_sources()
    check_shape()
    metrics = check_metrics(sources)
    check_subcommands()
    if len(sources) < 20:
        breaches.append("src: fewer than 20 sources were found: is this the right folder?")
    print("\n".join(breaches) or f"layout: {len(sources)} sources and {metrics} metrics keep the house rules")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
