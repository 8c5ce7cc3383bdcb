"""How the kernel of alpha and beta is called for a batch: losses, with the gradient or the posteriors."""

from functools import cache

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels
from fastloss._pieces import extremes

# Emissions that have no exponents of their own take at most so many steps of the exponent a frame. Where they are
# compared with a range in nats, that is on the safe side: a step is 0.69 nats.
PLAIN_FRAME = 127


@cache
def float32_range():
    """How far below 1, in nats, the product of a sequence's emissions may be for the float32 kernel's exponents."""
    return kernels(32).ctc.EXPONENT_RANGE


def bits_for(emissions):
    """The kernel's float type: that of the scores' dtype, or float64 where there are too many frames for float32."""
    bits = check.kernel_bits(emissions.code)
    return 64 if bits == 32 and (emissions.frames + 1) * PLAIN_FRAME > float32_range() else bits


def work_of(batch):
    """In elements of a softmax, of which a cell of the recursion costs about four, forward and backward."""
    return batch.emissions.array.size + 4 * int(batch.cells.sum())


class Call:
    """One call of the kernel: src/ctc/ctc.pyx reads these attributes, and writes the arrays from `losses` on."""

    __slots__ = ("batch", "from_logits", "grad", "losses", "posterior", "saturated", "scales")

    def __init__(self, batch, from_logits=False, scales=None, grad=None, posterior=None):
        size = batch.emissions.batch
        self.batch = batch
        self.from_logits = from_logits
        self.scales = scales  # what the gradient of each sequence is multiplied by, or None
        self.losses = np.zeros(size)  # in double precision
        self.grad = grad  # (T, N, C), or None
        self.posterior = posterior  # (T, N, 2S+1) zeros of the kernel's type, or None
        self.saturated = np.zeros(size, np.uint8)  # where a score needs the exponents of float64

    def run(self, bits, order, threads):
        """Whether a sequence of those in `order` needs the exponents of float64."""
        if order.size:
            kernels(bits).ctc.ctc(self, order, threads)
        return bits == 32 and self.saturated.any()


def losses_of(batch, from_logits, scales, grad, threads):
    """One loss a sequence; the gradient too, unless it is None."""
    call = Call(batch, from_logits, scales, grad)
    bits = bits_for(batch.emissions)
    if bits == 32 and grad is not None and would_overwrite_scores(batch.emissions, grad):
        bits = 64
    if call.run(bits, batch.order(threads), threads):
        call.run(64, np.flatnonzero(call.saturated).astype(np.int64, copy=False), threads)
    return call.losses


def would_overwrite_scores(emissions, grad):
    """Whether the gradient is written over scores that may need float64's exponents: when the kernel finds that they
    do, they can't be read again."""
    if not grad.size or not np.may_share_memory(grad, emissions.view):
        return False
    low, high = extremes(emissions.view)
    return not (high - low) * (emissions.frames + 1) < float32_range()  # True for NaN


def posteriors_of(batch, threads):
    """(T, N, 2S+1) of the longest target's S, in float32 or float64; and the losses."""
    emissions = batch.emissions
    shape = (emissions.frames, emissions.batch, 2 * batch.targets.longest() + 1)
    bits = bits_for(emissions)
    call = Call(batch, posterior=np.zeros(shape, np.float32 if bits == 32 else np.float64))
    if call.run(bits, batch.order(threads), threads):  # finite masks such as -1e9
        call = Call(batch, posterior=np.zeros(shape))
        call.run(64, batch.order(threads), threads)
    return call.posterior, call.losses


def forbid_impossible(batch, losses):
    """For infeasible="raise", where frames are enough, but the scores allow no path."""
    impossible = np.flatnonzero(np.isposinf(losses))
    if impossible.size:
        n = int(impossible[0])
        raise ValueError(
            f"sample {n}: every path of its target has probability 0; it needs {batch.targets.frames_needed[n]} "
            f"frames, there are {batch.input_lengths[n]}"
        )
