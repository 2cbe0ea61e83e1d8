"""Fixtures of all tests in Python; demo.py drives the processes, witness.py counts."""
import contextlib, os, pathlib, shutil, sys, tempfile
import pytest
from demo import BINARY, LOGS, Demo, until


@pytest.fixture(scope="session", autouse=True)
def binary():
    assert os.access(BINARY, os.X_OK), f"{BINARY} isn't built: ./dev build"


def keep_logs(path, name):
    """Of a test that failed, under build/."""
    kept = LOGS / "e2e" / name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for file in [path / "demo.out", *path.glob("logs/*.log"), path / "kafka/broker.log"]:
        if file.exists():
            shutil.copy(file, kept)
    print("logs are kept in", kept, file=sys.stderr)


@pytest.fixture
def data(request):
    """A directory that is removed when the test passed; of a failed one the logs are kept under build/."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="millrace_e2e_"))
    yield path
    if getattr(request.node, "failed", True):
        keep_logs(path, request.node.name)
    shutil.rmtree(path, ignore_errors=True)


class CommonDemo:
    """One demo for the tests of a module, one after the other. After a test that failed, the next has a demo of its own."""

    def __init__(self):
        self.demo = None

    @contextlib.contextmanager
    def lent(self, request, options):
        """With events that flow. `options` are a function of the directory, for when a demo has to be started."""
        if self.demo is None:
            path = pathlib.Path(tempfile.mkdtemp(prefix="millrace_e2e_"))
            self.demo = Demo(path, *options(path))
            self.demo.start()
        demo, delivered = self.demo, lambda: self.demo.state()["figures"]["delivered"]
        demo.do("loadgen", "start")
        before = delivered()
        until("events flow", lambda: delivered() > before + 2000, 90)
        yield demo
        if getattr(request.node, "failed", True):
            self.end(request.node.name)

    def end(self, failed=None):
        if self.demo is None:
            return
        self.demo.abandon()
        if failed:
            keep_logs(self.demo.data, failed)
        shutil.rmtree(self.demo.data, ignore_errors=True)
        self.demo = None


@pytest.fixture(scope="module")
def common_demo():
    common = CommonDemo()
    yield common
    common.end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


@pytest.fixture
def make_demo(data):
    """make_demo(*options) starts a demo; what still runs at the end is killed."""
    made = []

    def make(*options, start=True):
        demo = Demo(data, *options)
        made.append(demo)
        return demo.start() if start else demo

    yield make
    for demo in made:
        demo.abandon()


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with ./dev test --long")


def pytest_collection_modifyitems(config, items):
    if not os.environ.get("MILLRACE_LONG"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
