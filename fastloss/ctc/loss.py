"""CTC losses: connectionist temporal classification from log-probabilities and from logits."""

from fastloss._kernels import calls
from fastloss._loss import loss


@loss("ctc", curvature=False)
def ctc_loss(
    log_probs,
    targets,
    input_lengths=None,
    target_lengths=None,
    *,
    blank=0,
    batch_first=False,
    infeasible="inf",
    sample_weight=None,
    where=None,
    reduction="mean",
    progress=None,
):
    r"""Connectionist temporal classification, from log-probabilities.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} e^{x_{t, n, \pi_t}}

    over all paths :math:`\pi`, one class per frame, that give the target when repeats are merged and blanks dropped.
    The gradient is the derivative of exactly this formula, whether or not `log_probs` are normalised: minus the
    posterior probability of each class at each frame. For the gradient with respect to logits use
    `ctc_loss_with_logits`.

    Whatever the spread of the scores and the number of frames, nothing underflows: probabilities have exponents of
    their own. The relative error of losses down to 1e-30, and of each entry of the gradient, is below 1e-4; that of
    losses is mostly about 1e-7 in float32 and 1e-12 in float64. The gradient is exactly 0 beyond each sequence's
    `input_length`.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0.
    targets : integer array (N, S), or 1-D with all targets one after the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read. A column of lists
        (an array of objects) is a list; for one sequence (1, S) is legal too.
    input_lengths, target_lengths : integer arrays (N,), optional
        How many frames and labels count; by default all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"inf", "zero", "raise"}
        What a target costs that no path spells: inf, 0 (it is still counted by the mean), or a ValueError. A target
        needs as many frames as labels, and one more for each label that equals the one before. Its gradient is 0 in all
        modes. With "raise", a NaN or +inf that makes a loss NaN is a ValueError, too.
    sample_weight : array that broadcasts to (N,), optional
        Multiplies each sequence's loss and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a
        sequence, whatever it holds.
    where : bool array that broadcasts to (N,), optional
        Which sequences count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` divides each loss by max(target length, 1), then averages over the sequences that count (PyTorch's);
        ``"weighted_mean"`` does so and divides by the sum of the weights instead; ``"batchmean"`` averages over the
        sequences that count; ``"none"`` gives (N,).
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.

    Returns
    -------
    float, or array (N,)
        A mean over no sequences is nan.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit;
        before anything is written.

    Examples
    --------
    Two frames with P(a) = 0.4, P(blank) = 0.6: the label "a" has three paths, a target "aa" needs three frames.

    >>> import numpy as np, fastloss as fl
    >>> log_probs = np.log([[0.6, 0.4], [0.6, 0.4]])
    >>> round(fl.ctc_loss(log_probs, [1]), 5)  # -log 0.64
    0.44629
    >>> fl.ctc_loss(log_probs, [1, 1])
    inf

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification: Labelling Unsegmented Sequence
    Data with Recurrent Neural Networks". Reductions are those of ``torch.nn.functional.ctc_loss``.
    """
    lengths, options = (input_lengths, target_lengths), (blank, batch_first, infeasible, progress)
    return calls.evaluation("log_probs", log_probs, targets, lengths, options, (reduction, sample_weight, where))


@loss("ctc", curvature=False)
def ctc_loss_with_logits(
    logits,
    targets,
    input_lengths=None,
    target_lengths=None,
    *,
    blank=0,
    batch_first=False,
    infeasible="inf",
    sample_weight=None,
    where=None,
    reduction="mean",
    progress=None,
):
    r"""Connectionist temporal classification, from logits, with the softmax fused in.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} \mathrm{softmax}(x_{t, n})_{\pi_t}

    over all paths :math:`\pi` of one class per frame that give the target when repeats are merged and blanks dropped.
    The gradient with respect to the logits is softmax minus posterior; the logits are read once and the gradient is
    written once. The loss is never below 0. The gradient is exactly 0 beyond each sequence's `input_length`.

    Nothing underflows. The relative error of losses down to 1e-30 is below 1e-4, mostly about 1e-7 in float32 and 1e-12
    in float64. So is that of each entry of the gradient, unless softmax and posterior nearly cancel: then the error is
    at most four roundings of min(p, 1 - p), with p the softmax.

    Parameters
    ----------
    logits : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Scores in nats, normalised or not: T frames, a batch of N, C classes. -inf masks a class.
    targets : integer array (N, S), or 1-D with all targets one after the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read. A column of lists
        (an array of objects) is a list; for one sequence (1, S) is legal too.
    input_lengths, target_lengths : integer arrays (N,), optional
        How many frames and labels count; by default all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `logits` is (N, T, C).
    infeasible : {"inf", "zero", "raise"}
        What a target costs that no path spells: inf, 0 (it is still counted by the mean), or a ValueError. A target
        needs as many frames as labels, and one more for each label that equals the one before. Its gradient is 0 in all
        modes. With "raise", a NaN or +inf that makes a loss NaN is a ValueError, too.
    sample_weight : array that broadcasts to (N,), optional
        Multiplies each sequence's loss and gradient; never changes what ``"mean"`` divides by. A weight of 0 removes a
        sequence, whatever it holds.
    where : bool array that broadcasts to (N,), optional
        Which sequences count. The others are ignored, whatever they hold: their losses and derivatives are 0, and no
        mean counts them.
    reduction : {"mean", "weighted_mean", "batchmean", "sum", "none"}
        ``"mean"`` divides each loss by max(target length, 1), then averages over the sequences that count (PyTorch's);
        ``"weighted_mean"`` does so and divides by the sum of the weights instead; ``"batchmean"`` averages over the
        sequences that count; ``"none"`` gives (N,).
    progress : callable, optional
        Called with the share of the work that is done, rising from 0 to 1, by the calling thread: at most 20 times a
        second, and with 1.0 once at the end. An exception that it raises ends the call.

    Returns
    -------
    float, or array (N,)
        A mean over no sequences is nan.

    Raises
    ------
    ValueError, TypeError
        For a label out of range or equal to `blank`, a length below 0 or beyond the array, shapes that do not fit;
        before anything is written.

    Examples
    --------
    >>> import numpy as np, fastloss as fl
    >>> logits = np.zeros((3, 2, 4), np.float32)  # T = 3 frames, N = 2 sequences, C = 4 classes
    >>> value, grad = fl.ctc_loss_with_logits.value_and_grad(logits, [[1, 2], [3, 3]], reduction="none")
    >>> value  # 5 and 1 of the 64 paths
    array([2.5494452, 4.158883 ], dtype=float32)
    >>> grad[:, 0, 1]
    array([-0.55, -0.15,  0.25], dtype=float32)

    References
    ----------
    Graves, Fernández, Gomez, Schmidhuber 2006, "Connectionist Temporal Classification: Labelling Unsegmented Sequence
    Data with Recurrent Neural Networks". Reductions are those of ``torch.nn.functional.ctc_loss``.
    """
    lengths, options = (input_lengths, target_lengths), (blank, batch_first, infeasible, progress)
    return calls.evaluation("logits", logits, targets, lengths, options, (reduction, sample_weight, where))
