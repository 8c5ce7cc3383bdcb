"""A NaN in a row reaches every result of the row: at every place of it, in rows of every length, whatever is beside it.

Row i of n has the NaN at place i, so a call tries all places of a length.
"""

import numpy as np
import pytest
from domains import with_arrays
from extremes import FLOATS
from losses import LOSSES

import fastloss as fl

BACKGROUNDS = {"-inf": -np.inf, "finite": 1.5, "inf": np.inf}
FUNCTIONS = (fl.softmax, fl.log_softmax, fl.logsumexp)
# Around the widths of lanes (16), strips (16), tiles (32), few classes (128), branches (256), and what lies between.
LENGTHS = (1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129, 144, 145, 255, 256, 257, 272, 300)
BLOCKS = (1023, 1024, 1025, 2047, 2048, 2049, 2064, 4096, 4097, 5000)  # short rows end at 1024, blocks have 2048
ROW_LOSSES = [row for row in LOSSES if row.family == "rowwise"]


def with_a_nan(n, places, background, dtype, between=False):
    """Rows of n numbers with a NaN each; `between`, every other number is 0.25."""
    x = np.full((len(places), n), background, dtype)
    if between:
        x[:, ::2] = 0.25
    x[np.arange(len(places)), places] = np.nan
    return x


def places_of(n):
    """All of a short row; of a long one those at the edges of its blocks."""
    if n <= max(LENGTHS):
        return np.arange(n)
    edges = {0, 1, 15, 16, n // 2, n - 17, n - 16, n - 2, n - 1}
    return np.array(sorted(p for p in edges | {k * 2048 + d for k in (1, 2) for d in (-1, 0, 1)} if 0 <= p < n))


def backgrounds(row, dtype):
    """Those that are legal: of probabilities only finite ones. As (number, whether others are between)."""
    if row.domain.limits == (0, 1):
        return [(0.5, False), (0.0, False), (1.0, False)]
    return [(number, between) for number in BACKGROUNDS.values() for between in (False, True)]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_softmax_and_its_relatives_at_every_length(isa, name, background):
    for n in (*range(1, 301), *BLOCKS):
        for between in (False, True):
            x = with_a_nan(n, places_of(n), BACKGROUNDS[background], name, between)
            for function in FUNCTIONS:
                found = function(x)
                assert np.isnan(found).all(), (function.__name__, n, np.argwhere(~np.isnan(found))[0])


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("row", [row for row in ROW_LOSSES if not row.has_labels], ids=lambda row: row.name)
def test_losses_of_distributions(isa, name, row):
    for n in (*LENGTHS, *BLOCKS[::3]):
        places = places_of(n)
        for background, between in backgrounds(row, name):
            x = with_a_nan(n, places, background, name, between)
            targets = [np.full(x.shape, 1 / n, name)] if row.targets else []
            expect_nan(row, (x, *targets), n, places)
            if row.targets:
                finite = np.full(x.shape, 0.5, name)
                expect_nan(row, (finite, with_a_nan(n, places, 0.5, name)), n, places)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("row", [row for row in ROW_LOSSES if row.has_labels], ids=lambda row: row.name)
def test_losses_of_labels(isa, rng, name, row):
    """The label is at the NaN, beside it, first and last."""
    for n in (*LENGTHS, *BLOCKS[::3]):
        places = places_of(n)
        for background, between in backgrounds(row, name):
            x = with_a_nan(n, places, background, name, between)
            for labels in (places, (places + 1) % n, 0 * places, 0 * places + n - 1):
                if row.name != "nll_loss":
                    expect_nan(row, (x, labels), n)
                elif labels is places:
                    assert np.isnan(fl.nll_loss(x, labels, reduction="none")).all()
            if row.name == "cross_entropy":
                uniform = np.full(x.shape, 1 / n, name)
                expect_nan(row, (x, uniform), n)
                one_hot = np.zeros(x.shape, name)
                one_hot[np.arange(len(places)), places] = 1
                expect_nan(row, (x, one_hot), n)
                expect_nan(row, (x, one_hot[:, ::-1]), n)


def expect_nan(row, arguments, n, places=None):
    """Losses and derivatives of every row; of probabilities, derivatives only at the place itself."""
    for options in (row.options[0], row.options[-1]):
        options = with_arrays(options, np.random.default_rng(1), n)
        value, grad = row.loss.value_and_grad(*arguments, reduction="none", **options)
        derivatives = [grad]
        if row.has_curvature(options):
            derivatives.append(row.loss.grad_and_hess(*arguments, reduction="none", **options)[1])
        assert np.isnan(value).all(), (n, options, np.flatnonzero(~np.isnan(value))[0])
        for array in derivatives:
            of_class = row.predictions == "distributions"
            looked_at = array[np.arange(len(places)), places] if of_class else array
            assert np.isnan(looked_at).all(), (n, options, np.argwhere(~np.isnan(looked_at))[0])
