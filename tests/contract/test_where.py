"""What counts: `where`, weights of 0, rows without a target, and what means divide by then. test_reference.py tries
`where` with every loss; here is what is particular: layouts, edges, errors, sequences."""

import numpy as np
import pytest
from domains import with_arrays
from errors import every_verb
from losses import BY_NAME, LOSSES, of_family

import fastloss as fl

NAN, INF = np.nan, np.inf
every_row_or_element = pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=lambda row: row.name)
every_loss = pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)


def all_results(row, arguments, options, **keywords):
    """Value, gradient and, where there is one, curvature."""
    found = list(row.loss.value_and_grad(*arguments, **options, **keywords))
    if row.has_curvature(options):
        found.append(row.loss.grad_and_hess(*arguments, **options, **keywords)[1])
    return found


def shape_of_losses(row, x, axis=-1):
    return x.shape if row.family == "elementwise" else tuple(np.delete(x.shape, axis))


def test_reference_values():
    assert fl.mse_loss([[1, 2], [3, 4]], [[1, NAN], [5, 6]], where=[[1, 0], [1, 1]]) == (0 + 4 + 4) / 3
    value, grad = fl.mse_loss.value_and_grad([2.0, NAN], [0.0, 0.0], sample_weight=[1.0, 0.0], reduction="sum")
    assert (value, grad.tolist()) == (4, [4, 0])
    logits, target = np.array([[0.0, 1.0], [-INF, -INF]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    for keywords in ({"sample_weight": [1, 0]}, {"where": [True, False]}):
        assert fl.kl_divergence_with_logits(logits, target, reduction="sum", **keywords) == pytest.approx(
            0.462117, abs=1e-6
        )
    one_hot = np.array([[1, 0], [255, 255]])
    assert fl.cross_entropy(np.zeros((2, 2)), one_hot, where=[True, False]) == pytest.approx(np.log(2))
    assert fl.mse_loss([1.0, 3.0], [0, 0], sample_weight=[3, 1], reduction="weighted_mean") == (3 * 1 + 9) / 4
    assert fl.rmse_loss([1.0, 3.0], [0, 0], sample_weight=[3, 1], reduction="weighted_mean") == np.sqrt(3)


@every_row_or_element
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_forms_of_where(isa, rng, row, name):
    """Broadcast, strided, transposed, as integers, and bytes that are true without being 1."""
    x, *targets = (np.asarray(a) for a in row.draw(rng, (12, 10, 5), np.dtype(name)))
    options = with_arrays(row.options[-1], rng, 5)
    shape = shape_of_losses(row, x)
    mask = rng.random(shape) < 0.6
    forms = {
        "full": (mask, mask),
        "strided": (mask, np.repeat(mask, 2, axis=0)[::2]),
        "transposed": (mask, np.asfortranarray(mask)),
        "integers": (mask, mask.astype(np.uint8)),
        "bytes": (mask, (mask * np.uint8(255)).view(np.bool_)),
        "one a column": (np.broadcast_to(mask[0], shape), mask[0]),
        "one a batch entry": (np.broadcast_to(mask[:, :1], shape), mask[:, :1]),
        "one of all": (np.broadcast_to(True, shape), True),
    }
    weight = rng.uniform(0, 2, shape)
    reductions = {"none", "mean", "weighted_mean"} & {*row.reductions}
    for what, (wanted, form) in forms.items():
        for reduction in reductions:
            for more in ({}, {"sample_weight": weight}, {"sample_weight": weight[:1]}):
                found = all_results(row, (x, *targets), options, where=form, reduction=reduction, **more)
                expected = all_results(row, (x, *targets), options, where=wanted.copy(), reduction=reduction, **more)
                for a, b in zip(found, expected, strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-6 if name == "float32" else 1e-14, err_msg=what)


@every_row_or_element
def test_layouts_of_what_is_selected(isa, rng, row):
    """The same whatever the class axis and the order of memory, in place too."""
    x, *targets = (np.asarray(a) for a in row.draw(rng, (9, 8, 5), np.float64))
    options = with_arrays(row.options[0], rng, 5)
    mask = rng.random(shape_of_losses(row, x)) < 0.6
    unused = ~mask if row.family == "elementwise" else np.broadcast_to(~mask[..., None], x.shape)
    x[unused] = NAN
    value, grad, *hess = all_results(row, (x, *targets), options, where=mask)
    assert np.isfinite(value)
    assert not grad[unused].any()
    fortran = all_results(row, [np.asfortranarray(a) for a in (x, *targets)], options, where=np.asfortranarray(mask))
    np.testing.assert_allclose(fortran[0], value, rtol=1e-13)
    for a, b in zip(fortran[1:], (grad, *hess), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    if row.family == "rowwise":
        moved = [np.moveaxis(a, -1, 1) if a.ndim == 3 else a for a in (x, *targets)]
        found = all_results(row, moved, options, where=mask, axis=1)
        np.testing.assert_allclose(found[0], value, rtol=1e-13)
        np.testing.assert_array_equal(np.moveaxis(found[1], 1, -1), grad)
    place = x.copy()
    assert row.loss.grad(place, *targets, where=mask, out=place, **options) is place
    np.testing.assert_array_equal(place, grad)


@every_loss
def test_nothing_selected_is_a_mean_over_nothing(row):
    arguments = row.example()
    options = {"reduction": "mean"}
    for reduction in {*row.reductions} - {"none", "sum"}:
        value, grad = row.loss.value_and_grad(*arguments, where=False, reduction=reduction)
        assert np.isnan(value), reduction
        assert not grad.any()
    if not row.is_of_all:
        assert row.loss(*arguments, where=False, reduction="sum") == 0
        assert not np.any(row.loss(*arguments, where=False, reduction="none"))
    assert row.loss(*arguments, where=True) == row.loss(*arguments)
    assert row.loss(*arguments, where=None, **options) == row.loss(*arguments)


@every_loss
def test_a_weighted_mean_of_equal_weights_is_the_mean(row, rng):
    arguments = row.example()
    mean = row.loss(*arguments)
    assert row.loss(*arguments, reduction="weighted_mean") == mean
    assert row.loss(*arguments, sample_weight=3.0, reduction="weighted_mean") == pytest.approx(mean, rel=1e-14)
    assert np.isnan(row.loss(*arguments, sample_weight=0.0, reduction="weighted_mean"))
    assert not row.loss.grad(*arguments, sample_weight=0.0, reduction="weighted_mean").any()


@every_row_or_element
def test_a_weighted_mean_of_one_loss(row):
    """Which has no dimension: neither has its weight."""
    one = row.example()
    for _ in range(one[0].ndim - (row.family == "rowwise")):
        one = [np.asarray(array)[0] for array in one]
    loss = row.loss(*one)
    for weight in (3, 3.0, np.float32(3), np.array(3.0)):
        for where in ({}, {"where": True}):
            value = row.loss(*one, sample_weight=weight, reduction="weighted_mean", **where)
            assert value == pytest.approx(loss, rel=1e-14)
            value, grad = row.loss.value_and_grad(*one, sample_weight=weight, reduction="weighted_mean", **where)
            assert value == pytest.approx(loss, rel=1e-14)
            np.testing.assert_allclose(grad, row.loss.grad(*one), rtol=1e-13, atol=1e-300)


@every_loss
def test_what_is_no_mask(row):
    arguments = row.example()
    x = arguments[0]
    wrong = str((*x.shape, 1))
    every_verb(row.loss, arguments, {"where": np.ones((*x.shape, 1), bool)}, ValueError, ["where", wrong])
    every_verb(row.loss, arguments, {"where": np.ones(1)}, TypeError, ["where", "float64", "bool"])
    every_verb(row.loss, arguments, {"where": [2]}, ValueError, ["where", "[0]", "2"])
    every_verb(row.loss, arguments, {"where": "all"}, TypeError, ["where"])


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_the_first_number_that_is_used_is_named(isa, name):
    """Those before it that are not used may be anything."""
    x = np.full(3000, 0.5, name)
    x[[3, 700, 2222]] = 7
    mask, weight = np.ones(3000, bool), np.ones(3000)
    mask[3] = False
    weight[700] = 0
    for options in ({"where": mask, "sample_weight": weight}, {"where": mask & (weight > 0)}):
        every_verb(fl.binary_cross_entropy, (x, 1), options, ValueError, ["probs", 2222, 7])
    signs = np.ones(3000, name)
    signs[[3, 700]] = 5, 0
    signs[2222] = -1
    assert fl.hinge_loss(x, signs, where=mask, sample_weight=weight) > 0
    every_verb(fl.hinge_loss, (x, signs), {"where": mask}, ValueError, ["target", 2222, -1])


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
@pytest.mark.parametrize("size", [1e-46, 1e-42, 1e-300, 1e30, 1e300])
@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=lambda row: row.name)
def test_a_weighted_mean_does_not_depend_on_the_size_of_the_weights(rng, row, name, size):
    x, *targets = (np.asarray(a) for a in row.draw(rng, (9, 7), np.dtype(name)))
    weight = rng.uniform(0.5, 2, shape_of_losses(row, x))
    options = with_arrays(row.options[0], rng, 7)
    expected = row.loss.value_and_grad(x, *targets, sample_weight=weight, reduction="weighted_mean", **options)
    found = row.loss.value_and_grad(x, *targets, sample_weight=weight * size, reduction="weighted_mean", **options)
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    rounding = 2e-3 if name == "float16" else 1e-5
    np.testing.assert_allclose(found[1], expected[1], rtol=rounding, atol=rounding * np.abs(expected[1]).max())


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("weight", [1e-46, -1e-300])
@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=lambda row: row.name)
def test_only_a_weight_of_exactly_0_removes(isa, rng, row, name, weight):
    x, *targets = (np.asarray(a) for a in row.draw(rng, (9, 7), np.dtype(name)))
    x[2] = NAN
    weights = np.ones(shape_of_losses(row, x))
    for small, removes in ((weight, False), (0.0, True), (-0.0, True)):
        weights[2] = small
        assert np.isnan(row.loss(x, *targets, sample_weight=weights)) != removes
        if row.name != "nll_loss":  # whose gradient does not depend on its numbers
            grad = row.loss.grad(x, *targets, sample_weight=weights)
            assert np.isnan(grad[2]).any() != removes


def test_options_of_elements_that_are_not_used():
    """Of each element too, whatever it is broadcast to."""
    loss = fl.binary_cross_entropy_with_logits
    for unused in ({"where": [True, False]}, {"sample_weight": [1, 0]}):
        for wrong in (-1.0, INF, NAN):
            assert loss([1.0, 2.0], [1, 0], pos_weight=[1, wrong], **unused) > 0
        for wrong in (-1.0, 2.0, NAN):
            assert fl.quantile_loss([1.0, 2.0], [1, 0.5], quantile=[0.3, wrong], reduction="sum", **unused) == 0
    every_verb(
        loss, ([1.0, 2.0], [1, 0]), {"pos_weight": [1, -1], "where": [False, True]}, ValueError, ["pos_weight", 1]
    )
    square = np.ones((3, 2))
    where = np.array([[True, False], [True, False], [True, True]])
    every_verb(fl.quantile_loss, (square, 0), {"quantile": [0.5, 7], "where": where}, ValueError, ["quantile", 1, 7])
    assert fl.quantile_loss(square, 0, quantile=[0.5, 7], where=where[:2].any(axis=0)) > 0


def test_labels_beyond_int64_of_what_is_not_used():
    frames, beyond = np.zeros((5, 2, 4)), 2**64 - 1
    targets = np.array([[1, 2], [beyond, 1]], np.uint64)
    assert np.isfinite(fl.ctc_loss(frames, targets, where=[True, False]))
    assert np.isfinite(fl.ctc_loss(frames, targets[::-1, ::-1].copy(), None, [1, 2]))
    every_verb(fl.ctc_loss, (frames, targets), {}, ValueError, ["targets", beyond])
    for loss in (fl.cross_entropy, fl.nll_loss):
        assert np.isfinite(loss(frames[0], targets[:, 0], where=[True, False]))


# ---- rows without a target ----


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("classes", [5, 70, 300, 5000])
@pytest.mark.parametrize("loss", [fl.cross_entropy, fl.categorical_cross_entropy, fl.kl_divergence], ids=repr)
def test_a_row_without_a_target_has_no_loss(isa, rng, loss, classes, name):
    row = BY_NAME[loss.__name__]
    x, y = (np.asarray(a) for a in row.draw(rng, (6, classes), np.dtype(name), kind="distributions"))
    y[[1, 4]] = 0
    clean = all_results(row, (x, y), {}, reduction="none")
    assert not clean[0][[1, 4]].any()
    x[1], x[4, -1] = NAN, NAN
    for reduction in ("none", "mean"):
        for axis in (-1, 0):
            arrays = [x, y] if axis else [np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)]
            value, *derivatives = all_results(row, arrays, {}, reduction=reduction, axis=axis)
            np.testing.assert_allclose(value, clean[0] if reduction == "none" else clean[0].mean(), rtol=1e-5)
            derivatives = [d if axis else d.T for d in derivatives]
            assert not any(d[[1, 4]].any() for d in derivatives)
            assert all(np.isfinite(d).all() for d in derivatives)
            place = arrays[0].copy()
            loss.grad(place, arrays[1], reduction=reduction, axis=axis, out=place)
            np.testing.assert_array_equal(place if axis else place.T, derivatives[0])
    y[2, 1] = 0
    x[2, 1] = NAN  # this row has a target
    value, grad = loss.value_and_grad(x, y, reduction="none")
    assert np.isnan(value).tolist() == [False, False, True, False, False, False]
    assert np.isnan(grad).any(axis=1).tolist() == [False, False, True, False, False, False]


