"""Fixtures of all tests in Python; demo.py drives the processes, witness.py counts."""
import os, pathlib, shutil, sys, tempfile
import pytest
from demo import BINARY, LOGS, Demo


@pytest.fixture(scope="session", autouse=True)
def binary():
    assert os.access(BINARY, os.X_OK), f"{BINARY} isn't built: ./dev build"


@pytest.fixture
def data(request):
    """A directory that is removed when the test passed; of a failed one the logs are kept under build/."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="millrace_e2e_"))
    yield path
    if getattr(request.node, "failed", True):
        kept = LOGS / "e2e" / request.node.name
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for file in [path / "demo.out", *path.glob("logs/*.log"), path / "kafka/broker.log"]:
            if file.exists():
                shutil.copy(file, kept)
        print("logs are kept in", kept, file=sys.stderr)
    shutil.rmtree(path, ignore_errors=True)


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
