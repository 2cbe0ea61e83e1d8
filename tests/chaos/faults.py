"""Faults of the running processes: each is done, held, lifted, and must show that it was met."""
import pathlib, threading, time, urllib.error, urllib.request
from demo import Refused, ROOT, until
from schedule import DISKS, GATES, WAREHOUSE_WORKER, WORKERS

LIBRARIES = ROOT / "build/release/tests/faults"
KILLED = 128 + 9


def control(demo, name):
    """The file that sets a preloaded fault off."""
    return demo.data / f"{name}.control"


def environment(data):
    """Options of `millrace demo` that put the fault libraries under those processes that write to the disk."""
    kill = {"clickhouse": ("kill_at_rename", "MILLRACE_KILL_AT_RENAME"), "billing": ("kill_in_write", "MILLRACE_KILL_IN_WRITE"),
            WAREHOUSE_WORKER: ("kill_in_write", "MILLRACE_KILL_IN_WRITE")}
    options = []
    for child, (library, variable) in kill.items():
        options += [f"--environment={child}:LD_PRELOAD={LIBRARIES}/libdisk_full.so:{LIBRARIES}/lib{library}.so",
                    f"--environment={child}:MILLRACE_DISK_FULL={pathlib.Path(data) / f'disk_full-{child}.control'}",
                    f"--environment={child}:{variable}={pathlib.Path(data) / f'kill-{child}.control'}"]
    return options


def metrics(demo, child):
    """By name with labels; empty while the process can't be asked."""
    try:
        with urllib.request.urlopen(demo.address(child) + "/metrics", timeout=5) as answer:
            pairs = (line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line and line[0] != "#")
            return {name: float(value) for name, value in pairs}
    except (OSError, urllib.error.URLError):
        return {}


def measured(demo, child, name):
    return sum(value for key, value in metrics(demo, child).items() if key.split("{")[0] == name)