# ---- sequences ----


def batch_of(rng, loss):
    x = rng.normal(size=(9, 4, 5))
    targets = [[1, 2], [3], [4, 4, 1], []]
    return (x - np.logaddexp.reduce(x, axis=-1, keepdims=True) if loss is fl.ctc_loss else x), targets


def forms_of_targets(targets, unused):
    """The three forms, with what must not be used in the sequences of `unused`."""
    spoilt = [[-5, 99] if n in unused else list(target) for n, target in enumerate(targets)]
    padded, lengths = np.full((len(targets), 4), -1), np.array([len(t) for t in targets])
    for n, target in enumerate(spoilt):
        padded[n, : len(target)] = target
    wrong = np.where(np.isin(np.arange(len(targets)), unused), 1000, lengths)
    yield spoilt, {}
    yield padded, {"target_lengths": wrong}
    joined = np.concatenate([np.array(t, int) for t in spoilt])
    yield joined, {"target_lengths": [len(t) for t in spoilt]}


@pytest.mark.parametrize("loss", [fl.ctc_loss, fl.ctc_loss_with_logits], ids=repr)
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_sequences_that_do_not_count(isa, rng, loss, name):
    x, targets = batch_of(rng, loss)
    x = x.astype(name)
    spoilt = x.copy()
    spoilt[:, 1], spoilt[:, 2] = NAN, INF
    keep, weight = [0, 3], np.array([2.0, 0.0, 5.0, 1.0])
    where = np.array([True, True, False, True])
    lengths = np.array([9, -4, 400, 7])
    kept, grads = loss.value_and_grad(x[:, keep], [targets[n] for n in keep], lengths[keep], reduction="none")
    means = kept / [2, 1]
    expected = {
        "none": [2 * kept[0], 0, 0, kept[1]],
        "sum": 2 * kept[0] + kept[1],
        "mean": (2 * means[0] + means[1]) / 3,  # a weight of 0 counts
        "weighted_mean": (2 * means[0] + means[1]) / 3,  # the sum of the weights is 3, too
        "batchmean": (2 * kept[0] + kept[1]) / 3,
    }
    for form, more in forms_of_targets(targets, (1, 2)):
        for reduction, wanted in expected.items():
            for infeasible in ("inf", "raise"):
                value, grad = loss.value_and_grad(
                    spoilt, form, lengths, **more, where=where, sample_weight=weight, reduction=reduction,
                    infeasible=infeasible,
                )  # fmt: skip
                np.testing.assert_allclose(value, wanted, rtol=1e-5)
                assert not grad[:, [1, 2]].any()
                assert not grad[7:, 3].any()
    np.testing.assert_allclose(
        loss.grad(spoilt, targets, lengths, where=where, sample_weight=weight, reduction="none")[:, keep],
        grads * np.array([2.0, 1.0])[:, None], rtol=1e-5,
    )  # fmt: skip
    only = loss(spoilt, targets, lengths, where=[True, False, False, True], reduction="weighted_mean")
    np.testing.assert_allclose(only, means.mean(), rtol=1e-5)


