"""The examples as programs: refused arguments, --help, Ctrl-C, and the same weights for any number of BLAS threads."""

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastloss import _kernels

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = "read_digits", "align_digits", "train_last_layer", "compare_models"
SAYS_FIRST = "train_last_layer", "compare_models"  # what it is about to do


@pytest.fixture(params=NAMES)
def example(request, monkeypatch):
    """The module, whose main() sees the arguments of `sys.argv`."""
    for needed in ("matplotlib", "sklearn", "threadpoolctl", "tqdm"):
        pytest.importorskip(needed)
    monkeypatch.syspath_prepend(EXAMPLES)
    module = importlib.import_module(request.param)
    monkeypatch.setattr(module, "train", lambda *_: pytest.fail("it has begun to train"))
    return module


def run_main(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        module.main()
    return end.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps", "0"], "argument --steps: must be at least 1, got 0"),
        (["--steps", "1e3"], "argument --steps: must be an integer, got '1e3'"),
        (["--seed", "-1"], "argument --seed: must be at least 0, got -1"),
        (["--out", "digits.text"], "argument --out: must end in .png or .pdf or .svg, got 'digits.text'"),
        (["--out", "no folder/digits.png"], "argument --out: there is no folder 'no folder'"),
    ],
)
def test_arguments_are_checked_before_training(example, monkeypatch, capsys, arguments, said):
    assert run_main(example, monkeypatch, *arguments) == 2
    assert capsys.readouterr().err.endswith(f"error: {said}\n")


def test_where_a_picture_cannot_be_written(example, monkeypatch, capsys, tmp_path):
    (tmp_path / "folder.png").mkdir()
    assert run_main(example, monkeypatch, "--out", tmp_path / "folder.png") == 2
    assert "folder.png' is a folder\n" in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # which is never so for root
    assert run_main(example, monkeypatch, "--out", tmp_path / "digits.png") == 2
    assert "digits.png' can't be written\n" in capsys.readouterr().err


@pytest.mark.parametrize("example", ["align_digits"], indirect=True)
@pytest.mark.parametrize("share", ["0", "1.01", "nan", "some"])
def test_a_share_is_one(example, monkeypatch, capsys, share):
    assert run_main(example, monkeypatch, "--altered", share) == 2
    assert f"argument --altered: must be a number from 0.001 to 1, got '{share}'" in capsys.readouterr().err


@pytest.mark.parametrize("example", ["compare_models"], indirect=True)
@pytest.mark.parametrize(
    ("group", "said"),
    [("0", "must be at least 1, got 0"), ("48", "must divide 64, got 48"), ("a", "an integer, got 'a'")],
)
def test_a_group_divides_the_features(example, monkeypatch, capsys, group, said):
    assert run_main(example, monkeypatch, "--group", group) == 2
    assert capsys.readouterr().err.endswith(f"{said}\n")


@pytest.mark.parametrize("example", ["compare_models"], indirect=True)
@pytest.mark.parametrize("bits", [8, 4])
def test_quantised_numbers(example, bits):
    """Whole multiples of a scale, with no more values than the bits have, none further away than half a step; what is 0
    stays 0, and the largest is kept but for the scale's own rounding."""
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((7, 64), np.float32) * rng.uniform(0.01, 100, (7, 1)).astype(np.float32)
    numbers[3, 32:] = 0
    groups = zip(numbers.reshape(-1, 32), example.quantised(numbers, bits, 32).reshape(-1, 32), strict=True)
    for exact, rounded in groups:
        largest = np.abs(exact).max()
        step = largest / (2 ** (bits - 1) - 1)
        assert len(np.unique(rounded)) < 2**bits
        np.testing.assert_allclose(rounded, exact, atol=step * (0.5 + 2.0**-11 * 2**bits), rtol=0)
        np.testing.assert_allclose(np.abs(rounded).max(), largest, rtol=2.0**-11)


def test_help_explains_every_argument_with_its_default(example, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    assert run_main(example, monkeypatch, "--help") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\s+--", line)]
    assert [line.split()[0] for line in lines][:3] == ["--seed", "--steps", "--out"]
    for line in lines:
        assert re.fullmatch(r"\s+--\w+ \w+ {2,}\w.*\(default: \S+\)", line), line


# As `python examples/read_digits.py`, but with Ctrl-C in its usual state: what starts the tests may ignore it.
PROGRAM = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = sys.argv[1:]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def start(name, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, (EXAMPLES / f"{name}.py").as_posix(), *map(str, arguments)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent), **environment},
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX systems")
@pytest.mark.parametrize("example", NAMES, indirect=True)
def test_ctrl_c_ends_with_one_line(example, tmp_path):
    process = start(example.__name__, "--out", tmp_path / "digits.png")
    said = ""
    while "training:" not in said:  # the progress bar
        said += process.stderr.read(1) or pytest.fail(said)
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "interrupted"
    assert "Traceback" not in rest
    assert "File " not in rest
    assert out == "" or example.__name__ in SAYS_FIRST
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("example", ["read_digits"], indirect=True)
def test_the_weights_do_not_depend_on_blas_threads(example, tmp_path):
    """OpenBLAS's kernels for Haswell give other bits with two threads than with one, those for AVX-512 do not."""
    outputs = set()
    for count in ("1", "2"):
        variables = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), count)
        if "avx2" in _kernels.supported():
            variables["OPENBLAS_CORETYPE"] = "Haswell"
        process = start(example.__name__, "--steps", "20", "--out", tmp_path / "digits.png", **variables)
        out, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
        outputs.add(re.search("checksum of the weights: .*", out)[0])
    assert len(outputs) == 1, outputs


def test_a_package_that_is_missing_is_said_in_one_line(tmp_path):
    (tmp_path / "tqdm.py").write_text("raise ModuleNotFoundError(\"No module named 'tqdm'\", name='tqdm')")
    for needed in ("matplotlib", "sklearn", "threadpoolctl"):
        pytest.importorskip(needed)
    process = start("read_digits", PYTHONPATH=f"{tmp_path}{os.pathsep}{EXAMPLES.parent}")
    out, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == "No module named 'tqdm': the examples need what `pip install -e \".[examples]\"` installs\n"
    assert out == ""
