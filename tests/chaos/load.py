"""The load: `millrace loadgen` as a process of the run's own, since each round wants other options."""
import re, signal, subprocess
from demo import BINARY

BAD = "truncated=0.002,unknown_schema=0.006,wrong_magic=0.001,empty=0.001,tombstone=0.001"


class Load:
    def __init__(self, demo, rate):
        self.demo, self.rate, self.process, self.options, self.seed = demo, rate, None, [], 0
        self.output = demo.data / "logs/chaos-loadgen.log"
        self.begin = 0

    def start(self, seed, spike=None):
        """`spike`: (second, seconds) of six times the rate."""
        self.seed, self.begin = seed, self.output.stat().st_size if self.output.exists() else 0
        self.options = ["--spike", f"6x@{spike[0]},{spike[1]}"] if spike else []
        self.run()

    def run(self):
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(
                [BINARY, "loadgen", "--brokers", self.demo.address("broker"), "--registry", self.demo.address("registry"), "--rate", str(self.rate), "--seed", str(self.seed),
                 "--tenants", "20", "--services", "16", "--producers", "4", "--bad", BAD, "--aborts", "0.05", *self.options], stdout=out, stderr=out)

    def kill(self):
        self.process.kill()
        return self.process.wait()

    def go_on(self):
        """After a kill: other events than before it."""
        self.seed, self.options = self.seed + 1_000_000, []
        self.run()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def rates(self):
        """Events sent in each second since start()."""
        text = self.output.read_bytes()[self.begin:].decode(errors="replace")
        return [int(rate) for rate in re.findall(r"^sent \d+  (\d+)/s", text, re.MULTILINE)]
