"""label_scores against definitions: exact log-probabilities and entropies, ranks by sorting, best classes by argmax."""

import copy
import dataclasses
import pickle

import mpmath
import numpy as np
import pytest
import reference
from errors import LABELS, X, put, refused
from tolerance import DTYPES, assert_close, compute_dtype, draw, dtype_of

import fastloss as fl

ARRAYS = ("log_prob", "rank", "best", "entropy")
# Around groups of 16, runs of 64, tiles of few classes, and blocks of 2048, whose last may be shorter than a group.
CLASSES = [1, 2, 3, 5, 15, 16, 17, 33, 100, 127, 128, 129, 143, 144, 145, 255, 1000, 1023, 1025, 2047, 2048, 2049]
CLASSES += [2063, 2064, 2065, 4095, 4097, 10007]
ROWS = 37  # a tile of 32 and some


def ranks_by_sorting(x, labels):
    """The place of each label when classes are sorted by falling score, equal ones by index."""
    order = np.argsort(-x, axis=-1, kind="stable")
    return np.argmax(order == labels[..., None], axis=-1)


def labels_for(rng, x):
    """Drawn ones, and in the first rows the best, the worst, the first and the last class, and one in a last block."""
    rows, classes = x.shape
    y = rng.integers(0, classes, rows)
    y[:5] = [x[0].argmax(), x[1].argmin(), 0, classes - 1, classes - 1 - (classes - 1) % 16]
    return y


def check_against_definitions(x, exact, y, name):
    found = fl.label_scores(x, y)
    log_probs = reference.log_softmax(exact)
    assert_close(found.log_prob, np.take_along_axis(log_probs, y[:, None], 1)[:, 0], name)
    assert_close(found.entropy, reference.entropy_with_logits(exact), name, terms=0 if exact.shape[1] > 1 else 1e-9)
    np.testing.assert_array_equal(found.rank, ranks_by_sorting(exact, y))
    np.testing.assert_array_equal(found.best, exact.argmax(axis=1))
    return found


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("classes", CLASSES)
def test_definitions(isa, rng, name, classes):
    x, exact = draw(rng, (ROWS, classes), name)
    found = check_against_definitions(x, exact, labels_for(rng, exact), name)
    assert found.log_prob.dtype == found.entropy.dtype == compute_dtype(name)
    assert found.rank.dtype == found.best.dtype == np.int64


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
@pytest.mark.parametrize("classes", CLASSES)
def test_equal_scores_rank_by_index(isa, rng, name, classes):
    """Few different scores, so that the label and the best class have many equals, before and after them."""
    exact = rng.integers(-2, 3, (ROWS, classes)).astype(float)
    exact[0] = 1.0
    check_against_definitions(exact.astype(name), exact, labels_for(rng, exact), name)


