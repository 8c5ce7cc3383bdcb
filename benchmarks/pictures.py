"""Pictures of a comparison: times in copies of the scores, or of small calls in microseconds, on a logarithmic axis.

A library has a marker and a place of its own in every column, so that it reads in grey: hollow as its users write the
call, filled when tuned. A thin line joins the two.
"""

import textwrap

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from tools.docs.figures import save

DOTS_PER_INCH = 150
COLOURS = 128
COLUMNS = 8  # in a row of panels, at most
SPREAD = 0.8  # of a column's width is used
STYLES = {
    "fastloss": ("D", "#000000", 7.5),
    "torch_eager": ("o", "#c84e00", 5.5),
    "torch_compiled": ("s", "#8a3500", 5),
    "jax": ("^", "#1f6fb4", 6),
    "numpy": ("v", "#555555", 6),
    "scipy": ("<", "#7a3fa0", 6),
    "sklearn": (">", "#a07a00", 6),
    "numba": ("P", "#2f7d32", 6.5),
    "simsimd": ("X", "#b0205f", 6.5),
    "onnxruntime": ("p", "#008080", 6.5),
}
SETTINGS = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "font.size": 8.5,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
}
TITLES = {"value": "value", "value_and_grad": "value and gradient", "grad_and_hess": "gradient and curvature"}


def file_name(family):
    return f"comparison_{family.lower().replace(' ', '_')}.png"


def in_copies(call):
    return call["copies"]


def in_microseconds(call):
    return [seconds * 1e6 for seconds in call["seconds"]]


def draw_library(axes, place, name, modes, unit):
    """One library in one column; `modes` are its naive and its tuned call, of which either may be missing."""
    marker, colour, size = STYLES[name]
    medians = [unit(call)[1] for call in modes if call]
    axes.plot([place] * len(medians), medians, color=colour, linewidth=0.8, zorder=2)
    for call, face in zip(modes, ("white", colour), strict=True):
        if call:
            low, middle, high = unit(call)
            axes.plot([place] * 2, [low, high], color=colour, linewidth=2.2, alpha=0.5, zorder=2)
            axes.plot(place, middle, marker, color=colour, markerfacecolor=face, markersize=size, zorder=3)


def draw_panel(axes, results, names, unit, labels):
    for column, result in enumerate(results):
        axes.axvspan(column - 0.5, column + 0.5, color="#f4f4f4" if column % 2 else "white", zorder=0)
        for number, name in enumerate(names):
            place = column + SPREAD * ((number + 0.5) / len(names) - 0.5)
            modes = [result[mode]["calls"].get(name) for mode in ("naive", "tuned")]
            if any(modes):
                draw_library(axes, place, name, modes, unit)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=12))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlim(-0.5, len(results) - 0.5)
    axes.set_xticks(range(len(results)), labels)
    axes.tick_params(axis="x", length=0)
    if unit is in_copies:
        axes.axhline(1, color="#000000", linewidth=0.9, linestyle="--", zorder=1)


def present(results):
    """The libraries that have any call, in the order of STYLES."""
    found = {name for result in results for mode in ("naive", "tuned") for name in result[mode]["calls"]}
    return [name for name in STYLES if name in found]


def legend(figure, names, labels):
    handles = [
        Line2D([], [], marker=STYLES[name][0], color=STYLES[name][1], markersize=STYLES[name][2], linestyle="")
        for name in names
    ]
    grey = {"marker": "o", "color": "#555555", "markersize": 5.5, "linestyle": ""}
    handles += [Line2D([], [], markerfacecolor="white", **grey), Line2D([], [], **grey)]
    texts = [*(labels[name] for name in names), "hollow: as written", "filled: tuned"]
    figure.legend(handles, texts, loc="outside upper center", ncols=6, frameon=False, handletextpad=0.2)


def panels(results):
    """Results by loss and verb, in rows of few columns."""
    groups = {}
    for result in results:
        groups.setdefault(f"{result['loss']}\n{TITLES[result['verb']]}", []).append(result)
    rows = [[]]
    for group in groups.items():
        if rows[-1] and sum(len(members) for _, members in [*rows[-1], group]) > COLUMNS:
            rows.append([])
        rows[-1].append(group)
    return rows


def draw(results, labels, path):
    """A family."""
    small = results[0]["family"] == "Small calls"
    unit, title = (in_microseconds, "microseconds") if small else (in_copies, "time / time to copy the input")
    names, rows = present(results), panels(results)
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(9, 1 + 3 * len(rows)), dpi=DOTS_PER_INCH, layout="constrained")
        legend(figure, names, labels)
        for part, row in zip(figure.subfigures(len(rows), 1, squeeze=False)[:, 0], rows, strict=True):
            widths = [max(len(members), 1.6) for _, members in row]  # room for the title
            frames = part.subplots(1, len(row), squeeze=False, sharey=True, width_ratios=widths)[0]
            for axes, (name, members) in zip(frames, row, strict=True):
                draw_panel(axes, members, names, unit, [member["size"].replace(" ", "\n") for member in members])
                axes.set_title(name)
            frames[0].set_ylabel(title)
        save(figure, path, COLOURS)


def draw_pairs(results, path):
    """How many times as fast a module is as the library beside it: a line for each call, from the first down."""
    results = [result for result in results if "failure" not in result]
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(9, 1 + 0.24 * len(results)), dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        marker, colour, size = STYLES["fastloss"]
        for place, result in enumerate(results):
            low, middle, high = result["times"]
            axes.plot([low, high], [place] * 2, color=colour, linewidth=2.2, alpha=0.5)
            axes.plot(middle, place, marker, color=colour, markersize=size - 2)
        axes.axvline(1, color="#000000", linewidth=0.9, linestyle="--", zorder=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_yticks(range(len(results)), [result["name"].removeprefix("fastloss.") for result in results])
        axes.invert_yaxis()
        axes.grid()
        axes.set_axisbelow(True)
        axes.set_xlabel("time of the other library / time of fastloss")
        save(figure, path, COLOURS)


def headline(result):
    """The loss, the verb and the size, in lines that fit a column."""
    loss, verb = result["loss"].replace("_", " "), TITLES[result["verb"]].replace(" and", ",")
    return "\n".join([*textwrap.wrap(loss, 15), verb, result["size"]])


def draw_headlines(results, labels, path):
    """The few of the README."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(11, 4.6), dpi=DOTS_PER_INCH, layout="constrained")
        names = present(results)
        legend(figure, names, labels)
        axes = figure.subplots()
        draw_panel(axes, results, names, in_copies, list(map(headline, results)))
        axes.set_ylabel("time / time to copy the input")
        save(figure, path, COLOURS)
