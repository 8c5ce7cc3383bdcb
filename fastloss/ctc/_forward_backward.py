"""One validated batch of CTC, and how the alpha-beta kernel is called for it."""

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss.ctc._inputs import frames_missing, longest_first

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
