"""Compares saved benchmark runs, and shows how the figures went from commit to commit.

    taskset -c 1 python -m pytest benchmarks --benchmark-save=NAME    # saves a run in .benchmarks/
    python benchmarks/track.py compare                                # the last two
    python benchmarks/track.py compare 0003 0005                      # by pytest-benchmark's numbers, or by file
    python benchmarks/track.py compare 3,4,5 6,7,8 --fail-above 10    # several runs per side
    python benchmarks/track.py history --match cross_entropy --out history.png

What is compared is `copies`, the time by that of a copy in the same rounds, which a slow or busy machine changes less
than seconds; seconds are compared where a benchmark has no copy.

A change is marked where the quartiles of the rounds do not overlap, of several runs from the lowest to the highest, and
where it is more than chance: with fewer than three runs per side it must also exceed 20 % (--scatter). Rounds of one
run are more alike than runs are: on a shared machine two runs of one commit differed by 5 % in the median benchmark,
and by more than 20 % in one of twelve, by where their arrays happened to lie and by the neighbours. For a verdict on
less, run each side three times, in turns.
"""

import argparse
import json
import math
import re
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

STORAGE = Path(__file__).resolve().parent.parent / ".benchmarks"
ERRORS = {"value_error": "value", "gradient_error": "gradient", "curvature_error": "curvature"}
ENOUGH_RUNS = 3  # a side, from which on their own range is the spread
SCATTER = 20.0  # per cent by which single runs of one commit may well differ
WORSE = 1.05  # an error that has grown by more is told; the inputs are the same in every run
# What should be the same in two runs that are compared.
CIRCUMSTANCES = {
    "machine": ("node",),
    "processor": ("cpu", "brand_raw"),
    "Python": ("python_version",),
    "instruction set": ("fastloss", "instruction_set"),
    "compiler": ("fastloss", "compiler"),
    "NumPy": ("fastloss", "numpy"),
    "torch": ("fastloss", "torch"),
    "cores": ("fastloss", "cores"),
}
# Of the lines of a panel: colour, style, marker; readable in grey.
STYLES = [("#000000", "-", "o"), ("#1f6fb4", "--", "s"), ("#c84e00", "-.", "^"), ("#7a3fa0", ":", "v"),
          ("#2a7f3f", "-", "D"), ("#777777", "--", "x"), ("#8c564b", "-.", "+"), ("#bc8f00", ":", "*")]  # fmt: skip


class Run(NamedTuple):
    """A saved file."""

    name: str
    date: str
    commit: str
    machine: dict
    benchmarks: dict  # by name


class Figure(NamedTuple):
    """What is compared of one benchmark, with its quartiles."""

    unit: str
    middle: float
    low: float
    high: float


def read(path):
    saved = json.loads(Path(path).read_text())
    commit = saved.get("commit_info", {})
    name = str(commit.get("id") or "no commit")[:9] + ("+" if commit.get("dirty") else "")  # uncommitted changes
    benchmarks = {entry["fullname"]: entry for entry in saved["benchmarks"]}
    return Run(Path(path).stem, saved["datetime"], name, saved.get("machine_info", {}), benchmarks)


def label(run):
    """Number, commit and instruction set."""
    return run.name[:4], run.commit, run.machine.get("fastloss", {}).get("instruction_set", "")


def saved_files(storage):
    """By number, which is the order in which they were saved."""
    return sorted(Path(storage).glob("**/[0-9][0-9][0-9][0-9]_*.json"), key=lambda path: (path.name, str(path)))


def find(text, storage):
    """The file that is meant by a path or a number."""
    if Path(text).is_file():
        return Path(text)
    found = [path for path in saved_files(storage) if text.isdigit() and int(path.name[:4]) == int(text)]
    if len(found) != 1:
        known = ", ".join(path.name[:4] for path in saved_files(storage)) or "none"
        sys.exit(f"error: {text!r} is {'no' if not found else 'more than one'} saved run in {storage}: it has {known}")
    return found[0]


def figure(benchmark):
    info, stats = benchmark.get("extra_info", {}), benchmark["stats"]
    unit = "copies" if "copies" in info else "seconds"
    middle = info.get(unit, stats["median"])
    # Runs saved before copies had quartiles: those of the time alone.
    own = [middle * stats[name] / stats["median"] for name in ("q1", "q3")]
    return Figure(unit, middle, *(info.get("copies_quartiles", own) if unit == "copies" else own))


