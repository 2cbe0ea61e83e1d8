"""A worker by itself, with settings of a test's own."""
import subprocess, urllib.request
from demo import BINARY


class Worker:
    def __init__(self, data, settings):
        self.config, self.log, self.process = data / "worker.yaml", data / "logs/worker.log", None
        self.config.write_text(settings)

    def start(self):
        with open(self.log, "ab") as log:
            self.address, self.process = None, subprocess.Popen([BINARY, "worker", "--config", self.config, "--metrics-port", "0"], stdout=subprocess.PIPE, stderr=log, text=True)

    @property
    def metrics(self):
        """Once it listens: when every pipeline runs."""
        if self.address is None:
            self.address = self.process.stdout.readline().split()[-1]
        return f"http://{self.address}/metrics"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def metric(self, name, pipeline=""):
        """The sum over its labels: of one pipeline, if that is said."""
        with urllib.request.urlopen(self.metrics, timeout=10) as answer:
            return sum(float(line.rsplit(" ", 1)[1]) for line in answer.read().decode().splitlines() if line.startswith(name) and (not pipeline or f'pipeline="{pipeline}"' in line))
