"""Draws the pictures of docs/ctc.md: emissions and spans, lattice and best path, posteriors, scores of candidates.

    python tools/docs/draw_ctc.py [--out docs/pictures]

Everything drawn is what the library returns for the recording of docs/ctc.md, which is made up. It is written down
here and there; where the two differ is an error. Four PNG files are written; the same version of matplotlib writes the
same bytes.

Needs matplotlib besides fastloss.
"""

import argparse
import sys
from itertools import product
from pathlib import Path

import matplotlib
import numpy as np
from figures import DOTS_PER_INCH, SETTINGS, save
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ctc.md"
CLASSES = "-|adegoty"
HEARD = "--gg-oo-o-dd--||-dd-aaa-yy--"  # the likeliest class of each frame
DOUBT = "gg--go-o-oott||-d-taeeey--y-"  # the second
SURE = "9789678878578878978787667879"  # how sure: 7 adds 0.7 to the first and 0.21 to the second
TEXT = "good|day"
WORD, WORD_FRAMES = "good", 14  # the lattice is that of the first word
CANDIDATES = ["good|day", "god|day", "goo|day", "good|dog", "good|date", "goat|day"]

BLUE, GREY, FAINT = "#1f6fb4", "#999999", "#cccccc"
HEAT = {"cmap": "Greys", "vmin": 0, "vmax": 1.15, "aspect": "auto"}  # not quite black


def recording():
    """Log-probabilities (frames, classes)."""
    probs = np.full((len(HEARD), len(CLASSES)), 0.01)
    for t, (first, second, tenths) in enumerate(zip(HEARD, DOUBT, SURE, strict=True)):
        probs[t, CLASSES.index(first)] += int(tenths) / 10
        probs[t, CLASSES.index(second)] += 0.91 - int(tenths) / 10
    return np.log(probs)


def labels_of(text):
    return [CLASSES.index(letter) for letter in text]


def states_of(text):
    """The letters of the lattice's 2S + 1 states."""
    return "-" + "".join(letter + "-" for letter in text)


def states_of_path(alignment, frames):
    """The state of each frame of the best path: of a blank, twice the number of labels that begin before it."""
    t = np.arange(frames)[:, None]
    begun, over = (t >= alignment.starts).sum(1), (t >= alignment.ends).sum(1)
    return begun + over


def new_figure(width, height):
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.subplots()
    axes.grid(visible=False)
    return figure, axes


def draw_emissions(log_probs):
    """Probabilities of all classes, and the frames that the alignment gives to each label."""
    figure, axes = new_figure(7.6, 2.9)
    image = axes.imshow(np.exp(log_probs).T, **HEAT)
    alignment = fl.ctc_align(log_probs, labels_of(TEXT))
    for letter, start, end in zip(TEXT, alignment.starts, alignment.ends, strict=True):
        row, width = CLASSES.index(letter), end - start
        axes.add_patch(Rectangle((start - 0.5, row - 0.5), width, 1, fill=False, edgecolor=BLUE, linewidth=1.8))
        middle = (start + end - 1) / 2
        axes.text(middle, -0.75, letter, ha="center", va="bottom", color=BLUE, weight="bold", fontsize=11)
    axes.set(xlabel="frame", ylabel="class", xticks=range(0, len(log_probs), 2))
    axes.set_yticks(range(len(CLASSES)), CLASSES)
    figure.colorbar(image, ax=axes, label="probability", boundaries=np.linspace(0, 1, 101), ticks=[0, 0.5, 1])
    return figure