# ---- what means divide by ----


def test_means_of_labels(rng):
    x, labels = rng.normal(size=(3, 4, 6)), np.array([[0, 1, 2, -100], [-100] * 4, [3, 4, 5, 0]])
    class_weight, weight = np.arange(1.0, 7.0), rng.uniform(0.5, 2, (3, 4))
    where = np.ones((3, 4), bool)
    where[0, 0] = False
    counts = where & (labels != -100)
    for loss in (fl.cross_entropy, fl.nll_loss):
        each = loss(x, labels, class_weight=class_weight, where=where, reduction="none")
        of_rows = np.where(counts, class_weight[np.maximum(labels, 0)], 0)
        options = {"class_weight": class_weight, "where": where}
        assert loss(x, labels, **options) == pytest.approx(each.sum() / of_rows.sum())
        assert loss(x, labels, **options, reduction="batchmean") == pytest.approx(each.sum() / 2)
        weighted = loss(x, labels, **options, sample_weight=weight, reduction="weighted_mean")
        assert weighted == pytest.approx((each * weight).sum() / (of_rows * weight).sum())
    focal = fl.softmax_focal_loss(x, labels, alpha=[0.5] * 6, sample_weight=weight, where=where, reduction="none")
    found = fl.softmax_focal_loss(
        x, labels, alpha=[0.5] * 6, sample_weight=weight, where=where, reduction="weighted_mean"
    )
    assert found == pytest.approx(focal.sum() / weight[counts].sum())


