"""A Dask array that is handed to fastloss itself, and what fastloss.dask refuses before anything is computed."""

import numpy as np
import pytest
from losses import LOSSES

import fastloss as fl
import fastloss.metrics as fm

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
fd = pytest.importorskip("fastloss.dask")

LOADED = r" is a dask Array, which would be loaded whole: fastloss\.dask computes it by blocks, or \.compute\(\) it$"


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_every_loss_refuses_a_dask_array(row):
    arguments = row.example()
    verbs = [row.loss, row.loss.grad, row.loss.value_and_grad]
    verbs += [row.loss.grad_and_hess] if row.curved_options == {} else []
    for place, name in enumerate(row.arguments[: len(arguments)]):
        passed = [da.from_array(a) if number == place else a for number, a in enumerate(arguments)]
        for verb in verbs:
            with pytest.raises(TypeError, match=f"^{name}{LOADED}"):
                verb(*passed)
    weight = da.ones(3 if row.family == "elementwise" else 2 if row.family == "ctc" else 4)
    for name, value in (("sample_weight", weight), ("where", weight > 0)):
        with pytest.raises(TypeError, match=f"^{name}{LOADED}"):
            row.loss(*arguments, **{name: value})


def test_other_functions_refuse_one():
    x = da.zeros((4, 3))
    for function in (fl.softmax, fl.log_softmax, fl.logsumexp):
        with pytest.raises(TypeError, match=f"^scores{LOADED}"):
            function(x)
    with pytest.raises(TypeError, match=f"^y_true{LOADED}"):
        fm.mean_squared_error(x, np.zeros((4, 3)))
    with pytest.raises(TypeError, match=r"^out must be a NumPy array or a tensor, got Array$"):
        fl.mse_loss.grad(np.zeros((4, 3)), 0.0, out=x)


def test_arrays_of_xarray():
    xr = pytest.importorskip("xarray")
    in_memory = xr.DataArray(np.ones((4, 3)))
    assert fl.mse_loss(in_memory, 0.0) == 1
    with pytest.raises(
        TypeError, match=r"^predictions is a xarray DataArray, .* fastloss\.dask computes its \.data by"
    ):
        fl.mse_loss(xr.DataArray(da.ones((4, 3))), 0.0)


