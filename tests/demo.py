"""Drives `millrace demo` through its control interface."""
import json, os, pathlib, signal, subprocess, time, urllib.error, urllib.parse, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = os.environ.get("MILLRACE_BINARY", str(ROOT / "build/release/src/app/millrace"))
KILL_AT_RENAME = os.environ.get("MILLRACE_KILL_AT_RENAME_LIBRARY", str(ROOT / "build/release/tests/faults/libkill_at_rename.so"))
LOGS = pathlib.Path(os.environ.get("MILLRACE_TEST_LOGS", ROOT / "build/test"))
TOPICS = ["user.pageview", "order.created", "payment.processed", "session.end", "error.captured"]


def until(what, holds, within=30, every=0.1):
    """Waits until holds() is true and returns it; fails with the sentence otherwise."""
    end, last = time.monotonic() + within, None
    while time.monotonic() < end:
        try:
            if value := holds():
                return value
            last = value
        except (OSError, urllib.error.URLError) as error:
            last = error
        time.sleep(every)
    raise AssertionError(f"not within {within} s: {what} (last: {last})")


class Refused(Exception):
    pass


def ask(clickhouse, text, timeout=30):
    """The rows that a ClickHouse server at this URL answers with."""
    url = clickhouse + "/?" + urllib.parse.urlencode({"query": text, "default_format": "JSONCompact"})
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)["data"]


class Demo:
    def __init__(self, data, *options):
        self.data, self.options, self.process, self.control = pathlib.Path(data), options, None, None
        self.output = self.data / "demo.out"

    def start(self, within=90):
        begin = self.output.stat().st_size if self.output.exists() else 0
        with open(self.output, "ab") as out:
            without = [f"--no-{part}" for part in ("rules", "warehouse") if f"--{part}" not in self.options]
            options = [option for option in self.options if option not in ("--rules", "--warehouse")]
            self.process = subprocess.Popen([BINARY, "demo", "--data", str(self.data), "--ports", "0", *without, *options], stdout=out, stderr=out)

        def ready():
            text = self.text()[begin:]
            assert self.process.poll() is None, f"demo ended with {self.process.returncode}:\n{text}"
            lines = [line for line in text.splitlines() if line.startswith("listening on ")]
            return lines and "http://" + lines[-1].split()[-1]

        self.control = until("the demo is up:\n" + self.text(), ready, within)
        return self

    def text(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def call(self, method, path, timeout=120):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.control + path, method=method, data=b"" if method == "POST" else None), timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.load(error)["error"]) from None

    def state(self):
        return self.call("GET", "/state")

    def child(self, name):
        return next(child for child in self.state()["children"] if child["name"] == name)

    def do(self, name, act, wait=True):
        return self.call("POST", f"/children/{name}/{act}" + ("" if wait else "?wait=0"))

    def gate(self, name, mode, **rule):
        return self.call("POST", f"/gates/{name}?" + urllib.parse.urlencode({"mode": mode, **rule}))

    def gate_state(self, name):
        return next(gate for gate in self.state()["gates"] if gate["name"] == name)

    def address(self, name):
        return self.state()["addresses"][name]

    def query(self, text, timeout=30):
        return ask(self.address("clickhouse"), text, timeout)

    def stop(self, within=120):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(within)
        return self.process.returncode

    def abandon(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
