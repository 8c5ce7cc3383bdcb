"""benchmarks/track.py on made-up runs: what it compares, what it marks, what it warns of. Nothing is timed."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "track.py"
NAME = "benchmarks/test_elementwise.py::test_value[mse_loss-1000]"


@pytest.fixture(scope="module")
def track():
    spec = importlib.util.spec_from_file_location("fastloss_track", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def save(tmp_path):
    """Writes a run as pytest-benchmark does; options go into what the benchmark says of itself."""
    saved = []

    def write(copies=2.0, width=0.05, instruction_set="avx2", seconds=1e-3, name=NAME, **more):
        info = {"instruction_set": instruction_set, "seconds": seconds, **more}
        if copies is not None:
            info |= {"copies": copies, "copies_quartiles": [copies * (1 - width), copies * (1 + width)]}
        stats = {"median": seconds, "q1": seconds * (1 - width), "q3": seconds * (1 + width)}
        saved.append(tmp_path / "Linux" / f"{len(saved) + 1:04}_run.json")
        saved[-1].parent.mkdir(exist_ok=True)
        run = {
            "datetime": f"2026-02-13T12:00:{len(saved):02}",
            "commit_info": {"id": "0123456789abcdef", "dirty": False},
            "machine_info": {"node": "here", "fastloss": {"instruction_set": instruction_set}},
            "benchmarks": [{"fullname": name, "group": "elementwise", "extra_info": info, "stats": stats}],
        }
        saved[-1].write_text(json.dumps(run))
        return saved[-1]

    return write


def compared(track, old, new, **options):
    return track.compare([track.read(path) for path in old], [track.read(path) for path in new], **options)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [(2.0, 2.6, "slower"), (2.6, 2.0, "faster"), (2.0, 2.3, ""), (2.3, 2.0, ""), (2.0, 2.0, "")],
)
def test_single_runs_must_differ_by_more_than_they_scatter(track, old, new, verdict):
    figures = [track.Figure("copies", middle, middle * 0.99, middle * 1.01) for middle in (old, new)]
    change, found = track.change_of(*figures, scatter=20)
    assert change == pytest.approx(new / old - 1)
    assert found == verdict


def test_a_change_within_the_rounds_is_no_change(track):
    old, new = track.Figure("copies", 2.0, 1.5, 3.0), track.Figure("copies", 2.9, 2.5, 3.5)
    assert track.change_of(old, new, scatter=0)[1] == ""


def test_three_runs_a_side_are_judged_by_their_own_range(track, save, capsys):
    old, new = [[save(copies, width=0.01) for copies in side] for side in ([2.0, 2.05, 2.1], [2.2, 2.25, 2.3])]
    assert compared(track, old, new, fail_above=5) == [NAME]
    assert compared(track, old, new, fail_above=15) == []
    assert compared(track, old[:2], new, fail_above=5) == []
    assert compared(track, old[:1] * 3, new, fail_above=5) == []  # one run three times is one run
    assert "+9.8%" in capsys.readouterr().out


def test_copies_are_compared_and_not_seconds(track, save):
    old, new = save(2.0, seconds=1.0), save(2.0, seconds=5.0)
    assert compared(track, [old], [new], fail_above=0) == []


def test_seconds_are_compared_where_there_is_no_copy(track, save):
    assert compared(track, [save(None, seconds=1.0)], [save(None, seconds=2.0)], fail_above=0) == [NAME]


def test_other_circumstances_and_grown_errors_are_told(track, save, capsys):
    old = save(value_error=1e-7, gradient_error=1e-7)
    compared(track, [old], [save(instruction_set="avx512", value_error=3e-7, gradient_error=9e-8)])
    text = capsys.readouterr().out
    assert "instruction set differs: avx2, avx512" in text
    assert "value error has grown from 1.0e-07 to 3.0e-07" in text
    assert "gradient error" not in text


def test_a_benchmark_that_one_run_lacks_is_told(track, save, capsys):
    compared(track, [save()], [save(name="benchmarks/test_elementwise.py::test_new")])
    assert "not in every run: test_elementwise::test_new" in capsys.readouterr().out


def test_runs_are_found_by_number(track, save, tmp_path):
    paths = [save(), save()]
    assert track.find("2", tmp_path) == track.find("0002", tmp_path) == paths[1]
    with pytest.raises(SystemExit, match="it has 0001, 0002"):
        track.find("3", tmp_path)


def test_runs_without_quartiles_of_copies_have_those_of_their_times(track):
    old = {"extra_info": {"copies": 4.0}, "stats": {"median": 1.0, "q1": 0.5, "q3": 2.0}}
    assert track.figure(old) == ("copies", 4.0, 2.0, 8.0)


def test_history_is_a_table_and_a_picture(track, save, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    runs = [track.read(save(copies)) for copies in (2.0, 3.0, 1.5)]
    track.history(runs, "mse", 2, tmp_path / "history.png")
    text = capsys.readouterr().out
    assert text.splitlines()[1].split()[-2:] == ["3", "1.5"]
    assert (tmp_path / "history.png").stat().st_size > 1000