class Injection(threading.Thread):
    """One fault on its way, on a thread of its own. `told` is what the report says of it: `bit` tells whether it was met."""

    def __init__(self, demo, load, fault, began):
        super().__init__(daemon=True)
        self.demo, self.load, self.fault, self.began = demo, load, fault, began
        self.details = dict(fault.details)
        self.told = {"kind": fault.kind, "target": fault.target, **self.details, "planned_at": fault.at, "at": None, "until": None, "bit": False, "evidence": ""}

    def run(self):
        time.sleep(max(0, self.began + self.fault.at - time.monotonic()))
        self.told["at"] = round(time.monotonic() - self.began, 1)
        try:
            self.told["bit"], self.told["evidence"] = getattr(self, self.fault.kind)()
        except (AssertionError, OSError, urllib.error.URLError, Refused, StopIteration) as error:
            self.told["evidence"] = f"failed: {error}"
        self.told["until"] = round(time.monotonic() - self.began, 1)

    def hold(self):
        time.sleep(self.fault.seconds)

    def hold_until(self, felt):
        """For its time, and then until something felt it: whom another fault keeps from calling has nothing to lose here yet. felt(): (whether it did, what shows it)."""
        self.hold()
        end, (met, evidence) = time.monotonic() + 20, felt()
        while not met and time.monotonic() < end:
            time.sleep(0.5)
            met, evidence = felt()
        return met, evidence

    def start_again(self, child, starts):
        self.demo.do(child, "start")
        again = self.demo.child(child)
        return again["starts"] > starts and again["state"] == "running"

    def kill(self):
        child = self.fault.target
        if child == "loadgen":
            code = self.load.kill()
            self.hold()
            self.load.go_on()
            return code == -9, f"status {code}, started again"
        starts = self.demo.child(child)["starts"]
        code = self.demo.do(child, "kill")["exit_code"]
        self.hold()
        return self.start_again(child, starts) and code == KILLED, f"status {code}, started again"

    def pause(self):
        child = self.fault.target
        self.demo.do(child, "freeze")
        time.sleep(self.fault.seconds)
        frozen = self.demo.child(child)["state"] == "frozen"
        self.demo.do(child, "thaw")
        return frozen, f"frozen for {self.fault.seconds} s"

    def freeze(self):
        """Until the others have taken over all its partitions, and some more."""
        frozen, others = self.fault.target, [worker for worker in WORKERS if worker != self.fault.target]
        held = lambda: sum(measured(self.demo, worker, "millrace_assigned_partitions") for worker in others)
        before, began = held(), time.monotonic()
        self.demo.do(frozen, "freeze")
        until("the others hold all partitions", lambda: held() == 30, 60, 0.5)
        took = time.monotonic() - began
        self.hold()
        self.demo.do(frozen, "thaw")
        return before < 30, f"the others held {before:.0f} of 30 partitions, and all {took:.1f} s later"

    def gate(self):
        gate, mode = self.fault.target, self.fault.kind
        before = self.demo.gate_state(gate)
        self.demo.gate(gate, mode, **self.details)
        time.sleep(0.2)
        held = self.demo.gate_state(gate)
        met, evidence = self.hold_until(lambda: self.felt_at(gate, mode, before, held))
        self.demo.gate(gate, "pass")
        return met, evidence

    def felt_at(self, gate, mode, before, held):
        """(Whether anything met the gate, what shows it), since `before` the gate was set and since it `held`."""
        now = self.demo.gate_state(gate)
        rose = lambda since, *names: sum(now[name] - since[name] for name in names)
        resets, connections, moved = rose(before, "resets"), rose(held, "connections"), rose(held, "bytes_to_server", "bytes_to_client")
        if mode == "refuse":
            waiting = self.waits()
            return resets > 0 or waiting > 0, f"{resets} connections reset, {waiting} waits"
        if mode == "reset":
            return resets + connections > 0, f"{resets} connections reset, {connections} new ones"
        if mode == "hang":
            return moved == 0 and now["connections"] > 0, f"no byte moved for {self.fault.seconds} s" if moved == 0 else f"{moved} bytes moved"
        return moved > 0, f"{moved} bytes in at least {self.fault.seconds} s"

    refuse = hang = reset = slow = gate

    def waits(self):
        """What a worker that can't reach its registry, say, counts."""
        worker = self.fault.target.rsplit("-", 1)[0]
        return int(sum(value for name, value in metrics(self.demo, worker).items() if 'outcome="unreachable"' in name or name.startswith("millrace_sink_waiting")))

    def lose_reply(self):
        gate, count = self.fault.target, self.details["count"]
        before = self.demo.gate_state(gate)["replies_lost"]
        self.demo.gate(gate, "lose_reply", **self.details)
        lost = lambda: self.demo.gate_state(gate)["replies_lost"] - before
        try:
            until("replies are lost", lambda: lost() >= count, 30, 0.2)
        except AssertionError:
            pass
        self.demo.gate(gate, "pass")
        return lost() > 0, f"{lost()} replies lost"

    def restart_broker(self):
        starts = self.demo.child("broker")["starts"]
        self.demo.do("broker", "restart")
        return self.demo.child("broker")["starts"] == starts + 1, "stopped in order and started again"

    def dies_by_itself(self, child, order):
        starts, file = self.demo.child(child)["starts"], control(self.demo, f"kill-{child}")
        file.write_text(order)
        try:
            until(f"{child} dies", lambda: self.demo.child(child)["state"] == "exited", 40, 0.1)
        finally:
            file.unlink(missing_ok=True)
        code = self.demo.child(child)["exit_code"]
        self.hold()
        return self.start_again(child, starts) and code == KILLED, f"status {code} at '{order.strip()}', started again"

    def kill_at_rename(self):
        return self.dies_by_itself("clickhouse", f"{self.details['nth']}\n")

    def kill_in_write(self):
        return self.dies_by_itself(self.fault.target, f"{self.details['nth']} {self.details['call']} {self.details['word']}\n")

    kill_in_transaction = kill_in_file = kill_in_write

    def disk_full(self):
        child = self.fault.target
        file, seen = control(self.demo, f"disk_full-{child}"), control(self.demo, f"disk_full-{child}").with_suffix(".control.seen")
        times = lambda: seen.stat().st_size if seen.exists() else 0
        before = times()
        # The engine refuses inserts before the disk is full, since it doesn't tell of one that fills while it writes (docs/clickhouse.md).
        how = "nearly\n" if child == "clickhouse" else ""
        file.write_text(f"{self.demo.address('data')}/{DISKS[child]}\n{how}")
        met, evidence = self.hold_until(lambda: (times() > before, f"a full disk {times() - before} times"))
        file.unlink()
        return met, evidence

    def rolling_restart(self):
        before = {worker: self.demo.child(worker)["starts"] for worker in WORKERS}
        codes = []
        for worker in WORKERS:
            self.demo.do(worker, "stop")
            codes.append(self.demo.child(worker)["exit_code"])
            self.demo.do(worker, "start")
        return all(self.demo.child(worker)["starts"] == before[worker] + 1 for worker in WORKERS), f"statuses {codes}, each started again"

    def spike(self):
        time.sleep(self.fault.seconds)
        rates = self.load.rates()
        return bool(rates) and max(rates) > 2 * self.load.rate, f"{max(rates, default=0)} events in a second, {self.load.rate} otherwise"


def lift_all(demo, load):
    """Whatever was done, and whatever died of it: every gate passes, every process runs."""
    for file in demo.data.glob("*.control"):
        file.unlink(missing_ok=True)
    for gate in GATES:
        demo.gate(gate, "pass")
    revived = []
    for child in demo.state()["children"]:
        if child["name"] in ("prepare", "tables", "loadgen", "audit"):
            continue
        if child["state"] == "frozen":
            demo.do(child["name"], "thaw")
        if child["state"] == "exited":
            revived.append(f"{child['name']} (status {child['exit_code']})")
            demo.do(child["name"], "start")
    if load.process.poll() is not None:
        revived.append(f"loadgen (status {load.process.returncode})")
    return revived
