"""Losses for classes: one label or one distribution a row, and the focal losses."""

import numpy as np

from fastloss import _validate as check
from fastloss._kernels import kernels
from fastloss._loss import Problem, loss

# From here on (1 - p)^gamma is 0 or 1 in double precision, and gamma^2 still fits float32.
_LARGEST_GAMMA = 1e18


class _Rows:
    """Class scores with the class axis last, and what every loss over rows needs of them."""

    def __init__(self, scores, name, axis):
        self.name = name
        self.array, self.code = check.as_numbers(scores, name)
        self.view, self.axis = check.with_classes_last(self.array, axis, name)
        self.shape = self.view.shape[:-1]
        self.classes = self.view.shape[-1]
        self.count = self.array.size // self.classes if self.classes else int(np.prod(self.shape))
        self.bits = check.kernel_bits(self.code)
        self.dtype = check.compute_dtype(self.code)
        self.gradient_dtype = check.gradient_dtype(self.array, self.code)
        self.gradient_code = check.dtype_code(self.gradient_dtype)

    def last(self, derivative):
        """A derivative of the array's own shape, seen with the class axis last."""
        if derivative is None or self.axis == derivative.ndim - 1:
            return derivative
        return np.moveaxis(derivative, self.axis, -1)

    def labels(self, target, ignore_index):
        ignore_index = check.as_integer(ignore_index, "ignore_index")
        labels, counted = check.as_labels(
            check.as_array(target, "target"),
            "target",
            self.shape,
            self.classes,
            ignore_index,
            (self.name, self.array.shape),
        )
        return labels, counted, ignore_index

    def problem(self, reduction, denominator, run, inputs, work=None):
        def run_unless_empty(values, grad, hess, scale, threads):
            if self.array.size:
                return run(values, self.last(grad), self.last(hess), scale, threads)
            if values is not None:
                values[...] = 0
            return 0.0

        return Problem(
            self.array,
            self.gradient_dtype,
            self.shape,
            self.dtype,
            reduction,
            denominator,
            run_unless_empty,
            inputs,
            work,
        )


def _combine(weights, class_weights, labels, ignore_index):
    """One weight a row from sample and class weights, and the sum of the class weights that count."""
    if class_weights is None:
        return weights, None
    flat = labels.reshape(-1)
    counts = flat != ignore_index
    of_rows = np.where(counts, class_weights[np.where(counts, flat, 0)], 0.0)
    return (of_rows if weights is None else of_rows * weights), float(of_rows.sum())


@loss(curvature=False)
def nll_loss(log_probs, target, *, axis=-1, class_weight=None, sample_weight=None, ignore_index=-100, reduction="mean"):
    r"""Negative log-likelihood of labels, from log-probabilities.

    .. math:: L_n = -w_{y_n} \, x_{n, y_n}

    The gradient is that of exactly this: :math:`-w_{y_n}` at the label, 0 elsewhere, whether or not the rows of
    `log_probs` are normalised.

    Parameters
    ----------
    log_probs : array, float or integer, with C classes along `axis`
        Log-probabilities, in nats.
    target : integer array, the shape of `log_probs` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    class_weight : array (C,), optional
        A weight at least 0 for each class. A ``"mean"`` divides by the sum of the weights of the labels that count.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and gradient; never changes what the mean divides by.
    ignore_index : int
        Rows with this target cost 0 and have gradient 0, whatever their scores.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss a row.

    Returns
    -------
    float, or array of the shape of `target`
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, shapes that do not fit, labels that are not integers; before anything is written.

    Examples
    --------
    Two frames in which the right class has probability 0.4:

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.4, 0.6], [0.4, 0.6]])
    >>> round(fl.nll_loss(log_probs, [0, 0], reduction="sum"), 5)
    1.83258

    References
    ----------
    The conventions are those of ``torch.nn.functional.nll_loss``.
    """
    rows = _Rows(log_probs, "log_probs", axis)
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    reduction = check.as_reduction(reduction)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    weights, weight_sum = _combine(weights, class_weights, labels, ignore_index)

    def run(values, grad, hess, scale, threads):
        kernel = kernels(rows.bits).log_softmax
        total = kernel.nll(rows.view, rows.code, labels, weights, ignore_index, values)
        if grad is not None:
            grad[...] = 0
            kernel.nll_grad(labels, weights, ignore_index, scale, grad, rows.gradient_code)
        return total

    return rows.problem(reduction, counted if weight_sum is None else weight_sum, run, (target, sample_weight))


