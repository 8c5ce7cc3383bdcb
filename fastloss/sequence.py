"""Losses over sequences: connectionist temporal classification (CTC)."""

import numpy as np

from fastloss import _validate as check
from fastloss._kernels import kernels
from fastloss._loss import Problem, loss
from fastloss._sequences import Emissions, Targets, as_blank, as_lengths, frames_missing, longest_first

# Beyond so many (nats a frame) x frames the exponents of the float32 kernel are too narrow, and float64's are used.
FLOAT32_RANGE = 0.69 * 2**27


class Call:
    """One validated batch, ready for the kernel."""

    def __init__(self, emissions, targets, input_lengths, blank, from_logits, infeasible, weights, reduction):
        self.emissions = emissions
        self.targets = targets
        self.input_lengths = input_lengths
        self.blank = blank
        self.from_logits = from_logits
        self.infeasible = infeasible
        self.reduction = reduction
        self.feasible = targets.frames_needed <= input_lengths
        self.plain = weights is None and reduction in ("sum", "none")  # all scales are 1
        self.scales = np.ones(emissions.batch) if weights is None else weights
        if reduction == "mean":
            self.scales = self.scales / np.maximum(targets.lengths, 1)
        if reduction in ("mean", "batchmean") and emissions.batch:
            self.scales = self.scales / emissions.batch
        if infeasible == "raise" and not self.feasible.all():
            n = int(np.flatnonzero(~self.feasible)[0])
            raise ValueError(frames_missing(targets, input_lengths, n))
        self.cells = input_lengths * (2 * targets.lengths + 1)

    def run(self, wanted):
        """The reduced loss. Each sequence has a scale of its own."""
        grad = None if wanted.grad is None else self.emissions.as_frames(wanted.grad)
        if self.infeasible == "raise" and grad is not None:
            self.forbid_infeasible(self.losses(None, wanted.threads))  # nothing has been written yet
        losses = self.losses(grad, wanted.threads)
        if self.infeasible == "raise":
            self.forbid_infeasible(losses)
        if self.infeasible == "zero":
            losses[np.isposinf(losses)] = 0.0
        weighted = losses if self.plain else np.where(self.scales == 0, 0.0, losses) * self.scales
        if wanted.values is not None:
            wanted.values[...] = weighted.reshape(wanted.values.shape)
        if not weighted.size and self.reduction != "sum":
            return float("nan")
        return float(weighted.sum())

    def losses(self, grad, threads):
        """One loss a sequence, in double precision."""
        emissions = self.emissions
        losses = np.zeros(emissions.batch)
        order = longest_first(self.cells) if threads > 1 else np.arange(emissions.batch, dtype=np.int64)
        bits = check.kernel_bits(emissions.code)
        if bits == 32 and self.overflows(grad):
            bits = 64
        saturated = self.launch(bits, order, losses, grad, threads)
        if bits == 32 and saturated.any():
            self.launch(64, np.flatnonzero(saturated).astype(np.int64, copy=False), losses, grad, threads)
        return losses

    def overflows(self, grad):
        """Whether float32's exponents may not do, where that must be known before the scores are overwritten."""
        frames = self.emissions.frames + 1
        if frames * 127 > FLOAT32_RANGE:
            return True
        if grad is None or not np.may_share_memory(grad, self.emissions.view) or not grad.size:
            return False
        spread = float(self.emissions.view.max()) - float(self.emissions.view.min())
        return not spread * frames < FLOAT32_RANGE

    def launch(self, bits, order, losses, grad, threads, posterior=None):
        emissions, targets = self.emissions, self.targets
        saturated = np.zeros(emissions.batch, np.uint8)
        if not order.size:
            return saturated
        kernels(bits).ctc.ctc(
            emissions.view, emissions.code, check.FLOAT32 if bits == 32 else check.FLOAT64,
            targets.labels, targets.offsets, targets.lengths, self.input_lengths, order,
            self.feasible.view(np.uint8), self.blank, self.from_logits, self.scales, losses,
            grad, check.dtype_code(emissions.dtype), posterior, saturated, max(1, min(threads, order.size)),
        )  # fmt: skip
        return saturated

    def forbid_infeasible(self, losses):
        impossible = np.flatnonzero(np.isposinf(losses))
        if impossible.size:
            n = int(impossible[0])
            raise ValueError(
                f"sample {n}: every path of its target has probability 0; it needs {self.targets.frames_needed[n]} "
                f"frames, there are {self.input_lengths[n]}"
            )