def draw_lattice(log_probs):
    """States over frames: all moves of all paths, and the best path."""
    states, frames = states_of(WORD), len(log_probs)
    on_a_path = fl.ctc_posteriors(log_probs, labels_of(WORD)) > 0
    figure, axes = new_figure(7.6, 3.5)
    for t, s, step in product(range(frames - 1), range(len(states)), range(3)):
        after = s + step
        if after >= len(states) or not (on_a_path[t, s] and on_a_path[t + 1, after]):
            continue
        if step == 2 and (states[s] == "-" or states[s] == states[after]):
            continue
        style = "--" if step == 2 else "-"
        axes.plot([t, t + 1], [s, after], style, color=GREY if step == 2 else FAINT, linewidth=0.8, zorder=1)
    for wanted, colour in ((True, "#555555"), (False, "#dddddd")):
        t, s = np.nonzero(on_a_path == wanted)
        axes.scatter(t, s, s=14, color=colour, zorder=2, linewidths=0)
    path = states_of_path(fl.ctc_align(log_probs, labels_of(WORD)), frames)
    axes.plot(np.arange(frames), path, "-o", color=BLUE, linewidth=2.4, markersize=6, zorder=3)
    axes.set(xlabel="frame", ylabel="state", xticks=range(frames), ylim=(len(states) - 0.5, -0.5))
    axes.set_yticks(range(len(states)), states)
    return figure


def draw_posteriors(log_probs):
    """Probability of each state at each frame, and the best path."""
    states, frames = states_of(WORD), len(log_probs)
    figure, axes = new_figure(7.6, 2.9)
    image = axes.imshow(fl.ctc_posteriors(log_probs, labels_of(WORD)).T, **HEAT)
    path = states_of_path(fl.ctc_align(log_probs, labels_of(WORD)), frames)
    axes.plot(np.arange(frames), path, color="white", linewidth=3.4)
    axes.plot(np.arange(frames), path, "-o", color=BLUE, linewidth=1.6, markersize=6, markeredgecolor="white")
    axes.set(xlabel="frame", ylabel="state", xticks=range(frames))
    axes.set_yticks(range(len(states)), states)
    figure.colorbar(image, ax=axes, label="posterior", boundaries=np.linspace(0, 1, 101), ticks=[0, 0.5, 1])
    return figure


def draw_candidates(log_probs):
    """The scores of an n-best list."""
    scores = fl.ctc_score(log_probs, [labels_of(text) for text in CANDIDATES])
    order = np.argsort(scores)
    figure, axes = new_figure(6.2, 2.3)
    places = np.arange(len(order))
    axes.barh(places, scores[order], height=0.62, color=[GREY] * (len(order) - 1) + [BLUE])
    for place, score in zip(places, scores[order], strict=True):
        axes.text(score - 0.15, place, f"{score:.1f}".replace("-", "\N{MINUS SIGN}"), ha="right", va="center")
    axes.set_yticks(places, [CANDIDATES[k] for k in order])
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="score (nats)", xlim=(min(scores) - 1.6, 0), xticks=range(-20, 1, 5))
    axes.spines["left"].set_visible(False)
    axes.spines["right"].set_visible(True)
    return figure


def stale():
    """What of the recording is not on the page."""
    page = PAGE.read_text(encoding="utf-8")
    return [text for text in (CLASSES, HEARD, DOUBT, SURE, *CANDIDATES) if f'"{text}"' not in page]


def draw_all(out):
    """Into a folder; returns how many."""
    if stale():
        sys.exit(f"error: {PAGE.name} does not have {', '.join(stale())}, which {Path(__file__).name} draws")
    out.mkdir(parents=True, exist_ok=True)
    log_probs = recording()
    pictures = {
        "ctc_emissions": (draw_emissions, log_probs),
        "ctc_lattice": (draw_lattice, log_probs[:WORD_FRAMES]),
        "ctc_posteriors": (draw_posteriors, log_probs[:WORD_FRAMES]),
        "ctc_candidates": (draw_candidates, log_probs),
    }
    with matplotlib.rc_context(SETTINGS):
        for name, (draw, scores) in pictures.items():
            save(draw(scores), out / f"{name}.png")
    return len(pictures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="the folder the pictures go to")
    out = parser.parse_args().out
    print(f"{draw_all(out)} pictures in {out}")


if __name__ == "__main__":
    main()
