"""Beside other packages: threadpoolctl's limits, PyInstaller's frozen programs; and fastloss as a command."""

import importlib
import importlib.machinery
import os
import pkgutil
import runpy
import subprocess
import sys
import types
from pathlib import Path

import pytest
from scripts import run_script

import fastloss as fl
from fastloss import _pyinstaller, _threadpoolctl
from fastloss._kernels import runtime

LIMITS = """
    import os, threadpoolctl
    from fastloss._kernels import runtime

    runtime.force_threads(True)
    scores = np.zeros((4000, 100), np.float32)

    def threads():
        fl.softmax(scores)
        return int(fl.show_config()["threads_of_last_call"].partition(":")[0])

    fl.set_num_threads(2)
    assert threads() == 2
    for limits in ({"limits": 1}, {"limits": 1, "user_api": "openmp"}, {"limits": {"openmp": 1}}):
        with threadpoolctl.threadpool_limits(**limits):
            assert (fl.get_num_threads(), threads()) == (1, 1), limits
        assert (fl.get_num_threads(), threads()) == (2, 2), limits
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert threads() == 2
    [own] = [lib for lib in threadpoolctl.threadpool_info() if lib["internal_api"] == "fastloss"]
    assert own["num_threads"] == 2 and own["version"] == fl.__version__, own
    assert own["filepath"] == os.path.realpath(runtime.__file__), own
    assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("fastloss")]
    assert threadpoolctl.__spec__.loader is threadpoolctl.__loader__
    assert not type(threadpoolctl.__loader__).__module__.startswith("fastloss")
"""


@pytest.mark.skipif(not runtime.openmp_version(), reason="built without OpenMP")
@pytest.mark.parametrize("order", ["before", "after", "looked for, then after"])
def test_limits_of_threadpoolctl_are_obeyed(order):
    pytest.importorskip("threadpoolctl", minversion="3.2")
    looked_for = """
    import importlib.util
    assert "LibController" in importlib.util.find_spec("threadpoolctl").loader.get_source("threadpoolctl")
    """
    run_script(
        looked_for * (order == "looked for, then after") + LIMITS,
        before="import threadpoolctl" * (order == "before"),
    )


def test_it_is_not_imported():
    run_script("""
        assert "threadpoolctl" not in sys.modules
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__.startswith("fastloss")]
        assert len(sys.meta_path) == 1
        try:
            import threadpoolctl
        except ModuleNotFoundError as error:
            assert error.name == "threadpoolctl"
        else:
            raise AssertionError("found by nobody")
    """)


def test_a_version_that_takes_no_controllers_is_left_alone():
    old = types.ModuleType("threadpoolctl")
    _threadpoolctl.register(old, "1")
    assert not [name for name in vars(old) if not name.startswith("__")]


def test_what_a_frozen_program_gets(monkeypatch):
    """All compiled modules, but for that of the tests: with PyInstaller's function in words of Python's own."""

    def collect_submodules(package, filter):
        path = [str(Path(fl.__file__).parent.joinpath(*package.split(".")[1:]))]
        found = [package, *(module.name for module in pkgutil.walk_packages(path, f"{package}."))]
        return [name for name in found if filter(name)]

    hooks = types.ModuleType("PyInstaller.utils.hooks")
    hooks.collect_submodules = collect_submodules
    for name in ("PyInstaller", "PyInstaller.utils"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, hooks.__name__, hooks)
    [folder] = _pyinstaller.hook_dirs()
    found = runpy.run_path(os.path.join(folder, "hook-fastloss.py"))["hiddenimports"]
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    package = Path(fl.__file__).parent
    files = [path.relative_to(package.parent) for path in package.rglob("*") if path.name.endswith(suffixes)]
    modules = {".".join([*path.parent.parts, path.name.partition(".")[0]]) for path in files}
    assert {name for name in modules if not name.endswith("vecmath_test")} == {
        name for name in found if name in modules
    }
    assert "fastloss._kernels.runtime" in found


def test_the_command_prints_the_configuration():
    run = subprocess.run([sys.executable, "-m", "fastloss"], capture_output=True, text=True, timeout=60, check=True)
    said = dict(line.split(maxsplit=1) for line in run.stdout.splitlines())
    assert said["version"] == fl.__version__
    assert said["instruction_sets_built"] == ", ".join(fl.show_config()["instruction_sets_built"])
    assert set(said) == set(fl.show_config())


def test_only_what_is_public_is_listed():
    shown = [name for name in dir(fl) if not (name.startswith("__") and name.endswith("__"))]
    assert shown == sorted(set(fl.__all__) - {"__version__"})
    assert {"__version__", "__all__", "__file__", "__path__"} <= set(dir(fl))
    importlib.import_module("fastloss.compat.torchaudio")  # what is not listed is found as before
    assert fl.compat.torchaudio.forced_align
    assert fl.ctc.ctc_loss is fl.ctc_loss
