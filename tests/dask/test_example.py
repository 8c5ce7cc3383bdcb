"""examples/evaluate_with_dask.py as a program: the bits of one call, files of one's own, refused arguments."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastloss as fl

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def needed():
    for library in ("dask", "distributed", "tqdm"):
        pytest.importorskip(library)


def run(*arguments, path=""):
    return subprocess.run(
        [sys.executable, EXAMPLES / "evaluate_with_dask.py", *map(str, arguments)], capture_output=True, text=True,
        timeout=100, env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{EXAMPLES.parent}"},
    )  # fmt: skip


def test_files_of_ones_own(rng, tmp_path):
    logits, labels = rng.standard_normal((1000, 20), dtype=np.float32), rng.integers(0, 20, 1000)
    np.save(tmp_path / "logits.npy", logits)
    np.save(tmp_path / "labels.npy", labels)
    files = "--logits", tmp_path / "logits.npy", "--labels", tmp_path / "labels.npy"
    ended = run(*files, "--block", 130, "--check")
    assert ended.returncode == 0, ended.stderr
    found = re.search(r"cross-entropy ([\d.]+), perplexity [\d.]+, accuracy ([\d.]+)", ended.stdout)
    assert float(found[1]) == pytest.approx(fl.cross_entropy(logits, labels), abs=1e-6)
    assert float(found[2]) == pytest.approx((logits.argmax(axis=1) == labels).mean(), abs=1e-4)
    assert ended.stdout.endswith(", the same bits\n")
    assert "100% Completed" in ended.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (["--rows", "0"], "argument --rows: must be at least 1, got 0"),
    (["--block", "many"], "argument --block: must be an integer, got 'many'"),
    (["--logits", "no.npy"], "argument --logits: can't be read: [Errno 2] No such file or directory: 'no.npy'"),
])  # fmt: skip
def test_arguments_are_checked(monkeypatch, capsys, arguments, said):
    monkeypatch.syspath_prepend(EXAMPLES)
    example = importlib.import_module("evaluate_with_dask")
    monkeypatch.setattr(sys, "argv", ["evaluate_with_dask.py", *arguments])
    with pytest.raises(SystemExit):
        example.main()
    assert capsys.readouterr().err.endswith(f"error: {said}\n")


def test_a_package_that_is_missing_is_said_in_one_line(tmp_path):
    (tmp_path / "distributed.py").write_text("raise ModuleNotFoundError(\"No module named 'x'\", name='distributed')")
    ended = run(path=tmp_path)
    assert ended.returncode == 1
    assert (
        ended.stderr == "No module named 'x': the examples need what `pip install -e \".[examples,dask]\"` installs\n"
    )