X = da.zeros((6, 4), chunks=(3, 4))
LABELS = np.zeros(6, np.int64)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: fd.cross_entropy(X.rechunk((3, 2)), LABELS), ValueError,
         r"^logits is in 2 blocks along axis 1, the classes, .*: logits\.rechunk\(\{0: 'auto', 1: -1\}\)$"),
        (lambda: fd.softmax(X.rechunk((3, 2))), ValueError, "^scores is in 2 blocks along axis 1, the classes"),
        (lambda: fd.cross_entropy(X, LABELS[:5]), ValueError, r"^target has shape \(5,\); labels for logits of shape"),
        (lambda: fd.cross_entropy(X, LABELS * 0.5), TypeError, "^target has dtype float64; labels must be integers$"),
        (lambda: fd.cross_entropy(X, LABELS, class_weight=[1.0]), ValueError, r"^class_weight has shape \(1,\)"),
        (lambda: fd.cross_entropy(X, LABELS, class_weight=[1.0, -1, 1, 1]), ValueError, r"^class_weight\[1\] is -1"),
        (lambda: fd.cross_entropy(X, LABELS, sample_weight=np.ones(5)), ValueError, r"^sample_weight has shape \(5,\)"),
        (lambda: fd.cross_entropy(X, LABELS, where=LABELS * 0.5), TypeError, "^where has dtype float64"),
        (lambda: fd.cross_entropy(X, LABELS, temperature=0), ValueError, "^temperature must be within"),
        (lambda: fd.cross_entropy(X, LABELS, axis=2), ValueError, "^axis is 2, outside of an array of 2 dimensions$"),
        (lambda: fd.mse_loss(X, X.T), ValueError, r"^target has shape \(4, 6\), which does not broadcast"),
        (lambda: fd.mse_loss(X, X, weight=X), TypeError, "unexpected keyword argument 'weight'; here it is sample"),
        (lambda: fd.mse_loss(X), TypeError, "missing a required argument: 'target'"),
        (lambda: fd.mse_loss(X, X, reduction="average"), ValueError, "^reduction must be one of"),
        (lambda: fd.mse_loss.grad(X, X, out=X), TypeError, "unexpected keyword argument 'out'"),
        (lambda: fd.mse_loss(X.astype(complex), X), TypeError, "^predictions has dtype complex128"),
        (lambda: fd.mse_loss(da.zeros((4, 4)), 0.0, sample_weight=da.ones(4)), ValueError, r"^sample_weight .*may be"),
        (lambda: fd.kl_divergence(X, X[:3]), ValueError, r"^target has shape \(3, 4\); expected that of probs"),
        (lambda: fd.quantile_loss(X, X, quantile=2), ValueError, "^quantile must be within"),
        (lambda: fd.l1_loss.grad_and_hess(X, X), TypeError, "^l1_loss has no curvature: use grad or value_and_grad$"),
        (lambda: fd.hinge_loss.grad_and_hess(X, X), TypeError, "^hinge_loss has no curvature unless squared=True$"),
        (lambda: fd.mse_loss(X, X, num_threads=0), ValueError, "^num_threads must be at least 1, got 0$"),
        (lambda: fd.softmax(X, num_threads=0), ValueError, "^num_threads must be at least 1, got 0$"),
        (lambda: fd.mse_loss(X, dask.delayed(1.0)), TypeError, r"computes dask\.array\.from_delayed of it by blocks"),
        (lambda: fd.huber_loss(X, 0.0, delta=X.std()), TypeError, r"^delta is still to be computed by Dask; .*comp"),
        (lambda: fd.cross_entropy(X, LABELS, temperature=dask.delayed(1.0)), TypeError, "^temperature is still to be"),
        (lambda: fd.cross_entropy(X, LABELS, temperature=[1.0]), TypeError, r"^temperature must be a number, got \[1"),
        (lambda: fd.cross_entropy(X, LABELS, axis=X), TypeError, "^axis is still to be computed by Dask"),
        (lambda: fd.cross_entropy(X, LABELS.astype(object)), TypeError, "^target has dtype object; labels must be int"),
        (lambda: fd.cross_entropy(X[0], 4), ValueError, r"^target is 4; expected 0\.\.3"),
        (lambda: fd.mse_loss(da.ma.masked_array(X, X > 0), 0.0), TypeError,
         r"^predictions has masked arrays for blocks, .*getdata\(predictions\), .* where=~dask\.array\.ma\.getmask"),
        (lambda: fd.softmax(da.ma.masked_array(X, X > 0)), TypeError, "^scores has masked arrays for blocks"),
        (lambda: fd.mse_loss(X[X[:, 0] > 0], np.zeros((6, 4))), ValueError, "^target can't be cut .*lengths are not k"),
    ],
)  # fmt: skip
def test_at_once(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: fd.cross_entropy(X, np.array([0, 1, 2, 3, 4, 0])),
         r"^target\[4\] is 4; .* \(in block \(1, 0\), which"),
        (lambda: fd.mse_loss(X, 0.0, where=np.array([[1, 1, 2, 1]])), r"^where\[0, 2\] is 2; expected bools"),
        (lambda: fd.binary_cross_entropy(X + 0.5, [[0.5], [0], [1], [1], [2], [0]]), r"^target\[4, 0\] is 2"),
        (lambda: fd.binary_cross_entropy(da.from_array(np.arange(24.0).reshape(6, 4) / 20, chunks=(2, 4)), 0.5),
         r"^probs\[5, 1\] is 1\.05; .* which begins at \[4, 0\]\)$"),
    ],
)  # fmt: skip
def test_a_place_is_one_of_the_whole(call, text):
    with pytest.raises(ValueError, match=text):
        call().compute(scheduler="sync")


def test_labels_of_nothing():
    assert np.isnan(fd.cross_entropy(X[:0], []).compute())
