"""Options, the `comparison` fixture, and the table at the end."""

import os
import pathlib
import statistics
import time

import numpy as np
import pytest

import fastloss as fl
from benchmarks import report
from benchmarks.measure import derivative_error, interleaved, median_ratio, ratios, relative_error, size_name
from benchmarks.peers import torch as torch_peer

ROWS = pytest.StashKey()

# What the library promises: relative for values; for gradients of a sum absolute up to 1, relative from there on. The
# same for curvatures.
LIMITS = {np.dtype(np.float32): (1e-6, 1e-5), np.dtype(np.float64): (1e-12, 1e-12)}


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


class Comparison:
    """One benchmark: its times and its errors, in `extra_info` and in the table at the end of the run."""

    def __init__(self, benchmark, name, rows):
        self.benchmark = benchmark
        self.info = benchmark.extra_info
        self.row = {"name": name, "size": "", "note": "", "info": self.info}
        rows.append(self.row)
        self.info["instruction_set"] = fl.show_config()["instruction_set"]

    def time(self, ours, scores, torch=None, threads=1, items=None, size=None, others=None):
        """Times `ours` beside a copy of `scores`, beside `torch` where there is one, and beside `others` by name.

        One thread is timed by the processor's time, which neighbours on the machine do not stretch; several by the
        clock on the wall. Returns the seconds a call of each, round by round.
        """
        touched = scores.copy()
        calls = {"ours": ours, "copy": lambda: np.copyto(touched, scores), "torch": torch, **(others or {})}
        torch_peer.set_num_threads(threads)
        times, loops = interleaved(
            {name: call for name, call in calls.items() if call is not None},
            time.process_time if threads == 1 else time.perf_counter,
        )
        self.info |= {
            "threads": threads,
            "bytes": scores.nbytes,
            "seconds": statistics.median(times["ours"]),
            "copies": median_ratio(times["ours"], times["copy"]),
            # what benchmarks/track.py takes for the spread within a run
            "copies_quartiles": statistics.quantiles(ratios(times["ours"], times["copy"]), method="inclusive")[::2],
        }
        self.info["ns_per_item"] = self.info["seconds"] * 1e9 / (items or scores.size)
        if torch is not None:
            self.info["times_faster_than_torch"] = median_ratio(times["torch"], times["ours"])
        self.row["size"] = size or size_name(scores.shape)
        self.benchmark.pedantic(ours, rounds=len(times["ours"]), iterations=loops)
        return times

    def note(self, words):
        """For the end of the table's line, with names from `extra_info` in braces."""
        self.row["note"] = words.format(**self.info)

    def check(self, values=None, gradients=None, curvatures=None):
        """Each is a pair, what came out and what it is in float64. An error beyond what is promised fails."""
        pairs = [
            ("value_error", values, relative_error, 0),
            ("gradient_error", gradients, derivative_error, 1),
            ("curvature_error", curvatures, derivative_error, 1),
        ]
        for name, pair, error, which in pairs:
            if pair is not None:
                self.info[name] = error(*pair)
                assert self.info[name] <= LIMITS[pair[0].dtype][which], f"{name} is {self.info[name]:.1e}"


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
