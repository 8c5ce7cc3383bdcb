"""examples/boost_imbalanced.py as a program: refused arguments, --help, Ctrl-C, and a ranking better than by chance."""

import importlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = sys.argv[1:]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def example(monkeypatch):
    for needed in ("lightgbm", "matplotlib", "sklearn", "tqdm"):
        pytest.importorskip(needed)
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("boost_imbalanced")


def run_main(example, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["boost_imbalanced.py", *map(str, arguments)])
    monkeypatch.setattr(example, "draw_data", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(SystemExit) as end:
        example.main()
    return end.value.code


@pytest.mark.parametrize(("arguments", "said"), [
    (["--rounds", "0"], "argument --rounds: must be at least 1, got 0"),
    (["--seed", "1.5"], "argument --seed: must be an integer, got '1.5'"),
    (["--positives", "2"], "argument --positives: must be a number from 0.001 to 1, got '2'"),
    (["--gamma", "nan"], "argument --gamma: must be a number of at least 0, got 'nan'"),
    (["--gamma", "-1"], "argument --gamma: must be a number of at least 0, got '-1'"),
    (["--out", "boost.text"], "argument --out: must end in .png or .pdf or .svg, got 'boost.text'"),
])  # fmt: skip
def test_arguments_are_checked_before_training(example, monkeypatch, capsys, arguments, said):
    assert run_main(example, monkeypatch, *arguments) == 2
    assert capsys.readouterr().err.endswith(f"error: {said}\n")


def test_help_explains_every_argument_with_its_default(example, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    assert run_main(example, monkeypatch, "--help") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\s+--", line)]
    assert [line.split()[0] for line in lines] == ["--seed", "--rounds", "--positives", "--gamma", "--out"]
    for line in lines:
        assert re.fullmatch(r"\s+--\w+ \w+ {2,}\w.*\(default: \S+\)", line), line


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, (EXAMPLES / "boost_imbalanced.py").as_posix(), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent), **environment},
    )  # fmt: skip


def test_it_ranks_better_than_by_chance(example, tmp_path):
    process = start("--rounds", "20", "--out", tmp_path / "boost.png")
    out, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    found = dict(re.findall(r"average precision, ([\w, ]+): ([\d.]+)", out))
    assert list(found) == ["own objective", "own, balanced", "focal loss"]
    assert float(found["focal loss"]) > 0.2  # by chance it would be the share of the positives, 0.024
    assert (tmp_path / "boost.png").stat().st_size > 10000


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX systems")
def test_ctrl_c_ends_with_one_line(example, tmp_path):
    process = start("--rounds", "100000", "--out", tmp_path / "boost.png")
    said = ""
    while "training:" not in said:  # the progress bar
        said += process.stderr.read(1) or pytest.fail(said)
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "interrupted"
    assert "Traceback" not in rest
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_lightgbm_that_is_missing_is_said_in_one_line(example, tmp_path):
    (tmp_path / "lightgbm.py").write_text("raise ModuleNotFoundError(\"No module named 'lightgbm'\", name='lightgbm')")
    process = start(PYTHONPATH=f"{tmp_path}{os.pathsep}{EXAMPLES.parent}")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    installs = 'the examples need what `pip install -e ".[examples,boosting]"` installs'
    assert said == f"No module named 'lightgbm': {installs}\n"
