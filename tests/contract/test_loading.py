"""What an import loads: all that a call can need, so that a process may give up its files; or it says why not."""

import copy
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import numpy as np
import pytest
from copies import copy_package, imported
from losses import LOSSES
from scripts import run_script

import fastloss as fl
from fastloss import _kernels

EVERYTHING = """
    import contextlib, json, os
    from fastloss.compat import torchaudio

    calls, folder = json.loads(sys.argv[1]), sys.argv[2]
    before = set(sys.modules)
    if hasattr(os, "chroot") and os.getuid() == 0:
        with contextlib.suppress(OSError):  # a container may forbid it
            os.chroot(folder)
            os.chdir("/")
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))

    def refused(call, *arguments, **options):
        try:
            call(*arguments, **options)
        except (TypeError, ValueError) as error:
            str(error), repr(error)
        else:
            raise AssertionError((call, options))

    for name, arguments in calls:
        loss, arrays = getattr(fl, name), [np.array(argument) for argument in arguments]
        singles = [array.astype(np.float32) if array.dtype == np.float64 else array for array in arrays]
        for given in (arguments, arrays, singles):
            loss(*given, num_threads=2), loss.grad(*given), loss.value_and_grad(*given)
            if loss.has_curvature:
                with contextlib.suppress(TypeError):  # with its default options it may have none
                    loss.grad_and_hess(*given)
            refused(loss, *given, reduction="average")
            refused(loss, *given, num_threads=0)
            refused(loss, *given, sample_weight=[[1.0, 2.0]] * 99)
            refused(loss.grad, *given, out=np.zeros(1))
        for wrong in (["a"], [1j], [None], None, [[1], [2, 3]], object()):
            refused(loss, wrong, *arguments[1:])
        refused(loss, np.array(arguments[0])[..., :1, :1], *arguments[1:], no_option=1)
    scores, labels = [[0.1, 0.5, 0.4], [0.3, 0.2, 0.5]], [0, 2]
    fl.linear_cross_entropy.value_and_grad(np.zeros((4, 3)), np.zeros((5, 3)), [0, 1, 2, 4], bias=np.zeros(5))
    for call in (fl.softmax, fl.log_softmax, fl.logsumexp):
        call(scores), call(np.array(scores, np.float16), axis=0), call(scores, axis=0, num_threads=2)
        refused(call, scores, axis=2)
        refused(call, ["a"])
    repr(fl.label_scores(scores, [0, 1])), refused(fl.label_scores, scores, [0, 3])
    fl.mse_loss([1, True], [2.0, np.float16(1)]), fl.mse_loss(memoryview(b"ab"), 1.0)
    refused(fl.cross_entropy, scores, [0, 3])
    refused(fl.cross_entropy, scores, [0.5, 1.5])
    refused(fl.binary_cross_entropy, [0.5, 1.5], [0, 1])
    refused(fl.hinge_loss, [0.5, 1.5], [0, -1])
    frames = [[-0.5, -1.0, -2.0]] * 4
    for given in (frames, np.array(frames, np.float32)):
        batch = [given, given]
        for call in (fl.ctc_loss, fl.ctc_loss_with_logits, fl.ctc_loss.grad, fl.ctc_align, fl.ctc_posteriors):
            call(given, [1, 2]), call(batch, [[1, 2], [1]], batch_first=True, num_threads=2)
            call(batch, [1, 2, 1], [4, 3], [2, 1], batch_first=True)
            refused(call, given, [3])
            refused(call, given, [1], 5)
            refused(call, given, [1] * 4, infeasible="raise")
        fl.ctc_align(given, [1, 7], star=7, star_cost=0.5)
        repr(fl.ctc_decode(given)), fl.ctc_decode(batch, beam_width=3, n_best=2, batch_first=True, num_threads=2)
        refused(fl.ctc_decode, given, 5)
        refused(fl.ctc_decode, [[0.0, float("nan")]], beam_width=2)
        fl.ctc_score(given, [[1], [], [1, 2]]), fl.ctc_score(given, [[1, 2]], num_threads=2)
        refused(fl.ctc_score, given, [[4]])
        state = fl.ctc_prefix_score(given).extend(0, [1, 2]).select([True, False])
        repr(state), state.scores, state.complete, state.labels, state.extend([0], 2, num_threads=2)
        refused(state.extend, 0, 0)
        refused(state.select, 1)
        paths, values = torchaudio.forced_align(np.array([given]), np.array([[1, 2]]))
        repr(torchaudio.merge_tokens(paths[0], values[0]))
    fl.set_num_threads(fl.get_num_threads())
    repr(fl.show_config())
    new = set(sys.modules) - before
    assert not new, f"loaded by a call: {new}"
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")
def test_calls_need_no_files(tmp_path):
    """Of every public loss and function, with lists and with arrays, and what they refuse."""
    rng, calls = np.random.default_rng(3), []
    for row in LOSSES:
        for kind in row.targets or (None,):
            shape = {"ctc": (6, 2, 5)}.get(row.family, (4, 3))
            calls.append(
                [row.name, [np.asarray(argument).tolist() for argument in row.draw(rng, shape, "f8", kind=kind)]]
            )
    run_script(EVERYTHING, json.dumps(calls), tmp_path)


def test_every_public_function_is_called_there():
    losses = {row.name for row in LOSSES}
    for name in fl.__all__:
        is_type_or_number = not callable(getattr(fl, name)) or isinstance(getattr(fl, name), type)
        assert name in losses or is_type_or_number or f"fl.{name}" in EVERYTHING, name


def test_lists_do_not_load_masked_arrays():
    run_script("""
        if "numpy.ma" not in sys.modules:
            fl.mse_loss([1.0, 2.0], [0.0, 1.0]), fl.cross_entropy([[1.0, 2.0]], [1])
            assert "numpy.ma" not in sys.modules
    """)


def test_a_family_that_is_not_there_is_no_broken_installation():
    """What float64 alone has; and copying and inspecting ask for names that most objects lack."""
    assert hasattr(_kernels.kernels(64), "viterbi")
    assert not hasattr(_kernels.kernels(32), "viterbi")
    assert copy.copy(_kernels.kernels(32)).ctc is _kernels.kernels(32).ctc


@pytest.mark.skipif(len(EXTENSION_SUFFIXES) < 2, reason="modules have no tag here")
def test_modules_of_another_python_are_none(copied):
    """They may lie beside those of this Python, or where it has none."""
    name = f"kernels.cpython-30-x86_64-linux-gnu{EXTENSION_SUFFIXES[-1]}"
    for instruction_set in _kernels.INSTRUCTION_SETS:
        folder = copied / "fastloss" / "_kernels" / f"{instruction_set}_f32"
        if instruction_set != _kernels.selected:
            shutil.rmtree(folder)
            folder.mkdir()
            (folder / "__init__.py").touch()
        (folder / name).write_bytes(b"no library")
    code, last = imported(copied, "from fastloss import _kernels; print(_kernels.built())")
    assert code == 0, last
    assert last.strip() == f"['{_kernels.selected}']"


@pytest.fixture
def copied(tmp_path):
    """A copy of the package, to be spoilt."""
    return copy_package(tmp_path)


def the_module(folder, name):
    return next((folder / "fastloss" / "_kernels").glob(f"{name}.*"))


@pytest.mark.parametrize(
    "name", ["runtime", "calls", f"{_kernels.selected}_f32/kernels", f"{_kernels.selected}_f64/kernels"]
)
def test_a_broken_module_says_what_the_loader_says(copied, name):
    the_module(copied, name).write_bytes(b"no library")
    code, last = imported(copied)
    assert code != 0
    assert last.startswith("ImportError: fastloss's compiled kernels are here, but can't be loaded: ")
    assert str(the_module(copied, name)) in last  # with the loader's own words after it
    assert "pip install" not in last


def test_sets_that_are_left_out_are_not_built(copied):
    """As a frozen program may be made: without their folders."""
    folder = copied / "fastloss" / "_kernels"
    for path in folder.glob("avx*"):
        shutil.rmtree(path)
    built = "import fastloss; print(fastloss.show_config()['instruction_sets_built'])"
    kept = [name for name in _kernels.built() if not name.startswith("avx")]
    code, last = imported(copied, built)
    assert (code, last.strip()) == (0, str(kept)) if kept else code != 0, last
    for path in folder.glob("baseline*"):
        shutil.rmtree(path)
    code, last = imported(copied, built)
    assert code != 0
    assert last.startswith("ImportError: fastloss's compiled kernels are not here: ")


SUB_INTERPRETER = """
import importlib, sys

def interpreters():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    sys.exit("none")

import fastloss
module = interpreters()
code = f'''
import sys, types
sys.modules["fastloss"] = types.ModuleType("fastloss")  # in whose place NumPy, which it imports first, would be refused
sys.modules["fastloss"].__path__ = {fastloss.__path__!r}
try:
    import fastloss._kernels
except ImportError as error:
    text = str(error)
else:
    text = "works"
with open("said", "w") as file:
    file.write(text)
'''
problem = module.run_string(module.create(), code)
assert problem is None, problem
"""


def test_another_interpreter_of_the_process_is_told_why(tmp_path):
    """It is the compiled modules that can't be loaded twice; before, they were said to be missing."""
    if not any(importlib.util.find_spec(name) for name in ("_interpreters", "_xxsubinterpreters")):
        pytest.skip("this Python has no interpreters to make")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SUB_INTERPRETER], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(Path(fl.__file__).parents[1])},
    )  # fmt: skip
    if not (tmp_path / "said").exists():
        pytest.skip(f"no interpreter could be made: {run.stderr}")
    said = (tmp_path / "said").read_text()
    assert "are not here" not in said
    assert said == "works" or "interpreter" in said, said
