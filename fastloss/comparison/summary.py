"""The figures of a comparison: means with their errors, quantiles, perplexities; as an object and as a table."""

import math
from dataclasses import asdict, dataclass

from fastloss.comparison._distribution import RELATIVE_ERROR
from fastloss.comparison._sums import covariance_of_means, mean_of, variance_of_mean
from fastloss.comparison._table import table_of

KL_FRACTIONS = (0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)
CHANGE_FRACTIONS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True, repr=False)
class ComparisonSummary:
    """What `LogitsComparison.summary` gives: how far a model is from its reference. ``print(summary)`` shows a table.

    An `..._error` is a standard error of the figure before it: of a mean, the root of the unbiased variance over the
    number of tokens; of what is computed from means, by first-order propagation, with the covariance of the two
    models' log-probabilities where both count. It takes tokens for independent. It is NaN for fewer than two tokens.
    Quantiles are as `numpy.quantile` gives them. What follows from labels is None where no label was given.

    Attributes
    ----------
    tokens : int
        Rows that count.
    labelled_tokens : int
        Those of them with a label.
    classes : int or None
        The size of the vocabulary; None before the first block.
    nan_tokens, infinite_tokens : int
        Tokens whose divergence is NaN (a NaN or +inf among their logits, or nothing but -inf), or infinite.
    quantile_error : float
        The largest relative error of the quantiles: 0 for less than a million tokens, then 2^-11.
    kl_mean, kl_error : float
        Mean of the divergence D(reference ‖ model), in nats.
    kl_min, kl_max : float
        The smallest and the largest divergence.
    kl_quantiles : dict from float to float
        Of the divergence, by fraction: 0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999.
    kl_median : float
        ``kl_quantiles[0.5]``.
    top1_agreement, top1_agreement_error : float
        The share of tokens whose most likely class is the same; the first of equal ones counts.
    change_mean, change_error : float or None
        Of the change of the label's probability, model less reference, which llama.cpp calls Δp.
    change_rms, change_rms_error : float or None
        The root of the mean of its square.
    change_min, change_max : float or None
        The largest loss and the largest gain.
    change_quantiles : dict from float to float, or None
        By the same fractions, and 0.25 and 0.75.
    change_median : float or None
        ``change_quantiles[0.5]``.
    perplexity, perplexity_error : float or None
        Of the model: exp of the mean of -log p of the labels.
    reference_perplexity, reference_perplexity_error : float or None
        Of the reference.
    log_perplexity_ratio, log_perplexity_ratio_error : float or None
        The logarithm of the model's perplexity over the reference's: the mean difference of their log-probabilities.
    perplexity_ratio, perplexity_ratio_error : float or None
        The same without logarithm.
    perplexity_difference, perplexity_difference_error : float or None
        The model's perplexity less the reference's.
    log_perplexity_correlation : float or None
        Of the two models' log-probabilities, over the tokens.

    Examples
    --------
    >>> import fastloss as fl
    >>> comparison = fl.LogitsComparison()
    >>> comparison.update([[1.0, 2.0], [0.0, 1.0]], [[1.0, 2.5], [2.0, 1.0]], [1, 0])
    >>> found = comparison.summary()
    >>> found
    <ComparisonSummary of 2 tokens, mean KL divergence 0.241>
    >>> round(found.kl_max, 6), round(found.perplexity, 6)
    (0.462117, 2.255252)
    >>> sorted(found.as_dict())[:3]
    ['change_error', 'change_max', 'change_mean']

    References
    ----------
    llama.cpp, tools/perplexity, whose report has the same figures.
    """

    tokens: int
    labelled_tokens: int
    classes: int | None
    nan_tokens: int
    infinite_tokens: int
    quantile_error: float
    kl_mean: float
    kl_error: float
    kl_min: float
    kl_max: float
    kl_quantiles: dict[float, float]
    top1_agreement: float
    top1_agreement_error: float
    change_mean: float | None = None
    change_error: float | None = None
    change_rms: float | None = None
    change_rms_error: float | None = None
    change_min: float | None = None
    change_max: float | None = None
    change_quantiles: dict[float, float] | None = None
    perplexity: float | None = None
    perplexity_error: float | None = None
    reference_perplexity: float | None = None
    reference_perplexity_error: float | None = None
    log_perplexity_ratio: float | None = None
    log_perplexity_ratio_error: float | None = None
    perplexity_ratio: float | None = None
    perplexity_ratio_error: float | None = None
    perplexity_difference: float | None = None
    perplexity_difference_error: float | None = None
    log_perplexity_correlation: float | None = None

    @property
    def kl_median(self):
        return self.kl_quantiles[0.5]

    @property
    def change_median(self):
        return None if self.change_quantiles is None else self.change_quantiles[0.5]

    def as_dict(self):
        """All attributes as a dict of numbers, for `json`: quantiles by their fractions as text.

        Examples
        --------
        >>> import json, fastloss as fl
        >>> comparison = fl.LogitsComparison()
        >>> comparison.update([[1.0, 2.0]], [[1.0, 2.0]])
        >>> json.loads(json.dumps(comparison.summary().as_dict()))["kl_quantiles"]["0.5"]
        0.0
        """
        found = asdict(self)
        for name in ("kl_quantiles", "change_quantiles"):
            if found[name] is not None:
                found[name] = {str(fraction): value for fraction, value in found[name].items()}
        return found

    def __str__(self):
        return table_of(self)

    def __repr__(self):
        return f"<ComparisonSummary of {described(self.tokens, self.kl_mean)}>"


