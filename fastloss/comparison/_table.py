"""A summary as text: a table that lines up."""

import math

_LABELS = {0.25: "25 %", 0.5: "median", 0.75: "75 %"}
_MOST_DECIMALS = 9  # of a number that is written without an exponent


def table_of(summary):
    parts = [[_heading(summary), *_warnings(summary)]]
    if summary.tokens:
        parts += [_divergence(summary), _agreement(summary)]
    if summary.labelled_tokens:
        parts += [_perplexity(summary), _change(summary)]
    return "\n\n".join("\n".join(part) for part in parts)


def _heading(summary):
    text = f"{_count(summary.tokens)} compared"
    if summary.classes is not None:
        text += f", {summary.classes:,} classes"
    if 0 < summary.labelled_tokens < summary.tokens:
        text += f", {summary.labelled_tokens:,} with labels"
    return text


def _count(tokens):
    return f"{tokens:,} token{'s' * (tokens != 1)}"


def _warnings(summary):
    """What must not be overlooked."""
    for count, what in ((summary.nan_tokens, "NaN"), (summary.infinite_tokens, "infinite")):
        if count:
            yield f"WARNING: the divergence of {_count(count)} is {what}"


def _divergence(summary):
    decimals = _decimals(summary.kl_mean, summary.kl_error, summary.kl_median)
    yield "KL divergence of the model from the reference, in nats"
    yield _line("mean", summary.kl_mean, summary.kl_error, decimals)
    for label, value in _spread(summary.kl_min, summary.kl_max, summary.kl_quantiles):
        yield _line(label, value, None, decimals)


def _agreement(summary):
    yield "Most likely token"
    yield _percent("the same", summary.top1_agreement, summary.top1_agreement_error)


def _perplexity(summary):
    yield "Perplexity"
    decimals = _decimals(summary.perplexity, summary.perplexity_error, summary.perplexity_difference_error)
    yield _line("model", summary.perplexity, summary.perplexity_error, decimals)
    yield _line("reference", summary.reference_perplexity, summary.reference_perplexity_error, decimals)
    yield _line("difference", summary.perplexity_difference, summary.perplexity_difference_error, decimals)
    decimals = _decimals(summary.perplexity_ratio, summary.perplexity_ratio_error)
    yield _line("ratio", summary.perplexity_ratio, summary.perplexity_ratio_error, decimals)
    yield _line("ln ratio", summary.log_perplexity_ratio, summary.log_perplexity_ratio_error, decimals)
    yield _percent("correlation", summary.log_perplexity_correlation)


def _change(summary):
    yield "Change of the label's probability"
    yield _percent("mean", summary.change_mean, summary.change_error)
    yield _percent("RMS", summary.change_rms, summary.change_rms_error)
    for label, value in _spread(summary.change_min, summary.change_max, summary.change_quantiles):
        yield _percent(label, value)


def _spread(low, high, quantiles):
    """(label, value), from the largest to the smallest."""
    between = ((_label(fraction), quantiles[fraction]) for fraction in sorted(quantiles, reverse=True))
    return ("maximum", high), *between, ("minimum", low)


def _label(fraction):
    return _LABELS.get(fraction) or f"{100 * fraction:.3g} %"


def _decimals(*numbers):
    """So many that each of the numbers has two digits; None for exponents, where that would be too many."""
    sizes = [abs(number) for number in numbers if number and math.isfinite(number)]
    needed = max([1 - math.floor(math.log10(size)) for size in sizes], default=4)
    return max(needed, 4) if needed <= _MOST_DECIMALS else None


def _line(label, value, error, decimals):
    style = ".3e" if decimals is None else f".{decimals}f"
    return f"  {label:<12}{_number(value, style):>14}" + ("" if error is None else f" ± {_number(error, style)}")


def _percent(label, value, error=None):
    return _line(label, 100 * value, None if error is None else 100 * error, 3) + " %"


def _number(value, style):
    text = format(value, style)
    return text.lstrip("-") if not text.strip("-0.") else text  # no -0.000
