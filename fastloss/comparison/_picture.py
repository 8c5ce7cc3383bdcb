"""A comparison as a picture. matplotlib is imported when one is drawn, and not before."""

import numpy as np

_BARS_PER_DECADE = 10
_MOST_BARS = 200
_MARKED = ((0.5, "median", "-"), (0.9, "90 %", "--"), (0.99, "99 %", "-."), (0.999, "99.9 %", ":"))


def draw(distribution, ax):
    """The distribution of the divergence on an axis of matplotlib, or on a new one."""
    if ax is None:
        ax = _new_axes()
    numbers, counts = distribution.counted()
    is_drawn = np.isfinite(numbers) & (numbers > 0)
    drawn, counts = numbers[is_drawn], counts[is_drawn]
    tokens = distribution.count + distribution.nans
    if drawn.size:
        edges = _edges(drawn)
        shares = np.histogram(drawn, edges, weights=counts)[0] / tokens
        ax.stairs(100 * shares, edges, fill=True, alpha=0.6)
        ax.set_xscale("log")
        values = distribution.quantiles([fraction for fraction, _, _ in _MARKED])
        for value, (_, label, style) in zip(values, _MARKED, strict=True):
            if 0 < value < np.inf:
                ax.axvline(value, color="black", linestyle=style, linewidth=1, label=f"{label}: {value:.3g}")
        ax.legend(title=_title(tokens, int(counts.sum())))
    else:
        ax.text(0.5, 0.5, _title(tokens, 0), ha="center", va="center", transform=ax.transAxes)
    ax.set_xlabel("KL divergence of a token (nats)")
    ax.set_ylabel("share of tokens (%)")
    return ax


def _new_axes():
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(f"LogitsComparison.plot needs matplotlib: pip install matplotlib ({error})") from error
    return pyplot.subplots()[1]


def _edges(numbers):
    """Of bars that are as wide as each other on a logarithmic axis."""
    low, high = np.log10(numbers.min()), np.log10(numbers.max())
    if high - low < 0.1:
        low, high = low - 0.05, high + 0.05
    edges = np.logspace(low, high, min(int(np.ceil((high - low) * _BARS_PER_DECADE)), _MOST_BARS) + 1)
    edges[0], edges[-1] = min(edges[0], numbers.min()), max(edges[-1], numbers.max())
    return edges


def _title(tokens, drawn):
    left_out = tokens - drawn
    if not left_out:
        return f"{tokens:,} tokens"
    return f"{tokens:,} tokens, {left_out:,} not drawn:\n0, infinite or NaN"