def joined(runs, name):
    """The figure of several runs; None where one of them lacks the benchmark."""
    if not all(name in run.benchmarks for run in runs):
        return None
    figures = [figure(run.benchmarks[name]) for run in runs]
    middle = statistics.median(each.middle for each in figures)
    return Figure(figures[0].unit, middle, min(each.low for each in figures), max(each.high for each in figures))


def more(runs, name, key):
    """The median of a number in extra_info, or None."""
    numbers = [run.benchmarks[name]["extra_info"].get(key) for run in runs]
    return None if None in numbers else statistics.median(numbers)


def change_of(old, new, scatter):
    """How much longer it takes, and the verdict: "slower", "faster", or "" within the spread and the scatter."""
    if old.unit != new.unit:
        return None, ""
    change = new.middle / old.middle - 1
    is_apart = new.low > old.high or new.high < old.low
    # As factors, so that there and back are judged alike.
    is_large = abs(math.log(new.middle / old.middle)) > math.log1p(scatter / 100)
    return change, ("slower" if change > 0 else "faster") if is_apart and is_large else ""


def differences(old, new):
    """Circumstances that are not the same."""
    for name, keys in CIRCUMSTANCES.items():
        values = []
        for run in (*old, *new):
            value = run.machine
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            values.append("unknown" if value is None else str(value))
        if len(set(values)) > 1:
            yield f"warning: {name} differs: {', '.join(dict.fromkeys(values))}"


def grown_errors(old, new, name):
    for key, words in ERRORS.items():
        before, after = more(old, name, key), more(new, name, key)
        if before is not None and after is not None and after > WORSE * before:
            yield f"warning: {words} error has grown from {before:.1e} to {after:.1e}: {name}"


def cells(old, new, name, figures, change, verdict):
    def pair(key, form):
        numbers = more(old, name, key), more(new, name, key)
        return ["-" if number is None else form.format(number) for number in numbers]

    measured = [f"{each.middle:.3g}{'' if each.unit == 'copies' else ' s'}" for each in figures]
    shown = "-" if change is None else f"{change:+.1%}"
    torch, nanoseconds = pair("times_faster_than_torch", "{:.3g}"), pair("ns_per_item", "{:.3g}")
    return [short(name), *measured, shown, *torch, *nanoseconds, verdict]


def short(name):
    return name.removeprefix("benchmarks/").replace(".py::", "::")


def write_table(table):
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, *rest in table:
        right = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([name.ljust(widths[0]), *right]).rstrip())


def compare(old, new, fail_above=math.inf, scatter=SCATTER):
    """Prints the comparison; returns what is slower beyond the spread and by more than `fail_above` per cent."""
    scatter = 0.0 if min(len({run.date for run in side}) for side in (old, new)) >= ENOUGH_RUNS else scatter
    for word, side in (("old", old), ("new", new)):
        print(f"{word}: " + ", ".join(f"{run.name} ({run.commit}, {run.date[:16]})" for run in side))
    table, warnings, changes, failed = [], list(differences(old, new)), [], []
    every = list(dict.fromkeys(name for run in (*old, *new) for name in run.benchmarks))
    for name in every:
        figures = joined(old, name), joined(new, name)
        if None in figures:
            warnings.append(f"warning: not in every run: {short(name)}")
            continue
        change, verdict = change_of(*figures, scatter)
        table.append(cells(old, new, name, figures, change, verdict))
        warnings += grown_errors(old, new, name)
        if change is not None:
            changes.append((change, verdict))
        if verdict == "slower" and change * 100 > fail_above:
            failed.append(name)
    head = ["", "old", "new", "copies", "x torch", "then", "ns/item", "then", ""]
    write_table([head, *table])
    if changes:
        mean = math.exp(statistics.fmean(math.log1p(change) for change, _ in changes)) - 1
        count = {word: sum(verdict == word for _, verdict in changes) for word in ("slower", "faster")}
        beyond = f"the spread within the runs and {scatter:g} % between them" if scatter else "the spread of the runs"
        print(f"{len(changes)} compared, {mean:+.1%} in the geometric mean")
        print(f"{count['slower']} slower and {count['faster']} faster, beyond {beyond}")
    print(*warnings, sep="\n", end="\n" if warnings else "")
    return failed