def test_weighted_means_are_those_of_scikit_learn(rng):
    """Without it: its formula is the weighted average of numpy."""
    x, y, weight = rng.normal(size=(3, 50))
    weight = np.abs(weight)
    pairs = {fl.l1_loss: np.abs(x - y), fl.mse_loss: (x - y) ** 2}
    for loss, each in pairs.items():
        assert loss(x, y, sample_weight=weight, reduction="weighted_mean") == pytest.approx(
            np.average(each, weights=weight)
        )
    big, one_a_row = rng.normal(size=(1000, 300)), rng.uniform(size=(1000, 1))
    found = fl.l1_loss(big, 0.0, sample_weight=one_a_row, reduction="weighted_mean")
    assert found == pytest.approx(np.average(np.abs(big).mean(axis=1), weights=one_a_row[:, 0]))


# ---- ignore_index ----


@pytest.mark.parametrize("row", [row for row in LOSSES if row.has_labels], ids=lambda row: row.name)
def test_no_label_is_ignored(row):
    x, labels = row.example()
    assert row.loss(x, labels, ignore_index=None) == row.loss(x, labels)
    for index in (-100, -1, -(2**63)):
        marked = labels.copy()
        marked[1] = index
        assert row.loss(x, marked, ignore_index=index, reduction="none")[1] == 0
        every_verb(row.loss, (x, marked), {"ignore_index": None}, ValueError, ["target", 1, index])
    wrapped = labels.astype(np.uint64)
    wrapped[2] = 2**64 - 100
    every_verb(row.loss, (x, wrapped), {}, ValueError, ["target", 2, 2**64 - 100])