@loss(curvature=True)
def cross_entropy(
    logits,
    target,
    *,
    axis=-1,
    class_weight=None,
    sample_weight=None,
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="mean",
):
    r"""Cross-entropy of a target with the softmax of logits.

    .. math:: L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(x_n)_c

    where :math:`y_n` is 1 at the label, or the distribution given, and with smoothing :math:`\epsilon` becomes
    :math:`(1 - \epsilon) y + \epsilon / C`. The gradient is :math:`p_c \sum_k w_k y_k - w_c y_c`, the curvature
    :math:`p_c (1 - p_c) \sum_k w_k y_k` with :math:`p` the softmax. Losses and gradients keep their digits near
    certainty: scores (20, 0) with label 0 cost 2.06e-9, not 0.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats, normalised or not; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`; or array of probabilities, the shape of `logits`
        Labels 0..C-1 or `ignore_index`; or one distribution a row, within [0, 1].
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout; no layout is copied as a whole.
    class_weight : array (C,), optional
        A weight at least 0 for each class. With labels, ``"mean"`` divides by the sum of the weights of the labels
        that count; with probabilities by the number of rows.
    sample_weight : array that broadcasts to one number a row, optional
        Multiplies each row's loss and derivatives; never changes what the mean divides by.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss a row.

    Returns
    -------
    float, or array with one loss a row
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, a probability outside [0, 1], shapes that do not fit; before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[20.0, 0.0], [1.0, 3.0]])
    >>> fl.cross_entropy(logits, [0, 1], reduction="none")
    array([2.06115362e-09, 1.26928011e-01])
    >>> value, grad = fl.cross_entropy.value_and_grad(logits, [0, 1])
    >>> np.allclose(grad[1], [0.0596, -0.0596], atol=1e-4)
    True

    References
    ----------
    The conventions are those of ``torch.nn.functional.cross_entropy``. Smoothing: Szegedy et al. 2016, "Rethinking
    the Inception Architecture for Computer Vision".
    """
    rows = _Rows(logits, "logits", axis)
    reduction = check.as_reduction(reduction)
    smoothing = check.as_number(label_smoothing, "label_smoothing", 0.0, 1.0)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    target = check.as_array(target, "target")
    if target.shape == rows.array.shape:
        return _cross_entropy_of_distributions(
            rows, target, class_weights, weights, smoothing, reduction, sample_weight
        )
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    of_rows, weight_sum = _combine(weights, class_weights, labels, ignore_index)
    denominator = counted if weight_sum is None else weight_sum
    if smoothing:
        run = _target_run(rows, None, 0, labels, class_weights, weights, ignore_index, smoothing)
    else:

        def run(values, grad, hess, scale, threads):
            return kernels(rows.bits).log_softmax.cross_entropy(
                rows.view, rows.code, labels, of_rows, ignore_index, scale,
                values, grad, rows.gradient_code, hess, rows.gradient_code, threads,
            )  # fmt: skip

    return rows.problem(reduction, denominator, run, (target, sample_weight))


def _cross_entropy_of_distributions(rows, target, class_weights, weights, smoothing, reduction, sample_weight):
    target, code = check.as_numbers(target, "target")
    check.check_unit(target, code, "target")
    view = np.moveaxis(target, rows.axis, -1)
    run = _target_run(rows, view, code, None, class_weights, weights, 0, smoothing)
    return rows.problem(reduction, rows.count, run, (target, sample_weight))


def _target_run(rows, target, target_code, labels, class_weights, weights, ignore_index, smoothing):
    """A run against a distribution a row: given, or made from labels by smoothing."""
    if class_weights is not None:
        class_weights = class_weights.astype(rows.dtype)

    def run(values, grad, hess, scale, threads):
        return kernels(rows.bits).log_softmax.cross_entropy_targets(
            rows.view, rows.code, target, target_code, labels, class_weights, weights, ignore_index,
            1.0 - smoothing, smoothing / rows.classes, scale,
            values, grad, rows.gradient_code, hess, rows.gradient_code, threads,
        )  # fmt: skip

    return run


