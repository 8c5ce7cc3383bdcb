"""Options, the `comparison` fixture, and the table at the end."""

import os
import pathlib

import numpy as np
import pytest

import fastloss as fl
from benchmarks import report, torch_peer
from benchmarks.measure import Comparison

ROWS = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("fastloss")
    group.addoption("--quick", action="store_true", help="only inputs that fit the caches")
    group.addoption("--large", action="store_true", help="also inputs that need gigabytes")


def pytest_configure(config):
    config.stash[ROWS] = []
    config.addinivalue_line("markers", "full: left out by --quick")
    config.addinivalue_line("markers", "large: needs gigabytes, runs with --large only")
    # The table below says more than pytest-benchmark's, unless that is asked for.
    if not (config.getoption("benchmark_compare", None) or config.getoption("benchmark_save", None)):
        config.option.benchmark_quiet = True


def pytest_collection_modifyitems(config, items):
    unwanted = set() if config.getoption("--large", False) else {"large"}
    if config.getoption("--quick", False):
        unwanted |= {"full", "large"}
    here = [item for item in items if pathlib.Path(__file__).parent in item.path.parents]
    left_out = [item for item in here if any(item.get_closest_marker(name) for name in unwanted)]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[ROWS]:
        report.write(terminalreporter, config.stash[ROWS])


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info):
    """What a saved run depends on besides machine and commit, which pytest-benchmark writes; track.py reads it."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peer = torch_peer.torch.__version__ if torch_peer.torch else None
    machine_info["fastloss"] = {**fl.show_config(), "numpy": np.__version__, "torch": peer, "cores": affinity}


@pytest.fixture
def comparison(benchmark, request):
    family = request.module.__name__.rpartition("test_")[2]
    test = request.node.originalname.removeprefix("test_")
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    words = [family, test, *(f"{name} {value}" for name, value in parameters.items() if name != "shape")]
    return Comparison(benchmark, " ".join(words), request.config.stash[ROWS])


@pytest.fixture(autouse=True)
def one_thread():
    """Unless a benchmark asks for more."""
    before = fl.get_num_threads()
    fl.set_num_threads(1)
    yield
    fl.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20260213)