def _problem(scores, name, targets, input_lengths, target_lengths, options, from_logits):
    blank, batch_first, infeasible, sample_weight, reduction = options
    emissions = Emissions(scores, name, batch_first)
    reduction = check.as_reduction(reduction, ("mean", "sum", "none", "batchmean"))
    if infeasible not in ("inf", "zero", "raise"):
        raise ValueError(f"infeasible must be one of 'inf', 'zero', 'raise', got {infeasible!r}")
    blank = as_blank(blank, emissions.classes)
    room = np.full(emissions.batch, emissions.frames, np.int64)
    lengths = room
    if input_lengths is not None:
        lengths = as_lengths(input_lengths, "input_lengths", emissions.batch, room, "frames")
    labels = Targets(targets, target_lengths, emissions, blank)
    weights = check.as_row_weights(sample_weight, "sample_weight", (emissions.batch,))
    call = Call(emissions, labels, lengths, blank, from_logits, infeasible, weights, reduction)
    return Problem(
        emissions.array,
        emissions.dtype,
        () if emissions.single else (emissions.batch,),
        check.compute_dtype(emissions.code),
        "none" if reduction == "none" else "sum",
        1,
        call.run,
        (targets, sample_weight, input_lengths, target_lengths),
        # A cell of the recursion costs about four elements of a softmax, forward and backward.
        work=emissions.array.size + 4 * int(call.cells.sum()),
    )


@loss(curvature=False)
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
    reduction="mean",
):
    r"""Connectionist temporal classification, from log-probabilities.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} e^{x_{t, n, \pi_t}}

    over all paths :math:`\pi` of one class a frame that give the target when repeats are merged and blanks dropped.
    The gradient is that of exactly this, whether or not `log_probs` are normalised: minus the posterior probability
    of each class at each frame. For the gradient of logits use `ctc_loss_with_logits`.

    Exact whatever the spread of the scores and the number of frames: probabilities have exponents of their own and
    never underflow.

    Parameters
    ----------
    log_probs : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Log-probabilities in nats: T frames, a batch of N, C classes. -inf is probability 0.
    targets : integer array (N, S), or 1-D with all targets one behind the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read.
    input_lengths, target_lengths : integer arrays (N,), optional
        Frames and labels that count; omitted means all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `log_probs` is (N, T, C).
    infeasible : {"inf", "zero", "raise"}
        What a target costs that can't be emitted: inf, 0 (keeping its place in the mean), or a ValueError. It needs
        its length plus one frame for each adjacent repeat. Its gradient is 0 in all modes.
    sample_weight : array that broadcasts to (N,), optional
        Multiplies each sequence's loss and gradient; never changes what the mean divides by.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"mean"`` divides each loss by max(target length, 1), then averages over the batch (PyTorch's);
        ``"batchmean"`` averages over the batch; ``"none"`` gives (N,).

    Returns
    -------
    float, or array (N,)
        The gradient has the shape of `log_probs`, and is exactly 0 beyond each sequence's `input_length`.

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
    options = blank, batch_first, infeasible, sample_weight, reduction
    return _problem(log_probs, "log_probs", targets, input_lengths, target_lengths, options, False)


@loss(curvature=False)
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
    reduction="mean",
):
    r"""Connectionist temporal classification, from logits, with the softmax fused in.

    .. math:: L_n = -\log \sum_{\pi} \prod_{t} \mathrm{softmax}(x_{t, n})_{\pi_t}

    over all paths :math:`\pi` of one class a frame that give the target when repeats are merged and blanks dropped.
    The gradient with respect to the logits is softmax minus posterior; the logits are read once and the gradient is
    written once. Never below 0.

    Parameters
    ----------
    logits : array (T, N, C), float or integer; (N, T, C) with `batch_first`; (T, C) for one sequence
        Scores in nats, normalised or not: T frames, a batch of N, C classes. -inf masks a class.
    targets : integer array (N, S), or 1-D with all targets one behind the other, or a list of sequences
        Labels 0..C-1 other than `blank`. What lies beyond a target's length in (N, S) is not read.
    input_lengths, target_lengths : integer arrays (N,), optional
        Frames and labels that count; omitted means all. 0 is legal for either.
    blank : int
        The blank's class; negative counts from the end.
    batch_first : bool
        Whether `logits` is (N, T, C).
    infeasible : {"inf", "zero", "raise"}
        What a target costs that can't be emitted: inf, 0 (keeping its place in the mean), or a ValueError. It needs
        its length plus one frame for each adjacent repeat. Its gradient is 0 in all modes.
    sample_weight : array that broadcasts to (N,), optional
        Multiplies each sequence's loss and gradient; never changes what the mean divides by.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"mean"`` divides each loss by max(target length, 1), then averages over the batch (PyTorch's);
        ``"batchmean"`` averages over the batch; ``"none"`` gives (N,).

    Returns
    -------
    float, or array (N,)
        The gradient has the shape of `logits`, and is exactly 0 beyond each sequence's `input_length`.

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
    options = blank, batch_first, infeasible, sample_weight, reduction
    return _problem(logits, "logits", targets, input_lengths, target_lengths, options, True)