def history_table(runs, names):
    head = ["copies", *(" ".join(label(run)).strip() for run in runs)]
    rows = []
    for name in names:
        figures = [joined([run], name) for run in runs]
        rows.append([short(name), *("-" if each is None else f"{each.middle:.3g}" for each in figures)])
    write_table([head, *rows])


def groups_of(runs, names):
    groups = {}
    for name in names:
        run = next(run for run in runs if name in run.benchmarks)
        groups.setdefault(run.benchmarks[name].get("group") or "", []).append(name)
    return groups


def draw_panel(axes, runs, names):
    """A line a benchmark; of many, grey lines and their geometric mean."""
    is_few = len(names) <= len(STYLES)
    lines = {name: [each.middle if each else math.nan for each in (joined([run], name) for run in runs)]
             for name in names}  # fmt: skip
    for name, style in zip(names, STYLES if is_few else [("#bbbbbb", "-", None)] * len(names), strict=False):
        colour, dash, marker = style
        words = short(name).partition("::")[2] if is_few else None
        axes.plot(lines[name], color=colour, linestyle=dash, marker=marker, markersize=4, label=words, linewidth=1.2)
    complete = [line for line in lines.values() if not any(map(math.isnan, line))]
    if complete and not is_few:
        means = [math.exp(statistics.fmean(map(math.log, column))) for column in zip(*complete, strict=True)]
        axes.plot(means, color="#000000", marker="o", markersize=4, label=f"geometric mean of {len(complete)}")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    middle = math.sqrt(low * high)
    axes.set_ylim(min(low, middle / 2), max(high, middle * 2))  # a few per cent shall look like a few per cent
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="y", which="both", labelsize=7)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_ylabel("copies")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=7)


def draw_history(runs, names, out):
    from matplotlib.figure import Figure as Picture

    groups = groups_of(runs, names)
    picture = Picture(figsize=(9, 1 + 2.4 * len(groups)), layout="constrained", dpi=150)
    for axes, (group, members) in zip(picture.subplots(len(groups), squeeze=False)[:, 0], groups.items(), strict=True):
        draw_panel(axes, runs, members)
        axes.set_title(group, loc="left", fontsize=9)
        axes.set_xticks(range(len(runs)), [""] * len(runs))
    axes.set_xticks(range(len(runs)), ["\n".join(label(run)) for run in runs], fontsize=7)
    picture.savefig(out)
    print(f"drawn: {out}")


def history(runs, match, last, out):
    names = dict.fromkeys(name for run in runs for name in run.benchmarks if re.search(match, name))
    names = [
        name for name in names if any(joined([run], name) and joined([run], name).unit == "copies" for run in runs)
    ]
    if not names:
        sys.exit(f"error: no saved benchmark with copies matches {match!r}")
    for text in differences(runs, []):
        print(text)
    history_table(runs[-last:], names)
    if out:
        draw_history(runs, names, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--storage", type=Path, default=STORAGE, help="where runs were saved (.benchmarks)")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("compare", help="two saved runs, or several per side")
    command.add_argument("old", nargs="?", help="number or file, or several with commas; default: the last but one")
    command.add_argument("new", nargs="?", help="the same; default: the last")
    command.add_argument("--fail-above", type=float, metavar="PERCENT", default=math.inf, help="exit code 1 if slower")
    command.add_argument("--scatter", type=float, metavar="PERCENT", default=SCATTER, help="between runs, by chance")
    command = commands.add_parser("history", help="copies of all saved runs")
    command.add_argument("--match", default="", metavar="REGEX", help="only benchmarks whose name has it")
    command.add_argument("--last", type=int, default=8, help="how many runs the table shows")
    command.add_argument("--out", type=Path, help="a picture to draw, .png")
    asked = parser.parse_args()
    files = saved_files(asked.storage)
    if asked.command == "history":
        if not files:
            sys.exit(f"error: no saved runs in {asked.storage}: run pytest with --benchmark-save=NAME")
        history([read(path) for path in files], asked.match, asked.last, asked.out)
        return
    if asked.old is None and len(files) < 2:
        sys.exit(f"error: {asked.storage} has {len(files)} saved runs, and a comparison takes two")
    old, new = asked.old or str(files[-2]), asked.new or str(files[-1])
    sides = [[read(find(text, asked.storage)) for text in side.split(",")] for side in (old, new)]
    failed = compare(*sides, asked.fail_above, asked.scatter)
    for name in failed:
        print(f"error: slower by more than {asked.fail_above:g} %: {short(name)}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