@loss(curvature=True)
def sigmoid_focal_loss(logits, target, *, alpha=0.25, gamma=2.0, sample_weight=None, reduction="mean"):
    r"""Focal loss of independent yes/no decisions, from logits.

    .. math:: L = \alpha_t (1 - p_t)^\gamma \cdot \mathrm{BCE}(x, y), \qquad
        p_t = p y + (1 - p)(1 - y), \quad \alpha_t = \alpha y + (1 - \alpha)(1 - y), \quad p = \sigma(x)

    Value, gradient and curvature keep their digits in both tails, for every gamma: no NaN at x = 20 with gamma = 0.5,
    no dead gradient at x = -200. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, any shape
        Log-odds, in nats.
    target : array of numbers within [0, 1] that broadcasts to the shape of `logits`
        1 for yes, 0 for no; between them, soft.
    alpha : float within [0, 1], or None
        Weight of the positive class; the negative class has 1 - alpha. None: no such weights.
    gamma : float, at least 0
        How much easy examples are turned down; 0 gives (weighted) binary cross-entropy.
    sample_weight : array that broadcasts to the shape of `logits`, optional
        Multiplies each element's loss and derivatives; never changes what the mean divides by.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` and ``"sum"`` give a float accumulated in double precision, ``"none"`` one loss an element.

    Returns
    -------
    float, or array of the shape of `logits`
        A mean over no elements is nan.

    Raises
    ------
    ValueError, TypeError
        For alpha outside [0, 1], gamma below 0, a target outside [0, 1], shapes that do not fit; before anything is
        written.

    Examples
    --------
    An objective for gradient boosting, with its exact curvature:

    >>> import numpy as np, fastloss as fl
    >>> scores, labels = np.array([-2.0, 0.5, 3.0]), np.array([0, 1, 1])
    >>> grad, hess = fl.sigmoid_focal_loss.grad_and_hess(scores, labels, reduction="sum")
    >>> grad.round(5), hess.round(5)
    (array([ 3.650e-03, -3.448e-02, -8.000e-05]), array([0.00951, 0.06011, 0.00022]))

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection"; conventions of
    ``torchvision.ops.sigmoid_focal_loss``.
    """
    array, code = check.as_numbers(logits, "logits")
    reduction = check.as_reduction(reduction)
    gamma = min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA)
    positive, negative = 1.0, 1.0
    if alpha is not None:
        positive = check.as_number(alpha, "alpha", 0.0, 1.0)
        negative = 1.0 - positive
    labels, target_code = check.as_numbers(target, "target")
    check.check_unit(labels, target_code, "target")
    try:
        labels = np.broadcast_to(labels, array.shape)
    except ValueError:
        raise ValueError(
            f"target has shape {labels.shape}, which does not broadcast to the shape {array.shape} of logits"
        ) from None
    weights, weight_code = check.as_weights(sample_weight, "sample_weight", array.shape)
    bits, value_dtype = check.kernel_bits(code), check.compute_dtype(code)
    dtype = check.gradient_dtype(array, code)
    out_code = check.dtype_code(dtype)

    def run(values, grad, hess, scale, threads):
        return kernels(bits).focal.sigmoid_focal(
            array, code, labels, target_code, weights, weight_code, positive, negative, gamma, scale,
            values, grad, out_code, hess, out_code, check.dtype_code(np.dtype(value_dtype)), threads,
        )  # fmt: skip

    return Problem(array, dtype, array.shape, value_dtype, reduction, array.size, run, (labels, weights))


@loss(curvature=True)
def softmax_focal_loss(
    logits, target, *, axis=-1, alpha=None, gamma=2.0, sample_weight=None, ignore_index=-100, reduction="mean"
):
    r"""Focal loss of one label among C classes, from logits.

    .. math:: L_n = -\alpha_{y_n} (1 - p)^\gamma \log p, \qquad p = \mathrm{softmax}(x_n)_{y_n}

    1 - p is the sum of the other classes' probabilities, so that confident rows keep their digits. With gamma = 0 this
    is cross-entropy. The second derivative is negative in places; it is returned as it is.

    Parameters
    ----------
    logits : array, float or integer, with C classes along `axis`
        Scores, in nats; -inf masks a class.
    target : integer array, the shape of `logits` without `axis`
        Labels 0..C-1, or `ignore_index`.
    axis : int
        The class axis. ``axis=1`` is PyTorch's (N, C, d1, ...) layout.
    alpha : float within [0, 1], array (C,) of them, or None
        Weight of every row, or of the rows of each class. It does not change what the mean divides by.
    gamma : float, at least 0
        How much easy examples are turned down.
    sample_weight : array that broadcasts to the shape of `target`, optional
        Multiplies each row's loss and derivatives; never changes what the mean divides by.
    ignore_index : int
        Rows with this label cost 0 and have gradient 0, even if their scores are NaN.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides by the number of rows that count.

    Returns
    -------
    float, or array of the shape of `target`
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, alpha outside [0, 1], gamma below 0, shapes that do not fit; before anything is
        written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    >>> fl.softmax_focal_loss(logits, [0, 1], gamma=2.0, reduction="none").round(5)
    array([0.01087, 4.94695])

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár 2017, "Focal Loss for Dense Object Detection".
    """
    rows = _Rows(logits, "logits", axis)
    labels, counted, ignore_index = rows.labels(target, ignore_index)
    reduction = check.as_reduction(reduction)
    gamma = min(check.as_number(gamma, "gamma", 0.0), _LARGEST_GAMMA)
    weights = check.as_row_weights(sample_weight, "sample_weight", rows.shape)
    weights, _ = _combine(weights, _alphas(alpha, rows.classes), labels, ignore_index)

    def run(values, grad, hess, scale, threads):
        return kernels(rows.bits).focal.softmax_focal(
            rows.view, rows.code, labels, weights, gamma, ignore_index, scale,
            values, grad, rows.gradient_code, hess, rows.gradient_code, threads,
        )  # fmt: skip

    return rows.problem(reduction, counted, run, (target, sample_weight))


def _alphas(alpha, classes):
    """One alpha a class, or None."""
    if alpha is None:
        return None
    if np.ndim(alpha) == 0:
        return np.full(classes, check.as_number(alpha, "alpha", 0.0, 1.0))
    alphas = check.as_class_weights(alpha, "alpha", classes)
    bad = np.flatnonzero(alphas > 1)
    if bad.size:
        raise ValueError(f"alpha[{bad[0]}] is {alphas[bad[0]]}; expected a number within [0, 1]")
    return alphas
