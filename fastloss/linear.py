"""Linear layers: losses of the logits that a layer would compute, without storing them."""

import numpy as np

from fastloss import _validation as check
from fastloss._linear import LinearEvaluation, check_shapes
from fastloss._loss import loss
from fastloss._reduction import Reduction
from fastloss._rowwise import Rows
from fastloss._targets import CrossEntropy

__all__ = ["linear_cross_entropy"]


@loss("linear", curvature=False)
def linear_cross_entropy(
    inputs,
    weight,
    target,
    *,
    bias=None,
    class_weight=None,
    sample_weight=None,
    where=None,
    ignore_index=-100,
    label_smoothing=0.0,
    temperature=1.0,
    reduction="mean",
    max_bytes=2**28,
):
    r"""Cross-entropy of a linear layer, whose logits are never stored all at once.

    .. math:: z_n = W x_n + b, \qquad L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(z_n / T)_c

    It is ``cross_entropy(inputs @ weight.T + bias, target, ...)``, computed by blocks of rows in a bounded memory: the
    last layer of a language model has a logit for each token and each word of the vocabulary. With
    :math:`g_n = \partial L / \partial z_n`, the gradient of `cross_entropy`, those of `inputs`, `weight` and `bias` are
    :math:`g W`, :math:`g^T x` and :math:`\sum_n g_n`. The products are NumPy's, by its BLAS library.

    Parameters
    ----------
    inputs : array (..., D), float or integer
        What the layer is given: D features for each row.
    weight : array (C, D), float or integer
        The layer's weight, as PyTorch has it: a row for each of C classes.
    target : integer array, the shape of `inputs` without its last axis; or array of probabilities, (..., C)
        Labels 0..C-1 or `ignore_index`; or one distribution per row, within [0, 1].
    bias : array (C,), optional
        Added to the logits. -inf masks a class.
    class_weight : array (C,), optional
        A weight of at least 0 for each class. With labels, ``"mean"`` divides by the sum of the weights of the labels
        that count; with probabilities by the number of rows.
    sample_weight : array that broadcasts to one number per row, optional
        Multiplies each row's loss and derivatives; never changes what ``"mean"`` divides by. A weight of 0 removes a
        row, whatever it holds.
    where : bool array that broadcasts to one bool per row, optional
        Which rows count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no mean
        counts them.
    ignore_index : int, or None
        Rows with this label cost 0 and have gradient 0, even if their inputs are NaN. None: no label is ignored. What
        does not count takes no time: it is left out before the products.
    label_smoothing : float within [0, 1]
        How much of the target is spread evenly over the classes.
    temperature : float within [1e-30, 1e30]
        T, which divides the logits. Neither the loss nor its derivatives are multiplied by it again.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` (over the rows that count), ``"weighted_mean"`` (over the sum of their weights), ``"batchmean"``
        (over the entries of the first axis) and ``"sum"`` give a float accumulated in double precision, ``"none"`` one
        loss per row.
    max_bytes : int
        The most memory that the call may use beside its arguments, its results and a few numbers per row. BLAS has
        buffers of its own. The fewer rows of logits fit, the slower are the products: 250 rows cost a tenth. More than
        1024 are never computed at once. For the value alone 20 MiB do, unless labels are smoothed, or the target is
        distributions, or the temperature is not 1.

    Returns
    -------
    float, or array with one loss per row
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For a label out of range, a probability outside [0, 1], shapes that do not fit, a `max_bytes` that not even one
        row fits; before anything is written.

    Notes
    -----
    Computed in float64 where inputs or weight are float64 or integers, else in float32. Half types are widened block by
    block, and so is copied what BLAS does not take as it is; only arrays of another byte order or alignment are copied
    whole. The products use the threads that the BLAS library is told to use (threadpoolctl sets them), `num_threads`
    is what is between. Rounding of the products depends on the BLAS library, and on `max_bytes`. Signals, as of Ctrl-C,
    are looked at between two products.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> inputs = np.array([[1.0, 2.0], [0.0, 1.0]])
    >>> weight = np.array([[1.0, 1.0], [0.0, 2.0], [-1.0, 0.0]])
    >>> value, (grad_inputs, grad_weight) = fl.linear_cross_entropy.value_and_grad(inputs, weight, [1, 0])
    >>> round(value, 6)
    0.862891
    >>> value == fl.cross_entropy(inputs @ weight.T, [1, 0])
    True
    >>> grad_weight.shape
    (3, 2)

    References
    ----------
    As ``torch.nn.functional.linear_cross_entropy``. Gradients in place of the logits, block by block: Hsu et al. 2024,
    "Liger Kernel: Efficient Triton Kernels for LLM Training"; Wijmans et al. 2024, "Cut Your Losses in Large-Vocabulary
    Language Models".
    """
    operands, rows = _operands(inputs, weight, bias)
    smoothing = check.as_number(label_smoothing, "label_smoothing", 0.0, 1.0)
    temperature = check.as_temperature(temperature)
    class_weights = check.as_class_weights(class_weight, "class_weight", rows.classes)
    target, reduction = check.as_array(target, "target"), Reduction(reduction, sample_weight, where)
    _check_shape(target, rows, operands)
    max_bytes = check.as_integer(max_bytes, "max_bytes")
    terms = CrossEntropy(rows, target, reduction, class_weights, ignore_index, smoothing, temperature)
    return LinearEvaluation(operands, terms, max_bytes)


def _operands(inputs, weight, bias):
    """Inputs, weight and, where there is one, bias, as arrays; and the rows of their logits, which are not stored."""
    (inputs, code), (weight, weight_code) = check.as_numbers(inputs, "inputs"), check.as_numbers(weight, "weight")
    operands = [inputs, weight] if bias is None else [inputs, weight, check.as_numbers(bias, "bias")[0]]
    check_shapes(inputs.shape, weight.shape, None if bias is None else operands[2].shape)
    dtype = check.COMPUTE_DTYPES[max(map(check.kernel_bits, (code, weight_code)))]
    logits = np.broadcast_to(np.zeros((), dtype), (*inputs.shape[:-1], weight.shape[0]))
    return operands, Rows(logits, "logits", -1)


def _check_shape(target, rows, operands):
    """That of labels or of distributions; an empty list is an empty array of any shape."""
    if target.size and target.shape not in (rows.shape, rows.array.shape):
        raise ValueError(
            f"target has shape {target.shape}; for inputs of shape {operands[0].shape} and {rows.classes} classes it "
            f"must be labels of shape {rows.shape} or distributions of shape {rows.array.shape}"
        )
