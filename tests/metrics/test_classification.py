"""Metrics of classification give scikit-learn's results: labels of every kind, probabilities at their limits."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_cases import LABELS, labels_of

import fastloss.metrics as fm

pytest.importorskip("sklearn", minversion="1.9", reason="scikit-learn 1.9, whose results are compared with")
from sklearn import metrics as peer

KINDS = pytest.mark.parametrize("kind", LABELS)
OF_PROBABILITIES = ("log_loss", "brier_score_loss", "d2_log_loss_score", "d2_brier_score")
NAMES = pytest.mark.parametrize("name", ["log_loss", "brier_score_loss"])


def assert_same(name, *arguments, rtol=1e-12, **options):
    found = getattr(fm, name)(*arguments, **options)
    np.testing.assert_allclose(found, getattr(peer, name)(*arguments, **options), rtol=rtol)
    assert type(found) is float


def probabilities(rng, count, classes):
    return rng.dirichlet(np.ones(classes), count)


@KINDS
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_labels_of_every_kind(rng, kind, classes):
    classes = min(classes, len(LABELS[kind]))
    y, probs, weight = labels_of(rng, kind, 50, classes), probabilities(rng, 50, classes), rng.uniform(size=50)
    names = sorted(set(y.tolist()))
    for options in (
        {},
        {"sample_weight": weight},
        {"labels": names},
        {"labels": np.unique(y), "sample_weight": weight},
    ):
        for true in (y, y.tolist(), y[:, None]):
            for name in OF_PROBABILITIES:
                assert_same(name, true, probs, **options)
            assert_same("log_loss", true, probs, normalize=False, **options)
        if classes > 2:
            assert_same("hinge_loss", y, 4 * probs - 1, **options)


@KINDS
def test_two_classes(rng, kind):
    y, p, weight = labels_of(rng, kind, 50, 2), rng.uniform(size=50), rng.uniform(size=50)
    for sample_weight in (None, weight):
        for probs in (p, p[:, None], p.tolist()):
            assert_same("log_loss", y, probs, sample_weight=sample_weight)
            assert_same("d2_log_loss_score", y, probs, sample_weight=sample_weight)
            for pos_label in y[:2].tolist():
                assert_same("brier_score_loss", y, probs, sample_weight=sample_weight, pos_label=pos_label)
                assert_same("d2_brier_score", y, probs, sample_weight=sample_weight, pos_label=pos_label)
        for scores in (6 * p - 3, (6 * p - 3)[:, None]):
            assert_same("hinge_loss", y, scores, sample_weight=sample_weight)
        for scale in (True, False, "auto"):
            options = {"sample_weight": sample_weight, "scale_by_half": scale, "pos_label": y[:1].tolist()[0]}
            assert_same("brier_score_loss", y, p, **options)


@pytest.mark.parametrize("found", [[0, 1], [-1, 1], [0], [-1], [1], [2, 5], [5], [-1, 0]], ids=str)
def test_the_positive_class_is_inferred(rng, found):
    y, p = np.resize(found, 30), rng.uniform(size=30)
    assert_same("brier_score_loss", y, p)
    assert_same("brier_score_loss", y.astype(float), p)


@pytest.mark.parametrize("scale", [True, False, "auto"])
def test_scaled_by_half(rng, scale):
    for classes in (2, 3):
        y, probs = labels_of(rng, "int64", 20, classes), probabilities(rng, 20, classes)
        assert_same("brier_score_loss", y, probs, scale_by_half=scale)


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_a_column_for_each_class(rng, name):
    """Also of samples that have several classes, or none."""
    y, probs, weight = (rng.uniform(size=(40, 4)) < 0.4), probabilities(rng, 40, 4), rng.uniform(size=40)
    for true in (y.astype(int), y.astype(float), y, y.astype(int).tolist()):
        assert_same(name, true, probs)
        assert_same(name, true, probs, sample_weight=weight)


@pytest.mark.parametrize("labels", [["apple", "fig", "nut", "pear", "zzz"], ["a", "apple", "fig", "nut", "pear"]])
def test_classes_that_do_not_occur(rng, labels):
    y, probs = labels_of(rng, "strings", 30), probabilities(rng, 30, 5)
    for name in OF_PROBABILITIES:
        assert_same(name, y, probs, labels=labels)
    assert_same("hinge_loss", y, 4 * probs, labels=labels)
    assert_same("log_loss", y[y == "fig"], [0.3] * int((y == "fig").sum()), labels=["apple", "fig"])


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-5), ("float16", 1e-2)])
def test_certainty_is_clipped_alike(rng, dtype, rtol):
    y = labels_of(rng, "int64", 60)
    probs = probabilities(rng, 60, 4)
    probs[:20] = np.eye(4)[y[:20]]  # right, and certain of it
    probs[20:40] = np.eye(4)[(y[20:40] + 1) % 4]
    probs = probs.astype(dtype)
    assert_same("log_loss", y, probs, rtol=rtol)
    assert_same("log_loss", y[:20], probs[:20], labels=range(4), rtol=rtol)
    for p in (0, 1):
        assert_same("log_loss", [0, 1], np.array([p, p], dtype), rtol=rtol)
    assert_same("log_loss", [0, 1], np.array([0, 1], dtype), rtol=rtol)


def test_certainty_given_as_integers():
    assert_same("log_loss", [0, 1, 1], np.array([0, 1, 0]))
    assert_same("log_loss", [0, 1, 2], np.eye(3, dtype=int))


@settings(deadline=None)
@given(data=st.data(), count=st.integers(4, 40), classes=st.integers(2, 6))
def test_any_labels_and_weights(data, count, classes):
    codes = data.draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count))
    weight = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.0]), min_size=count, max_size=count))
    weight[0], codes[:2] = 1.0, [0, classes - 1]
    spread = data.draw(st.sampled_from([1, 1000, 10**9]))
    y, labels = np.array(codes) * spread - 3, np.arange(classes) * spread - 3
    probs = probabilities(np.random.default_rng(count), count, classes)
    for name in ("log_loss", "brier_score_loss", "hinge_loss"):
        if name != "hinge_loss" or classes > 2:
            assert_same(name, y, probs, labels=labels, sample_weight=weight)


@NAMES
def test_rows_that_do_not_add_up_are_warned_of(name):
    probs = np.array([[0.5, 0.5], [0.5, 0.4]])
    text = r"^y_proba\[1\] adds up to 0.9; expected the probabilities of all classes$"
    with pytest.warns(UserWarning, match=text) as warned:
        found = getattr(fm, name)([0, 1], probs)
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(found, getattr(peer, name)([0, 1], probs), rtol=1e-12)


def test_hinge_hears_the_labels_of_a_single_class():
    """scikit-learn takes the class that occurs for the negative one, whatever it is."""
    assert fm.hinge_loss([1, 1], [2.0, 0.5]) == fm.hinge_loss(["b", "b"], [2.0, 0.5], labels=["a", "b"]) == 0.25
    assert fm.hinge_loss([-1, -1], [2.0, 0.5]) == fm.hinge_loss(["a"] * 2, [2.0, 0.5], labels=["a", "b"]) == 2.25


def test_brier_keeps_its_digits_near_certainty():
    y, p = [0, 1], np.array([[1 - 1e-9, 1e-9], [1e-9, 1 - 1e-9]])
    assert fm.brier_score_loss(y, p) == pytest.approx(1e-18, rel=1e-6)


@pytest.mark.parametrize("y", [["b", "b", "b"], [1, 1, 1]])
def test_what_explains_a_single_class(y):
    p = [0.5, 0.75, 1.0]
    assert_same("d2_log_loss_score", y, p, labels=sorted({y[0], "a"}, key=str) if y[0] == "b" else [0, 1])
    with np.errstate(all="ignore"):
        assert_same("d2_brier_score", y, p, pos_label=y[0])
        assert_same("d2_brier_score", y, [1.0] * 3, pos_label=y[0])


def strings(rng, count, kinds, width, kind):
    names = np.array(["".join(rng.choice(list("abcä\u4e00"), width)) for _ in range(kinds)])
    names = names if kind == "U" else np.char.encode(names, "utf-8")
    return names[np.concatenate([np.arange(kinds), rng.integers(0, kinds, count - kinds)])]


@pytest.mark.parametrize("kind", ["U", "S"])
@pytest.mark.parametrize(("kinds", "width"), [(2, 1), (10, 3), (60, 12), (3000, 9)])
def test_many_strings(rng, kind, kinds, width):
    """By their hashes, or by sorting where there are too many for those."""
    from fastloss.metrics import _labels

    y = strings(rng, 9000, kinds, width, kind)
    for labels in (y, y[::-1], np.asfortranarray(np.stack([y, y], axis=1))[:, 1]):
        classes, codes = _labels.encode(labels)
        expected, places = np.unique(labels, return_inverse=True)
        np.testing.assert_array_equal(classes, expected)
        np.testing.assert_array_equal(codes, places)
        _, declared = _labels.encode(labels, np.concatenate([expected[::-1], expected[-1:] + expected[-1:]]))
        np.testing.assert_array_equal(np.unique(declared, return_inverse=True)[1], places)


def test_strings_of_one_hash():
    """Found out, whatever the hash."""
    from fastloss.metrics import _labels

    characters = np.repeat(np.array([[1, 7], [2, 5]], np.uint32), 5, axis=0)
    assert _labels._codes_by_hash(characters, 0) is None
    examples, codes = _labels._codes_by_hash(characters, 0x9E3779B1)
    np.testing.assert_array_equal(characters[examples][codes], characters)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="NumPy 1 has no strings of any length")
def test_strings_of_any_length():
    text, p = np.dtypes.StringDType, [0.25, 0.5, 0.75]
    labels = np.array(["b", "a", "long" * 20], dtype=text())
    assert fm.log_loss(labels[:2], p[:2]) == fm.log_loss(["b", "a"], p[:2])
    assert fm.brier_score_loss(labels[:2], p[:2], pos_label="b") == fm.brier_score_loss([1, 0], p[:2])
    assert fm.log_loss(labels, np.eye(3), labels=labels) == fm.log_loss([1, 0, 2], np.eye(3))
    with pytest.raises(ValueError, match=r"^y_true\[1\] is nan: a label is missing"):
        fm.log_loss(np.array(["b", np.nan], dtype=text(na_object=np.nan)), p[:2])