def test_what_does_not_count_warns_of_nothing():
    """NumPy's own warnings about NaN or overflow do not come out of a call that is right."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with np.errstate(all="raise"):
        frames = np.zeros((4, 2, 3), ml_dtypes.bfloat16)
        frames[:, 1] = NAN
        fl.ctc_loss_with_logits.grad(frames, [[1], [2]], where=[True, False], out=frames)
        assert not np.isnan(frames[:, 0].astype(float)).any()
        probs, target = (
            np.array(rows, ml_dtypes.bfloat16) for rows in ([[0.5, NAN], [0.5, 0.5]], [[0, 0], [0.5, 0.5]])
        )
        fl.kl_divergence.grad(probs, target, out=probs)
        assert not probs[0].any()
        x = np.ones((2, 3))
        assert fl.cross_entropy(x, [0, 1], sample_weight=[1e300, 1], class_weight=[1e300, 2, 3], reduction="sum") == INF
        assert np.isfinite(fl.cross_entropy(x, [0, 1], sample_weight=[INF, 1], class_weight=[0, 2, 3]))


@pytest.mark.parametrize("row", of_family("rowwise"), ids=lambda row: row.name)
def test_batchmean_over_no_rows(row):
    x = np.zeros((2, 0, 3))
    targets = [np.zeros((2, 0), int) if row.has_labels else x] * bool(row.targets)
    assert np.isnan(row.loss(x, *targets, reduction="batchmean"))


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_weights_that_the_type_holds_keep_their_size(isa, name):
    """The smallest ones of float32 too, to its rounding."""
    x = np.ones((2, 2), name)
    for weight in (1e-42, 3e-39, 1e-30):
        rounding = 1e-3 if name != "float64" and weight < 1e-37 else 1e-6
        found = fl.mse_loss(x, 0, sample_weight=weight, reduction="sum")
        assert found == pytest.approx(4 * weight, rel=rounding, abs=0)
        found = fl.cross_entropy(x, [0, 1], sample_weight=weight, reduction="sum")
        assert found == pytest.approx(2 * weight * np.log(2), rel=1e-3 if name == "float16" else 1e-6, abs=0)
