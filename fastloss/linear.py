"""Linear layers: losses of the logits that a layer would compute, without storing them."""

import numpy as np

from fastloss import _validation as check
from fastloss._cross_entropy import CrossEntropy
from fastloss._linear import LinearEvaluation
from fastloss._loss import loss
from fastloss._reduction import Reduction
from fastloss._rowwise import Rows

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
    r"""Cross-entropy of a linear layer's logits, which are never stored all at once.

    .. math:: z_n = W x_n + b, \qquad L_n = -\sum_c w_c \, y_{nc} \log \mathrm{softmax}(z_n / T)_c

    Parameters
    ----------
    inputs : array (..., D), float or integer

    Returns
    -------
    float, or array with one loss per row
        A mean over no rows is nan, with gradient 0.

    Raises
    ------
    ValueError, TypeError
        For shapes

    Examples
    --------
    >>> import numpy as np, fastloss as fl

    References
    ----------
    The conventions
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
    """Inputs, weight and, where there is one, bias, as arrays; and the rows of their logits, of which none is stored."""
    (inputs, *codes), (weight, code) = check.as_numbers(inputs, "inputs"), check.as_numbers(weight, "weight")
    if inputs.ndim == 0:
        raise ValueError("inputs has no axis of features: its shape is ()")
    if weight.ndim != 2 or weight.shape[1] != inputs.shape[-1]:
        fits = weight.ndim == 2 and weight.shape[0] == inputs.shape[-1]
        raise ValueError(
            f"weight has shape {weight.shape}; for inputs of shape {inputs.shape} it must have shape "
            f"(classes, {inputs.shape[-1]}){'; weight.T would fit' if fits else ''}"
        )
    operands = [inputs, weight]
    if bias is not None:
        operands.append(check.as_numbers(bias, "bias")[0])
        if operands[2].shape != weight.shape[:1]:
            raise ValueError(f"bias has shape {operands[2].shape}; expected {weight.shape[:1]}, a number for each class")
    dtype = check.COMPUTE_DTYPES[max(map(check.kernel_bits, (*codes, code)))]
    logits = np.broadcast_to(np.zeros((), dtype), (*inputs.shape[:-1], weight.shape[0]))
    return operands, Rows(logits, "logits", -1)


def _check_shape(target, rows, operands):
    """That of labels or of distributions; an empty list is an empty array of any shape."""
    if target.size and target.shape not in (rows.shape, rows.array.shape):
        raise ValueError(
            f"target has shape {target.shape}; for inputs of shape {operands[0].shape} and {rows.classes} classes it "
            f"must be labels of shape {rows.shape} or distributions of shape {rows.array.shape}"
        )