@pytest.mark.parametrize("name", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("classes", [129, 2049, 6151])
def test_best_class_and_label_at_every_edge(isa, name, classes):
    """The peak comes into the sums with the block that it is found in, wherever the label is."""
    edges = {p for k in (0, 2048, 4096, classes) for p in range(k - 18, k + 18, 3) if 0 <= p < classes}
    pairs = np.array([(best, label) for best in sorted(edges) for label in sorted(edges)])
    exact = np.tile(np.linspace(-3, 3, 7)[np.arange(classes) % 7], (len(pairs), 1))
    exact[np.arange(len(pairs)), pairs[:, 0]] = 5.0
    check_against_definitions(exact.astype(dtype_of(name)), exact, pairs[:, 1], name)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("classes", [2, 40, 200, 3000])
@pytest.mark.parametrize("margin", [0.5, 8.0, 20.0, 60.0])
def test_digits_near_certainty(isa, name, classes, margin):
    """In units in the last place of the result. The label is the likely class, then another one."""
    x = np.tile(np.linspace(-1, 1, classes).astype(name), (2, 1))
    x[:, classes // 2] = margin
    with mpmath.workdps(50):
        below = [mpmath.mpf(float(score)) - margin for score in np.delete(x[0], classes // 2)]
        rest = mpmath.fsum(mpmath.exp(gap) for gap in below)
        moment = mpmath.fsum(gap * mpmath.exp(gap) for gap in below)
        log_sum = mpmath.log1p(rest)
        exact = (-log_sum, below[0] - log_sum, log_sum - moment / (1 + rest))
    found = fl.label_scores(x, [classes // 2, 0])
    for number, wanted in zip((*found.log_prob, found.entropy[0]), exact, strict=True):
        ulp = np.spacing(np.dtype(name).type(abs(wanted)))
        assert abs(mpmath.mpf(float(number)) - wanted) <= 6 * mpmath.mpf(float(ulp)), number


@pytest.mark.parametrize("classes", [7, 500, 5000])
def test_minus_log_prob_is_cross_entropy(isa, rng, classes):
    x = (rng.normal(size=(50, classes)) * 8).astype(np.float32)
    y = rng.integers(0, classes, 50)
    exact = np.take_along_axis(reference.log_softmax(x.astype(float)), y[:, None], 1)[:, 0]
    errors = [np.abs(cost - exact) / np.abs(exact) for cost in (-fl.cross_entropy(x, y, reduction="none"),
                                                                fl.label_scores(x, y).log_prob)]  # fmt: skip
    assert errors[1].max() <= max(2 * errors[0].max(), 3 * 2.0**-24)


SPECIAL = {  # scores of the first classes, others are -inf: log-probability of class 0, its rank, best, entropy
    "masked": ([0.0, 0.0], -np.log(2), 0, 0, np.log(2)),
    "label is masked": ([-np.inf, 3.0], -np.inf, 1, 1, 0.0),
    "certain": ([1e30, -1e30], 0.0, 0, 0, 0.0),
    "hopeless": ([-1e30, 1e30], -2e30, 1, 1, 0.0),
    "infinite": ([0.0, np.inf], np.nan, 1, 1, np.nan),
    "label is infinite": ([np.inf, 0.0], np.nan, 0, 0, np.nan),
    "all masked": ([-np.inf], np.nan, 0, 0, np.nan),
    "NaN": ([1.0, np.nan, 2.0], np.nan, 2, 1, np.nan),
    "label is NaN": ([np.nan, np.inf], np.nan, 0, 0, np.nan),
}


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("classes", [3, 100, 300, 5000])
@pytest.mark.parametrize("case", SPECIAL)
def test_special_numbers(isa, name, classes, case):
    scores, log_prob, rank, best, entropy = SPECIAL[case]
    x = np.full((1, classes), -np.inf, name)
    x[0, : len(scores)] = scores
    found = fl.label_scores(x, [0])
    np.testing.assert_allclose(found.log_prob, [log_prob], rtol=1e-6)
    np.testing.assert_allclose(found.entropy, [entropy], rtol=1e-6)
    assert (found.rank[0], found.best[0]) == (rank, best)


@pytest.mark.parametrize("name", ["float32", "float16"])
@pytest.mark.parametrize("classes", [1, 16, 31, 128, 129, 300, 2049, 4097])
def test_nan_ranks_above_every_number(isa, rng, name, classes):
    """As for numpy.argmax, and numpy.argsort of the rows backwards: where it is, and how many there are."""
    x = rng.normal(size=(60, classes)).astype(name)
    x[np.arange(60), rng.integers(0, classes, 60)] = np.nan
    x[rng.uniform(size=x.shape) < 0.01] = np.nan
    x[0] = np.nan
    y = rng.integers(0, classes, 60)
    found = fl.label_scores(x, y)
    assert np.isnan(found.log_prob).all()
    assert np.isnan(found.entropy).all()
    np.testing.assert_array_equal(found.best, x.argmax(axis=1))
    np.testing.assert_array_equal(found.rank, ranks_by_sorting(np.where(np.isnan(x), np.inf, x), y))


@pytest.mark.parametrize("classes", [6, 130, 3000])
def test_layouts(isa, rng, tmp_path, classes):
    x = rng.normal(size=(4, 5, classes)).astype(np.float32)
    y = rng.integers(0, classes, (4, 5))
    expected = dataclasses.astuple(fl.label_scores(x, y))
    assert expected[0].shape == (4, 5)
    padded = np.zeros((4, 5, classes + 3), np.float32)[:, :, 1:-2]
    padded[...] = x
    mapped = np.memmap(tmp_path / "logits", np.float32, "w+", shape=x.shape)
    mapped[...] = x
    for array in (np.asfortranarray(x), padded, np.repeat(x, 2, axis=2)[..., ::2], x[..., ::-1].copy()[..., ::-1],
                  x.astype(">f4"), mapped):  # fmt: skip
        for name, wanted in zip(ARRAYS, expected, strict=True):
            np.testing.assert_array_equal(getattr(fl.label_scores(array, y), name), wanted, name)
    for axis in (0, 1, -3):
        found = fl.label_scores(np.moveaxis(x, -1, axis), y, axis=axis)
        for name, wanted in zip(ARRAYS, expected, strict=True):
            np.testing.assert_array_equal(getattr(found, name), wanted, name)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64", "uint64", ">i4", "bool"])
def test_labels_of_every_integer_type(rng, dtype):
    x, y = rng.normal(size=(9, 2)), rng.integers(0, 2, 9)
    np.testing.assert_array_equal(fl.label_scores(x, y.astype(dtype)).rank, ranks_by_sorting(x, y))


def test_one_row_without_further_axes():
    found = fl.label_scores([0.0, np.log(3.0)], 0)
    assert found.log_prob.shape == found.rank.shape == ()
    assert (float(found.log_prob), int(found.rank), int(found.best)) == (pytest.approx(np.log(0.25)), 1, 1)


@pytest.mark.parametrize("classes", [5, 200])
def test_ignored_rows(isa, rng, classes):
    x, y = rng.normal(size=(40, classes)), rng.integers(0, classes, 40)
    kept = rng.uniform(size=40) < 0.5
    for ignore_index in (-100, 0, 10**12):
        kept &= y != ignore_index
        found = fl.label_scores(x, np.where(kept, y, ignore_index), ignore_index=ignore_index)
        assert (found.rank[~kept] == -1).all()
        assert (found.log_prob[~kept] == 0).all()
        np.testing.assert_array_equal(found.rank[kept], ranks_by_sorting(x, y)[kept])
        np.testing.assert_array_equal(found.best, x.argmax(axis=1))
        assert_close(found.entropy, reference.entropy_with_logits(x), "float64")
        log_probs = np.take_along_axis(reference.log_softmax(x), y[:, None], 1)[kept, 0]
        assert found.perplexity() == pytest.approx(np.exp(-log_probs.mean()), rel=1e-12)
        for k in (1, 2, classes, 10**9):
            assert found.accuracy(k) == (ranks_by_sorting(x, y)[kept] < k).mean()
    of_none = fl.label_scores(x, y, ignore_index=None)
    assert (of_none.rank >= 0).all()


@pytest.mark.filterwarnings("error")
def test_nothing_to_count():
    for shape in ((0, 5), (3, 5), (3, 0), (0, 0), (2, 0, 4)):
        found = fl.label_scores(np.zeros(shape), np.full(shape[:-1], -100))
        assert found.rank.shape == shape[:-1]
        assert (found.rank == -1).all()
        assert (found.log_prob == 0).all()
        assert np.isnan(found.perplexity())
        assert np.isnan(found.accuracy())
        assert "nan" in repr(found)
    assert (fl.label_scores(np.zeros((3, 0)), [-100] * 3).best == -1).all()


@pytest.mark.filterwarnings("error")
def test_perplexity_at_the_limits():
    assert fl.label_scores([[0.0, -np.inf], [0.0, 0.0]], [1, 0]).perplexity() == np.inf
    assert fl.label_scores([[0.0, -1e300]], [1]).perplexity() == np.inf
    assert np.isnan(fl.label_scores([[0.0, np.nan]], [0]).perplexity())
    many = np.zeros((100_000, 3), np.float32)
    assert fl.label_scores(many, np.zeros(100_000, int)).perplexity() == pytest.approx(3.0, rel=1e-7)


@pytest.mark.parametrize(("classes", "rows"), [(10, 30_000), (300, 1000), (5000, 60)])
@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_same_bits_for_every_thread_count(isa, rng, forced_threads, classes, rows, name):
    x, y = rng.normal(size=(rows, classes)).astype(name), rng.integers(0, classes, rows)
    whole = fl.label_scores(x, y, num_threads=1)
    for threads in (2, 3, 7):
        found = fl.label_scores(x, y, num_threads=threads)
        assert [getattr(found, a).tobytes() for a in ARRAYS] == [getattr(whole, a).tobytes() for a in ARRAYS]
    np.testing.assert_array_equal(whole.best, x.argmax(axis=1))


def test_result_is_plain_and_immutable():
    found = fl.label_scores(X, LABELS)
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(other, name), getattr(found, name))
    with pytest.raises(AttributeError):
        found.rank = found.best
    assert not hasattr(found, "__dict__")
    assert repr(found) == f"<LabelScores of 4 labels: perplexity {found.perplexity():.3g}, accuracy 0.25>"


def test_bad_input():
    for wrong, tokens in ((put(LABELS, 2, 3), ["target", 2, 3, "0..2", "ignore_index=-100"]),
                          (put(LABELS, 1, -1), ["target", 1, -1]),
                          (LABELS[:3], ["target", "(3,)", "(4, 3)", "(4,)"])):  # fmt: skip
        refused(ValueError, tokens, lambda wrong=wrong: fl.label_scores(X, wrong))
    refused(ValueError, ["target", 1, -100], lambda: fl.label_scores(X, put(LABELS, 1, -100), ignore_index=None))
    refused(ValueError, ["target", "0 classes"], lambda: fl.label_scores(np.zeros((1, 0)), [0]))
    refused(TypeError, ["target", "float64", "integers"], lambda: fl.label_scores(X, LABELS * 1.0))
    refused(TypeError, ["target"], lambda: fl.label_scores(X, None))
    refused(TypeError, ["logits", "complex128"], lambda: fl.label_scores(X + 0j, LABELS))
    refused(ValueError, ["logits", "()"], lambda: fl.label_scores(1.0, 0))
    refused(ValueError, ["axis", 2], lambda: fl.label_scores(X, LABELS, axis=2))
    refused(ValueError, ["num_threads", 0], lambda: fl.label_scores(X, LABELS, num_threads=0))
    refused(TypeError, ["ignore_index"], lambda: fl.label_scores(X, LABELS, ignore_index=0.5))
    refused(TypeError, ["dim", "axis"], lambda: fl.label_scores(X, LABELS, dim=1))
    found = fl.label_scores(X, LABELS)
    refused(ValueError, ["k", 0, "at least 1"], lambda: found.accuracy(0))
    refused(TypeError, ["k", 1.5], lambda: found.accuracy(1.5))


def test_against_torch(isa, rng):
    torch = pytest.importorskip("torch")
    x, y = rng.normal(size=(30, 7, 11)) * 3, rng.integers(0, 7, (30, 11))
    found = fl.label_scores(x, y, axis=1)
    theirs = torch.distributions.Categorical(logits=torch.tensor(np.moveaxis(x, 1, -1)))
    np.testing.assert_allclose(found.log_prob, theirs.log_prob(torch.tensor(y)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(found.entropy, theirs.entropy().numpy(), rtol=1e-12)
    np.testing.assert_array_equal(found.best, torch.tensor(x).argmax(1).numpy())
    tensor = torch.tensor(x).to(torch.bfloat16)
    of_tensor = fl.label_scores(tensor, torch.tensor(y), axis=1)
    of_wide = fl.label_scores(tensor.float().numpy(), y, axis=1)
    np.testing.assert_array_equal(of_tensor.log_prob, of_wide.log_prob)
    np.testing.assert_array_equal(of_tensor.rank, of_wide.rank)