def described(tokens, kl_mean):
    """In a line."""
    return f"{tokens} token{'s' * (tokens != 1)}, mean KL divergence {kl_mean:.3g}"


def summary_of(totals):
    counts = totals.counts
    tokens, labelled = counts["rows"], counts["labelled"]
    agreement = counts["agreeing"] / tokens if tokens else math.nan
    kl_mean, kl_variance = estimate(counts, "divergence", tokens)
    return ComparisonSummary(
        tokens=tokens,
        labelled_tokens=labelled,
        classes=totals.classes,
        nan_tokens=counts["divergence_nan"],
        infinite_tokens=counts["divergence_infinite"],
        quantile_error=0.0 if totals.divergence.is_exact and totals.change.is_exact else RELATIVE_ERROR,
        kl_mean=kl_mean,
        kl_error=math.sqrt(kl_variance),
        top1_agreement=agreement,
        top1_agreement_error=math.sqrt(agreement * (1 - agreement) / (tokens - 1)) if tokens > 1 else math.nan,
        **_spread("kl", totals.divergence, KL_FRACTIONS),
        **(_of_labels(counts, labelled, totals.change) if labelled else {}),
    )


def estimate(counts, name, count):
    """Mean of a figure and the variance of the mean."""
    if counts[f"{name}_nan"]:
        return math.nan, math.nan
    if counts[f"{name}_infinite"]:
        return math.inf, math.nan
    total = counts[name]
    return mean_of(total, count), variance_of_mean(counts[f"{name}_squared"], total, count)


def _spread(name, distribution, fractions):
    is_hidden = distribution.nans > 0  # NaN rank last
    low, high = (distribution.low, distribution.high) if distribution.count else (math.nan, math.nan)
    return {
        f"{name}_min": low,
        f"{name}_max": math.nan if is_hidden else high,
        f"{name}_quantiles": dict(zip(fractions, distribution.quantiles(fractions), strict=True)),
    }


def _of_labels(counts, count, change):
    exact = dict(counts)
    exact["change_squared"] += counts["change_squared_rest"]
    mean, variance = estimate(exact, "change", count)
    return {
        "change_mean": mean,
        "change_error": math.sqrt(variance),
        **_root_of_squares(counts, count),
        **_spread("change", change, CHANGE_FRACTIONS),
        **_perplexities(counts, count),
    }


def _root_of_squares(counts, count):
    """Of the change: the root of the mean of its squares, each rounded to a double."""
    if counts["change_nan"]:
        return {"change_rms": math.nan, "change_rms_error": math.nan}
    squares, fourths = counts["change_squared"], counts["change_fourth"]
    rms, error = math.sqrt(mean_of(squares, count)), math.sqrt(variance_of_mean(fourths, squares, count))
    error = error / (2 * rms) if rms else error
    return {"change_rms": rms, "change_rms_error": error}


def _perplexities(counts, count):
    log_own, variance = estimate(counts, "cost", count)
    log_reference, reference_variance = estimate(counts, "reference_cost", count)
    log_ratio, ratio_variance, covariance = _paired(counts, count, log_own, log_reference)
    own, reference, ratio = _exp(log_own), _exp(log_reference), _exp(log_ratio)
    error, reference_error, ratio_error = map(math.sqrt, (variance, reference_variance, ratio_variance))
    # The variance of own - reference, with the covariance of both: so that nothing cancels where they are near.
    of_difference = own * reference * ratio_variance + (own - reference) * (
        own * variance - reference * reference_variance
    )
    return {
        "perplexity": own,
        "perplexity_error": own * error,
        "reference_perplexity": reference,
        "reference_perplexity_error": reference * reference_error,
        "log_perplexity_ratio": log_ratio,
        "log_perplexity_ratio_error": ratio_error,
        "perplexity_ratio": ratio,
        "perplexity_ratio_error": ratio * ratio_error,
        "perplexity_difference": own - reference,
        "perplexity_difference_error": math.sqrt(max(of_difference, 0.0)),
        "log_perplexity_correlation": covariance / (error * reference_error) if error * reference_error else math.nan,
    }


def _paired(counts, count, log_own, log_reference):
    """Mean of the difference of the two costs of a token, its variance, and the covariance of the means of both."""
    if not (math.isfinite(log_own) and math.isfinite(log_reference)):
        return log_own - log_reference, math.nan, math.nan
    own, reference, product = counts["cost"], counts["reference_cost"], counts["cost_product"]
    squares = counts["cost_squared"] + counts["reference_cost_squared"] - 2 * product
    return (
        mean_of(own - reference, count),
        variance_of_mean(squares, own - reference, count),
        covariance_of_means(product, own, reference, count),
    )


def _exp(number):
    return math.exp(number) if number < 709 else math.inf if number == number else number
