"""A comparison as a table, as a dictionary and as a picture."""

import json
import sys

import numpy as np
import pytest
from comparisons import compared, draw
from errors import refused

import fastloss as fl


def test_table_and_dictionary(rng):
    x, y, labels = draw(rng, (500, 30))
    labels[:3] = -100
    comparison = compared((x, y, labels), (x[:10], y[:10]))
    found, text = comparison.summary(), str(comparison)
    assert text == str(found)
    assert text.splitlines()[0] == "507 tokens compared, 30 classes, 497 with labels"
    assert f"{found.kl_mean:.6f} ± {found.kl_error:.6f}"[:7] in text
    for heading in ("KL divergence of", "Most likely token", "Perplexity", "Change of the label's"):
        assert sum(line.startswith(heading) for line in text.splitlines()) == 1
    rows = [line for line in text.splitlines() if line.startswith("  ")]
    assert len(rows) == 12 + 1 + 6 + 15
    assert len({line[:14].rstrip() == line[:14] for line in rows}) == 1  # the labels' column
    as_dict = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert as_dict["kl_quantiles"]["0.999"] == found.kl_quantiles[0.999]
    assert as_dict["perplexity"] == found.perplexity
    assert "Perplexity" not in str(compared((x, y)))
    assert "e-1" in str(compared((y + 1e-8 * x, y)))  # small divergences are shown with their digits


def test_picture(rng):
    figure = pytest.importorskip("matplotlib.figure")
    x, y, _ = draw(rng, (500, 30))
    comparison = compared((x, y), (y[:5], y[:5]))
    ax = figure.Figure().subplots()
    assert comparison.plot(ax) is ax
    assert ax.get_xscale() == "log"
    assert len(ax.lines) == 4
    found = comparison.summary()
    assert [line.get_xdata()[0] for line in ax.lines[:2]] == [found.kl_median, found.kl_quantiles[0.9]]
    [stairs] = ax.patches
    assert stairs.get_data().values.sum() == pytest.approx(100 * 500 / 505)
    assert "5 not drawn" in ax.get_legend().get_title().get_text()
    for empty in (fl.LogitsComparison(), compared((y, y))):
        ax = empty.plot(figure.Figure().subplots())
        assert "tokens" in ax.texts[0].get_text()
    constant = compared((np.tile([1.0, 2.0], (9, 1)), np.zeros((9, 2))))
    assert constant.plot(figure.Figure().subplots()).patches[0].get_data().values.sum() == pytest.approx(100)


def test_picture_on_axes_of_its_own():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = compared((np.eye(3), np.zeros((3, 3)))).plot()
    assert ax.get_xlabel() == "KL divergence of a token (nats)"
    matplotlib.pyplot.close(ax.figure)


def test_picture_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    refused(ImportError, ["LogitsComparison.plot needs matplotlib", "pip install"], fl.LogitsComparison().plot)
