"""LogitsComparison: its figures by their definitions, from blocks in any order; what is broken stays visible."""

import copy
import itertools
import math
import pickle
import signal
import sys
import threading

import comparisons
import mpmath
import numpy as np
import pytest
from comparisons import compared, draw
from errors import refused
from scripts import run_script

import fastloss as fl

TOLERANCES = {"float32": 3e-5, "float64": 1e-10}
SHAPES = [(300, 3), (50, 16), (40, 129), (30, 1024), (30, 1025), (9, 5003)]
DIFFERENCES = ("change_", "log_perplexity_ratio")


def check(summary, wanted, rtol):
    """Differences of figures of both models are rounded as these are: a few nats, or perplexities."""
    for name, value in wanted.items():
        found = getattr(summary, name)
        found = list(found.values()) if isinstance(found, dict) else found
        size = (
            wanted["perplexity"] if name == "perplexity_difference" else 1e-2 if name.startswith(DIFFERENCES) else 1e-4
        )
        np.testing.assert_allclose(found, value, rtol=rtol, atol=rtol * size, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("noise", [1.0, 0.03])
@pytest.mark.parametrize("names", [*itertools.product(["float32", "float64"], repeat=2)], ids="-".join)
def test_figures_by_their_definitions(isa, rng, names, noise, shape):
    x, y, labels = draw(rng, shape, noise, names)
    rtol = TOLERANCES["float64" if "float64" in names else "float32"]
    check(compared((x, y, labels)).summary(), comparisons.figures(x, y, labels), rtol)
    without = compared((x, y)).summary()
    check(without, comparisons.figures(x, y), rtol)
    assert without.perplexity is without.change_quantiles is without.change_median is None


@pytest.mark.parametrize(
    "names", [("float16", "float16"), ("float16", "float32"), ("float64", "float16")], ids="-".join
)
def test_half_types(isa, rng, names):
    x, y, labels = draw(rng, (60, 1300), 0.3, names)
    check(compared((x, y, labels)).summary(), comparisons.figures(x, y, labels), 3e-5)


def test_bfloat16_and_integers(rng):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    x, y, labels = draw(rng, (60, 300))
    x, y = x.astype(bfloat16), np.round(4 * y).astype(np.int8)
    wanted = comparisons.figures(x.astype(np.float32), y, labels)
    check(compared((x, y, labels)).summary(), wanted, 1e-10)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_any_layout(rng, axis):
    x, y, labels = draw(rng, (6, 7, 40))
    wanted = comparisons.figures(x.reshape(42, 40), y.reshape(42, 40), labels.ravel())
    moved = np.asfortranarray(np.moveaxis(x, -1, axis)), np.moveaxis(y, -1, axis)
    check(compared((*moved, labels), axis=axis).summary(), wanted, 1e-10)
    one = compared((x[0, 0], y[0, 0], labels[0, 0])).summary()
    assert (one.tokens, one.labelled_tokens) == (1, 1)
    assert math.isnan(one.kl_error)


def test_two_classes_by_hand():
    """p = 1/2 everywhere; q is 1/4 and 3/4: D = -log(4 q (1 - q)) / 2. The labels' probabilities are 1/4, 3/4, 3/4."""
    x = np.log([[0.25, 0.75], [0.75, 0.25], [0.25, 0.75]])
    found = compared((x, np.zeros((3, 2)), [0, 0, 1])).summary()
    assert found.kl_mean == pytest.approx(math.log(4 / 3) / 2, rel=1e-14)
    assert found.kl_error == pytest.approx(0, abs=1e-12)
    assert found.top1_agreement == pytest.approx(1 / 3)  # the first of equal classes is that of the reference
    assert found.top1_agreement_error == pytest.approx(math.sqrt(2 / 9 / 2))
    assert found.perplexity == pytest.approx((0.25 * 0.75 * 0.75) ** (-1 / 3), rel=1e-14)
    assert (found.reference_perplexity, found.reference_perplexity_error) == pytest.approx((2, 0), abs=1e-12)
    assert found.log_perplexity_ratio_error == pytest.approx(math.log(3) / 3)
    assert (found.change_mean, found.change_min, found.change_max) == pytest.approx((0.25 / 3, -0.25, 0.25))
    assert (found.change_rms, found.change_rms_error) == pytest.approx((0.25, 0), abs=1e-12)
    assert math.isnan(found.log_perplexity_correlation)  # the reference has no variance


@pytest.mark.parametrize("noise", [1e-2, 1e-5, 1e-8])
@pytest.mark.parametrize("classes", [40, 2000])
def test_models_that_are_nearly_the_same(rng, noise, classes):
    """Against mpmath: a divergence of 1e-16 is no rounding noise, neither is a change of the label's probability."""
    x, y, _ = draw(rng, (classes,), noise)
    label = int(y.argmax())
    found = compared((x, y, label)).summary()
    with mpmath.workdps(60):
        q, p = ([mpmath.exp(mpmath.mpf(float(score))) for score in scores] for scores in (x, y))
        q_sum, p_sum = mpmath.fsum(q), mpmath.fsum(p)
        wanted = mpmath.fsum(b / p_sum * mpmath.log(b / p_sum / (a / q_sum)) for a, b in zip(q, p, strict=True))
        change = q[label] / q_sum - p[label] / p_sum
    assert found.kl_mean == pytest.approx(float(wanted), rel=1e-13)
    assert found.change_mean == pytest.approx(float(change), abs=1e-15)


def test_certain_labels(rng):
    """-log p of a label that is all but certain keeps its digits, and so does a perplexity next to 1."""
    x = np.zeros((3, 3000))
    x[:, 2999] = 40
    found = compared((x.astype(np.float32), x, [2999] * 3), (x, x.astype(np.float32), [2999] * 3)).summary()
    assert found.log_perplexity_ratio == pytest.approx(0, abs=1e-20)
    certain, cost = compared((x, np.zeros_like(x), [2999] * 3)).summary(), 2999 * math.exp(-40)
    assert certain.perplexity - 1 == pytest.approx(cost, abs=3e-16)
    assert certain.log_perplexity_ratio == pytest.approx(cost - math.log(3000), abs=4e-15)


def blocks_of(x, y, labels, stops):
    return [(x[a:b], y[a:b], labels[a:b]) for a, b in itertools.pairwise([0, *stops, len(x)])]


def test_any_blocks_any_order_any_merging_and_any_threads(rng, forced_threads):
    x, y, labels = draw(rng, (3000, 200), 0.3, ("float32", "float32"))
    labels[rng.random(3000) < 0.1] = -100
    whole = compared((x, y, labels)).summary().as_dict()
    blocks = blocks_of(x, y, labels, [1, 2, 500, 501, 1800])
    for order in itertools.permutations(range(6), 6):
        if order[0] in (0, 3):
            assert compared(*(blocks[place] for place in order), num_threads=1).summary().as_dict() == whole
    for threads in (2, 3):
        workers = [compared(*blocks[place::2], num_threads=threads) for place in (1, 0)]
        workers[0].merge(workers[1])
        workers[0].merge(fl.LogitsComparison())
        assert workers[0].summary().as_dict() == whole
        assert workers[1].tokens < whole["tokens"]


def test_ignored_rows_count_nowhere(rng):
    x, y, labels = draw(rng, (50, 30))
    ignored = rng.random(50) < 0.4
    kept = comparisons.figures(x[~ignored], y[~ignored], labels[~ignored])
    x[ignored] = np.nan
    padded = np.where(ignored, 7, labels)
    for ignore_index, target in ((-100, np.where(ignored, -100, labels)), (99, np.where(ignored, 99, labels))):
        found = compared((x, y, target), ignore_index=ignore_index).summary()
        check(found, kept, 1e-10)
        assert found.nan_tokens == 0
    assert compared((x, y, padded), ignore_index=None).summary().tokens == 50
    nothing = compared((x, y, np.full(50, -100)))
    assert nothing.tokens == 0
    assert math.isnan(nothing.summary().kl_mean)


def test_blocks_without_labels_between_others(rng):
    x, y, labels = draw(rng, (50, 30))
    found = compared((x[:20], y[:20]), (x[20:], y[20:], labels[20:])).summary()
    check(found, {**comparisons.figures(x, y), "labelled_tokens": 30}, 1e-10)
    check(found, comparisons.of_labels(x[20:], y[20:], labels[20:]), 1e-10)


def test_no_tokens():
    comparison = compared((np.zeros((0, 5)), np.zeros((0, 5)), []))
    found = comparison.summary()
    assert (found.tokens, found.classes, found.perplexity) == (0, 5, None)
    assert all(map(math.isnan, (found.kl_mean, found.kl_error, found.kl_min, found.kl_median, found.top1_agreement)))
    assert str(comparison) == "0 tokens compared, 5 classes"
    assert repr(fl.LogitsComparison()) == "<LogitsComparison of 0 tokens, mean KL divergence nan>"


@pytest.mark.parametrize("classes", [5, 1500])
@pytest.mark.parametrize("broken", ["model", "reference"])
@pytest.mark.parametrize("what", [math.nan, math.inf, "all masked"])
def test_a_broken_row_stays_visible(isa, rng, what, broken, classes):
    x, y, labels = draw(rng, (20, classes))
    row = (x if broken == "model" else y)[3]
    row[slice(None) if what == "all masked" else 2] = -math.inf if what == "all masked" else what
    labels[3] = 2
    with np.errstate(all="raise"):
        comparison = compared((x, y, labels))
        found = comparison.summary()
    assert (found.tokens, found.nan_tokens, found.infinite_tokens) == (20, 1, 0)
    kept = np.arange(20) != 3
    wanted = comparisons.figures(x[kept], y[kept], labels[kept])
    assert all(
        map(math.isnan, (found.kl_mean, found.kl_error, found.kl_max, found.change_mean, found.perplexity_ratio))
    )
    assert found.kl_min == pytest.approx(wanted["kl_min"], rel=1e-10)
    assert found.top1_agreement == pytest.approx(wanted["top1_agreement"] * 19 / 20)
    own, other = found.perplexity, found.reference_perplexity
    assert math.isnan(own if broken == "model" else other)
    assert math.isfinite(other if broken == "model" else own)
    assert "WARNING: the divergence of 1 token is NaN" in str(comparison).splitlines()
    assert "nan" in repr(comparison)


def test_nan_rank_above_all_numbers(rng):
    x, y, _ = draw(rng, (100, 8))
    wanted = np.sort(comparisons.divergences(x, y)[10:])
    x[:10] = np.nan
    quantiles = compared((x, y)).summary().kl_quantiles
    padded = np.concatenate([wanted, np.full(10, np.inf)])
    for fraction in (0.05, 0.5):
        assert quantiles[fraction] == pytest.approx(np.quantile(padded, fraction), rel=1e-10)
    assert math.isnan(quantiles[0.95])


def test_infinite_divergence_and_labels_of_no_probability(rng):
    x, y, labels = draw(rng, (20, 8))
    x[4, 1] = -math.inf  # the reference has it
    x[5, 2] = y[5, 2] = -math.inf  # nobody has it
    labels[[4, 5]] = 1, 2
    found = compared((x, y, labels)).summary()
    assert (found.nan_tokens, found.infinite_tokens) == (0, 1)
    assert found.kl_mean == found.kl_max == math.inf
    assert math.isnan(found.kl_error)
    assert found.perplexity == found.reference_perplexity == math.inf
    assert math.isnan(found.perplexity_ratio)
    lost = np.exp(comparisons.log_softmax(y)[4, 1])
    assert found.change_min <= -lost
    assert math.isfinite(found.change_error)
    other = compared((x[:5], y[:5], labels[:5])).summary()
    assert other.perplexity_ratio == math.inf
    assert "1 token is infinite" in str(compared((x, y)))


def test_huge_logits():
    x = np.array([[1e300, 0.0], [0.0, 1.0]])
    found = compared((x, -x, [0, 1])).summary()
    assert found.kl_max == 1e300
    assert found.kl_mean == 5e299
    assert found.kl_error > 0


@pytest.mark.parametrize(
    ("arguments", "error", "tokens"),
    [
        ((np.zeros((4, 3)), np.zeros((4, 2))), ValueError, ["reference_logits", "(4, 2)", "(4, 3)"]),
        ((np.zeros((4, 3)), None), TypeError, ["reference_logits is None"]),
        ((None, np.zeros((4, 3))), TypeError, ["logits"]),
        ((np.zeros((4, 3)), np.zeros((4, 3), "U1")), TypeError, ["reference_logits", "<U1"]),
        ((np.zeros((4, 3)), np.zeros((4, 3)), [0, 1, 3, 0]), ValueError, ["target[2]", "is 3", "0..2"]),
        ((np.zeros((4, 3)), np.zeros((4, 3)), [0, 1, 2]), ValueError, ["target", "(3,)", "(4,)"]),
        ((np.zeros((4, 3)), np.zeros((4, 3)), [0.5, 1, 2, 0]), TypeError, ["target", "float64", "integers"]),
        ((np.zeros((4, 0)), np.zeros((4, 0))), ValueError, ["logits", "(4, 0)", "axis 1"]),
        ((np.zeros((4, 5)), np.zeros((4, 5))), ValueError, ["logits has 5 classes", "had 3"]),
        ((np.float64(1), np.float64(1)), ValueError, ["logits", "axis"]),
    ],
    ids=lambda value: None if isinstance(value, tuple) else "",
)
def test_refused(arguments, error, tokens):
    comparison = compared((np.eye(3), np.ones((3, 3)), [0, 1, 2]))
    before = pickle.dumps(comparison)
    refused(error, tokens, lambda: comparison.update(*arguments))
    assert pickle.dumps(comparison) == before


def test_refused_options_and_merging():
    refused(TypeError, ["axis", "'last'"], lambda: fl.LogitsComparison(axis="last"))
    refused(TypeError, ["ignore_index", "0.5"], lambda: fl.LogitsComparison(ignore_index=0.5))
    refused(ValueError, ["num_threads", 0], lambda: fl.LogitsComparison(num_threads=0))
    refused(ValueError, ["axis is 2", "2 dimensions"], lambda: compared((np.eye(3), np.eye(3)), axis=2))
    comparison = compared((np.eye(3), np.eye(3)))
    refused(TypeError, ["other", "dict", "LogitsComparison"], lambda: comparison.merge({}))
    refused(ValueError, ["other", "itself"], lambda: comparison.merge(comparison))
    other = compared((np.eye(4), np.eye(4)))
    refused(ValueError, ["other has 4 classes", "had 3"], lambda: comparison.merge(other))
    refused(TypeError, ["'labels'", "target="], lambda: comparison.update(np.eye(3), np.eye(3), labels=[0, 1, 2]))
    refused(TypeError, ["LogitsComparison()", "'dim'", "axis="], lambda: fl.LogitsComparison(dim=1))
    refused(TypeError, ["LogitsComparison()", "axis=, ignore_index=", "got 1"], lambda: fl.LogitsComparison(1))
    call = "LogitsComparison.update() takes logits, reference_logits, target by position, got 4 arguments"
    assert refused(TypeError, [call], lambda: comparison.update(np.eye(3), np.eye(3), [0, 1, 2], -1)) == call
    assert comparison.tokens == 3


def test_copies_and_pickles(rng):
    x, y, labels = draw(rng, (50, 30))
    first = compared((x[:20], y[:20], labels[:20]), axis=1, num_threads=2)
    again = [pickle.loads(pickle.dumps(first)), copy.copy(first), copy.deepcopy(first)]
    first.update(x[20:], y[20:], labels[20:])
    for one in again:
        assert one.tokens == 20
        one.update(x[20:], y[20:], labels[20:])
        assert one.summary().as_dict() == first.summary().as_dict()


def test_several_threads_at_once(rng):
    x, y, labels = draw(rng, (800, 50))
    blocks = blocks_of(x, y, labels, range(10, 800, 10))
    comparison = fl.LogitsComparison(num_threads=1)

    def work(own):
        for block in own:
            comparison.update(*block)

    threads = [threading.Thread(target=work, args=(blocks[place::4],)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert comparison.summary().as_dict() == compared((x, y, labels)).summary().as_dict()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_an_update_that_was_ended_adds_nothing(rng):
    comparison = compared((np.ones(1000, np.float32), np.zeros(1000, np.float32)))
    before = pickle.dumps(comparison)
    row = np.linspace(-1, 1, 1000, dtype=np.float32)
    wide = np.broadcast_to(row, (1 << 20, 1000))  # of no memory of its own

    def stop(*ignored):
        raise KeyboardInterrupt

    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            comparison.update(wide, wide[:, ::-1])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert pickle.dumps(comparison) == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are Linux's")
def test_memory_mapped_files_are_not_copied(tmp_path):
    """256 MB a file, where the process may have 40 MB beside what it has."""
    run_script(
        """
        with open("/proc/self/statm") as file:
            data = int(file.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (data + (40 << 20),) * 2)
        x, y = (np.memmap(sys.argv[1] + name, np.float16, "w+", shape=(4000, 32000)) for name in ("/x", "/y"))
        x[::100, 7] = 1
        try:
            np.array(x)
        except MemoryError:
            pass
        else:
            raise AssertionError("the limit holds nothing back")
        comparison = fl.LogitsComparison(num_threads=2)
        for _ in range(2):
            comparison.update(x, y, np.full(4000, 7))
        found = comparison.summary()
        assert found.tokens == 8000 and found.top1_agreement == 0.99, found
        q = np.e / (31999 + np.e)
        assert abs(found.kl_max - (np.log1p((np.e - 1) / 32000) - 1 / 32000)) < 1e-9, found.kl_max
        assert abs(found.change_max - (q - 1 / 32000)) < 1e-9
        """,
        tmp_path,
    )
