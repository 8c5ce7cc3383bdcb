"""Draws every loss along one line: its value, its gradient and, where it has one, its curvature.

    python tools/docs/draw_losses.py [--out docs/pictures]

The curves are what the library returns, not formulas written down again. The horizontal axis is one number of the
prediction; the rest of the prediction and the target stay fixed. Where the prediction is a distribution (x, 1 - x), its
second number follows, and the derivatives are partial ones, by x alone. Infinite values lie outside of the frame. One
PNG file per loss is written; the same version of matplotlib writes the same bytes. What is drawn of each loss is said
in loss_pictures.py.

Needs matplotlib besides fastloss.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from figures import DOTS_PER_INCH, SETTINGS, save
from loss_pictures import pictures
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
POINTS = 401  # of each piece of a curve
NEAR = 1e-9  # how close to its ends, which may be infinite or jumps, a piece begins and ends
# Colour, style and width, readable in grey; later curves are narrower, so that those below still show.
STYLES = [("#000000", "-", 2.0), ("#1f6fb4", "--", 1.8), ("#c84e00", "-.", 1.5), ("#7a3fa0", ":", 1.5)]


def trace(picture, curve):
    """A curve as one line with gaps where it may jump, and the values at these places themselves."""
    steps = (1 - np.cos(np.linspace(0, np.pi, POINTS))) / 2  # from 0 to 1, dense near both
    edges = [picture.span[0], *picture.jumps, picture.span[1]]
    x = [left + NEAR + (right - left - 2 * NEAR) * steps for left, right in pairwise(edges)]
    values = [curve(piece) for piece in x]
    at_jumps = curve(np.array(picture.jumps, np.float64)) if picture.jumps else None
    return x, values, at_jumps


def draw_curve(axes, x, pieces, dots, jumps, label, look):
    """One curve: joined where its pieces meet, apart where it jumps, with a dot where the value at the jump lies."""
    colour, style, width = look
    joined_x, joined_y = [x[0]], [pieces[0]]
    for place, (before, after) in enumerate(pairwise(pieces)):
        if abs(before[-1] - after[0]) > 1e-6:
            joined_x.append([np.nan])
            joined_y.append([np.nan])
            axes.plot(jumps[place], dots[place], ".", color=colour, markersize=6)
        joined_x.append(x[place + 1])
        joined_y.append(after)
    axes.plot(np.concatenate(joined_x), np.concatenate(joined_y), style, color=colour, linewidth=width, label=label)


def draw(picture):
    """A figure with one frame for each of value, gradient and curvature."""
    traces = [trace(picture, curve) for curve in picture.curves.values()]
    names = [picture.value, picture.gradient, picture.curvature][: len(traces[0][1][0])]
    legend = len(picture.curves) > 1
    figure = Figure(figsize=(3.1 * len(names), 2.35 + 0.25 * legend), dpi=DOTS_PER_INCH, layout="constrained")
    frames = figure.subplots(1, len(names))
    for order, (axes, name, limits) in enumerate(zip(frames, names, picture.limits, strict=False)):
        for label, (x, values, at_jumps), style in zip(picture.curves, traces, STYLES, strict=False):
            pieces = [value[order] for value in values]
            dots = at_jumps[order] if at_jumps else None
            draw_curve(axes, x, pieces, dots, picture.jumps, label, style)
        axes.set(xlim=picture.span, xlabel=picture.x, ylabel=name)
        if limits:
            axes.set_ylim(limits)
        axes.axhline(0, color="#888888", linewidth=0.7, zorder=1)
    if legend:
        figure.legend(*frames[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return figure


def draw_all(out):
    """Into a folder; returns how many."""
    out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(SETTINGS):
        for name, picture in pictures().items():
            save(draw(picture), out / f"{name}.png")
    return len(pictures())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="the folder the pictures go to")
    out = parser.parse_args().out
    print(f"{draw_all(out)} pictures in {out}")


if __name__ == "__main__":
    main()
