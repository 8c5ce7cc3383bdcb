"""What the tests of comparisons share; and the figures by their definitions, in NumPy, from all rows at once."""

import math

import numpy as np

import fastloss as fl

KL_FRACTIONS = (0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)
CHANGE_FRACTIONS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)


def draw(rng, shape, noise=0.3, names=("float64", "float64")):
    """Logits, those of a reference, and labels, of which many are likely."""
    y = 2 * rng.normal(size=shape)
    x = y + noise * rng.normal(size=shape)
    likely, any_class = y.argmax(axis=-1), rng.integers(0, shape[-1], shape[:-1])
    return x.astype(names[0]), y.astype(names[1]), np.where(rng.random(shape[:-1]) < 0.5, likely, any_class)


def compared(*blocks, **options):
    comparison = fl.LogitsComparison(**options)
    for block in blocks:
        comparison.update(*block)
    return comparison


def log_softmax(scores):
    scores = scores.astype(np.longdouble)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def divergences(logits, reference_logits):
    """Of each row, in a form whose terms do not cancel."""
    log_q, log_p = log_softmax(logits), log_softmax(reference_logits)
    ratio = log_p - log_q
    return (np.exp(log_p) * (np.expm1(-ratio) + ratio)).sum(axis=-1).astype(np.float64)


def standard_error(numbers):
    return np.std(numbers, ddof=1) / math.sqrt(numbers.size)


def figures(logits, reference_logits, labels=None):
    """Two arrays of rows, and the label of each row: what ComparisonSummary has, by name."""
    found = divergences(logits, reference_logits)
    same = (logits.argmax(axis=-1) == reference_logits.argmax(axis=-1)).astype(np.float64)
    wanted = {
        "tokens": len(found),
        "labelled_tokens": 0 if labels is None else len(found),
        "classes": logits.shape[-1],
        "kl_mean": found.mean(),
        "kl_error": standard_error(found),
        "kl_min": found.min(),
        "kl_max": found.max(),
        "kl_median": np.median(found),
        "kl_quantiles": np.quantile(found, KL_FRACTIONS),
        "top1_agreement": same.mean(),
        "top1_agreement_error": standard_error(same),
    }
    return wanted if labels is None else wanted | of_labels(logits, reference_logits, labels)


def of_labels(logits, reference_logits, labels):
    rows = np.arange(len(labels))
    own, reference = (log_softmax(scores)[rows, labels].astype(np.float64) for scores in (logits, reference_logits))
    change = np.exp(own) - np.exp(reference)
    rms = math.sqrt(np.mean(change**2))
    of_means = np.cov(-own, -reference) / len(labels)
    perplexity, of_reference = np.exp(-own.mean()), np.exp(-reference.mean())
    slopes = np.array([perplexity, -of_reference])
    ratio = np.exp((reference - own).mean())
    return {
        "change_mean": change.mean(),
        "change_error": standard_error(change),
        "change_rms": rms,
        "change_rms_error": standard_error(change**2) / (2 * rms),
        "change_min": change.min(),
        "change_max": change.max(),
        "change_median": np.median(change),
        "change_quantiles": np.quantile(change, CHANGE_FRACTIONS),
        "perplexity": perplexity,
        "perplexity_error": perplexity * standard_error(own),
        "reference_perplexity": of_reference,
        "reference_perplexity_error": of_reference * standard_error(reference),
        "log_perplexity_ratio": (reference - own).mean(),
        "log_perplexity_ratio_error": standard_error(reference - own),
        "perplexity_ratio": ratio,
        "perplexity_ratio_error": ratio * standard_error(reference - own),
        "perplexity_difference": perplexity - of_reference,
        "perplexity_difference_error": math.sqrt(slopes @ of_means @ slopes),
        "log_perplexity_correlation": np.corrcoef(own, reference)[0, 1],
    }
