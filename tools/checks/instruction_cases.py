"""The calls whose instructions tools/checks/count_instructions.py counts; it runs this file under callgrind.

    valgrind --tool=callgrind --instr-atstart=no ... python tools/checks/instruction_cases.py requests.so

Every kernel is called through the public API, with inputs that are the same in every run: their numbers, and where
they lie within a cache line. Between the calls callgrind is told to write down its counts, by `requests.so`. What the
cases are is printed as JSON.

The cases written here are those that a change of a kernel can tell apart: shapes, dtypes, options, layouts. A loss
without any of them is counted as the table of losses has it, at the sizes of its family.
"""

import ctypes
import gc
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

import fastloss as fl

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from domains import with_arrays
from losses import LOSSES, OF_THEIR_OWN, public_losses

LINE = 64
ELEMENTS = 2**16
STREAMED = 2**22 + 2**10  # from 16 MiB on, stores bypass the caches
SHAPES = [(6400, 10), (640, 100), (64, 1000), (2, 32000)]
SHORT = (640, 100)
STANDARD = {"elementwise": [(ELEMENTS,)], "rowwise": SHAPES, "ctc": [(100, 4, 32)]}
REPEATS = 20  # of a small call
WARM_UP = 80  # small calls until CPython has specialised its bytecode


class Case(NamedTuple):
    """A call, and the items that its instructions are shown by: scores, or cells of a recursion."""

    name: str
    call: Callable
    items: int
    small: bool = False  # of a small call everything counts, Python's share too; else only compiled kernels


def aligned(array):
    """A copy that begins a cache line."""
    memory = np.empty(array.nbytes + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


class Inputs:
    """Numbers that are the same with every version of NumPy, which only its old generator promises."""

    def __init__(self):
        self.random = np.random.RandomState(20260213)

    def numbers(self, *shape, dtype=np.float32):
        return aligned(self.random.standard_normal(shape).astype(dtype))

    def unit(self, *shape):
        """Within (0, 1)."""
        return aligned(self.random.uniform(1e-6, 1 - 1e-6, shape).astype(np.float32))

    def below(self, stop, *shape, low=0, dtype=np.int64):
        return aligned(self.random.randint(low, stop, shape).astype(dtype))

    def binary_labels(self, *shape):
        return self.below(2, *shape, dtype=np.float32)

    def distributions(self, *shape):
        return aligned(fl.softmax(self.numbers(*shape)))


def verbs(name, about, arrays, items=None, small=False, has_curvature=True, **options):
    """Value, gradient with it, and curvature where there is one, into memory of the caller's."""
    loss, scores = getattr(fl, name), arrays[0]
    grad, hess = aligned(np.zeros_like(scores)), aligned(np.zeros_like(scores))
    options = {"reduction": "sum", **options}
    calls = {
        "": partial(loss, *arrays, **options),
        ".value_and_grad": partial(loss.value_and_grad, *arrays, out=grad, **options),
    }
    if loss.has_curvature and has_curvature:
        calls[".grad_and_hess"] = partial(loss.grad_and_hess, *arrays, out=(grad, hess), **options)
    for verb, call in calls.items():
        yield Case(f"{name}{verb} {about}", call, items or scores.size, small)


def labelled_rows(inputs):
    """Losses with a label a row: the same data for all, at several numbers of classes."""
    for shape in SHAPES:
        x, y, size = inputs.numbers(*shape), inputs.below(shape[1], shape[0]), "{}x{}".format(*shape)
        yield from verbs("cross_entropy", size, (x, y))
        yield from verbs("softmax_focal_loss", size, (x, y))
    rows, classes = SHORT
    x, y = inputs.numbers(*SHORT), inputs.below(classes, rows)
    size, weights = f"{rows}x{classes}", inputs.unit(classes)
    yield from verbs("softmax_focal_loss", f"{size} gamma 1.5", (x, y), gamma=1.5)
    yield from verbs("softmax_focal_loss", f"{size} alpha", (x, y), alpha=weights)
    yield from verbs("nll_loss", size, (x, y))
    yield from verbs("cross_entropy", f"{size} float64", (inputs.numbers(*SHORT, dtype=np.float64), y))
    yield from verbs("cross_entropy", f"{size} float16", (inputs.numbers(*SHORT, dtype=np.float16), y))
    yield from verbs("cross_entropy", f"{size} one weight a row", (x, y), sample_weight=inputs.unit(rows))
    yield from verbs("cross_entropy", f"{size} no reduction", (x, y), reduction="none")
    yield from verbs("cross_entropy", f"{size} smoothing", (x, y), label_smoothing=0.1, class_weight=weights)
    yield from verbs("cross_entropy", f"{size} distributions", (x, inputs.distributions(*SHORT)))
    y = inputs.below(rows, classes)
    yield from verbs("cross_entropy", f"{size} axis 0", (x, y), axis=0)
    yield from verbs("cross_entropy", f"{classes}x{rows} transposed", (x.T, y))


def functions(inputs):
    for shape in SHAPES:
        x = inputs.numbers(*shape)
        for name in ("softmax", "log_softmax", "logsumexp"):
            out = aligned(np.zeros(shape[0] if name == "logsumexp" else shape, np.float32))
            yield Case("{} {}x{}".format(name, *shape), partial(getattr(fl, name), x, out=out), x.size)
        y = aligned(np.arange(shape[0]) % shape[1])  # nothing drawn: later cases keep their data
        yield Case("label_scores {}x{}".format(*shape), partial(fl.label_scores, x, y), x.size)


def distributions(inputs):
    for shape in (SHAPES[0], SHORT):
        p, q, size = inputs.distributions(*shape), inputs.distributions(*shape), "{}x{}".format(*shape)
        yield from verbs("entropy", size, (p,))
        yield from verbs("kl_divergence", size, (p, q))
        yield from verbs("categorical_cross_entropy", size, (p, q))
    yield from verbs("categorical_cross_entropy", f"{size} negatives", (p, q), include_negatives=True)
    for shape in SHAPES:
        x, y, size = inputs.numbers(*shape), inputs.numbers(*shape), "{}x{}".format(*shape)
        yield from verbs("entropy_with_logits", size, (x,))
        yield from verbs("kl_divergence_with_logits", size, (x, y))
        yield from verbs("kl_divergence_with_logits", f"{size} reverse", (x, y), reverse=True)
        yield from verbs("js_divergence_with_logits", size, (x, y))
    x, y = inputs.numbers(*SHORT), inputs.numbers(*SHORT)
    yield from verbs("kl_divergence_with_logits", "640x100 temperature", (x, y), temperature=2.0)
    x, y = x.astype(np.float64), y.astype(np.float64)
    yield from verbs("kl_divergence_with_logits", "640x100 float64", (x, y))
    yield from verbs("js_divergence_with_logits", "640x100 float64", (x, y))


def elements(inputs):
    """Losses of elements."""
    n = ELEMENTS
    x, y, binary = inputs.numbers(n), inputs.numbers(n), inputs.binary_labels(n)
    for name in ("mse", "l1", "huber", "smooth_l1", "log_cosh"):
        yield from verbs(f"{name}_loss", str(n), (x, y))
    yield from verbs("rmse_loss", str(n), (x, y), reduction="mean")
    yield from verbs("quantile_loss", str(n), (x, y), quantile=0.9)
    yield from verbs("quantile_loss", f"{n} array", (x, y), quantile=np.linspace(0, 1, n))
    yield from verbs("poisson_nll_loss", str(n), (x, inputs.below(5, n, dtype=np.float32)))
    yield from verbs("poisson_nll_loss", f"{n} full", (x, inputs.below(5, n, dtype=np.float32)), full=True)
    yield from verbs("binary_cross_entropy", str(n), (inputs.unit(n), binary))
    yield from verbs("binary_cross_entropy_with_logits", str(n), (x, binary))
    yield from verbs("binary_cross_entropy_with_logits", f"{n} pos_weight", (x, binary), pos_weight=2.0)
    for gamma in (2.0, 1.5):
        yield from verbs("sigmoid_focal_loss", f"{n} gamma {gamma:g}", (x, binary), gamma=gamma)
    doubles = inputs.numbers(n, dtype=np.float64), inputs.numbers(n, dtype=np.float64)
    yield from verbs("sigmoid_focal_loss", f"{n} float64", (doubles[0], binary.astype(np.float64)))
    yield from verbs("mse_loss", f"{n} float64", doubles)
    yield from verbs("mse_loss", f"{n} weights", (x, y), sample_weight=inputs.unit(n))
    yield from verbs("mse_loss", f"{n} no reduction", (x, y), reduction="none")
    yield from verbs("mse_loss", f"{n} every second", (aligned(np.zeros(2 * n, np.float32))[::2], y))
    square = inputs.numbers(256, 256)
    yield from verbs("mse_loss", "256x256 transposed", (square.T, inputs.numbers(256, 256)))
    large = aligned(np.resize(x, STREAMED))
    yield from verbs("mse_loss", f"{STREAMED} by the caches", (large, aligned(np.resize(y, STREAMED))))


def dtypes(inputs):
    """How each dtype is read and written."""
    x = inputs.numbers(ELEMENTS)
    for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        y = inputs.below(100, ELEMENTS, dtype=name)
        yield Case(f"l1_loss {ELEMENTS} of {name}", partial(fl.l1_loss, x, y), ELEMENTS)
    half = inputs.numbers(ELEMENTS, dtype=np.float16)
    yield from verbs("l1_loss", f"{ELEMENTS} float16", (half, half))


def sequences(inputs):
    """CTC, by cells of T N (2S+1)."""
    for frames, batch, classes, length in [(100, 4, 32, 20), (300, 1, 1000, 60)]:
        x, y = inputs.numbers(frames, batch, classes), inputs.below(classes, batch, length, low=1)
        cells, size = frames * batch * (2 * length + 1), f"{frames}x{batch}x{classes}/{length}"
        log_probs = aligned(fl.log_softmax(x))
        yield from verbs("ctc_loss_with_logits", size, (x, y), cells)
        yield from verbs("ctc_loss", size, (log_probs, y), cells)
        for name in ("ctc_align", "ctc_posteriors"):
            yield Case(f"{name} {size}", partial(getattr(fl, name), log_probs, y), cells)
        for width in (1, 10, 100):
            decode = partial(fl.ctc_decode, log_probs, beam_width=width)
            yield Case(f"ctc_decode {frames}x{batch}x{classes} width {width}", decode, frames * batch * width)
    doubles = x.astype(np.float64)
    yield from verbs("ctc_loss_with_logits", f"{size} float64", (doubles, y), cells)
    yield from verbs("ctc_loss_with_logits", f"{size} batch_first", (x.swapaxes(0, 1), y), cells,
                     batch_first=True)  # fmt: skip
    log_probs = log_probs[:, 0]
    yield Case(f"ctc_align {size} star", partial(fl.ctc_align, log_probs, y[0], star=classes), cells)
    candidates = inputs.below(classes, 20, length, low=1)
    yield Case("ctc_score 300x1000, 20 of 60", partial(fl.ctc_score, log_probs, candidates), 20 * cells)
    alike = np.repeat(candidates[:1], 20, axis=0)
    alike[:, -10:] = candidates[:, -10:]
    yield Case("ctc_score 300x1000, 20 alike", partial(fl.ctc_score, log_probs, alike), 20 * cells)
    state = fl.ctc_prefix_score(log_probs[:, :100])
    many = state.extend(0, range(1, 51))
    yield Case("ctc_prefix_score 300x100", partial(fl.ctc_prefix_score, log_probs[:, :100]), 300)
    yield Case("ctc_prefix_score.extend 50 x 300", partial(many.extend, range(50), range(50, 100)), 50 * 300)


def small_calls(inputs):
    """Little to compute: what a call costs."""
    x, y = inputs.numbers(10, 10), inputs.below(10, 10)
    p, a, binary = inputs.distributions(10, 10), inputs.numbers(8), inputs.binary_labels(8)
    yield from verbs("cross_entropy", "10x10", (x, y), small=True)
    yield from verbs("mse_loss", "8", (a, inputs.numbers(8)), small=True)
    yield from verbs("sigmoid_focal_loss", "8", (a, binary), small=True)
    yield from verbs("kl_divergence", "10x10", (p, p), small=True)
    yield from verbs("entropy_with_logits", "10x10", (x,), small=True)
    yield from verbs("nll_loss", "10x10", (x, y), small=True)
    yield Case("softmax 10x10", partial(fl.softmax, x, out=aligned(x)), x.size, True)
    log_probs, target = fl.log_softmax(x), np.array([1, 2, 3])
    yield from verbs("ctc_loss", "10x10/3", (log_probs, target), 70, small=True)
    yield Case("ctc_align 10x10/3", partial(fl.ctc_align, log_probs, target), 70, True)
    yield Case("ctc_decode 10x10", partial(fl.ctc_decode, log_probs), 10, True)
    yield Case("ctc_score 10x10, 2 of 3", partial(fl.ctc_score, log_probs, [target, target]), 140, True)
    yield Case("ctc_score 10x10, 1 of 3", partial(fl.ctc_score, log_probs, [[1, 2, 3]]), 70, True)
    yield Case("ctc_posteriors 10x10/3", partial(fl.ctc_posteriors, log_probs, target), 70, True)
    state = fl.ctc_prefix_score(log_probs)
    yield Case("ctc_prefix_score.extend 2 x 10", partial(state.extend, 0, [1, 2]), 20, True)
    several = aligned(np.repeat(log_probs[:, None], 2, axis=1)), [[1, 2, 3], [4, 5]], [10, 9]
    yield from verbs("ctc_loss", "10x2x10/3 lists", several, 120, small=True)
    for dtype in ("int32", "uint8"):
        yield from verbs("cross_entropy", f"10x10 {dtype} labels", (x, aligned(y.astype(dtype))), small=True)


def comparisons(inputs):
    for rows, classes in SHAPES[1:]:
        x, y, labels = inputs.numbers(rows, classes), inputs.numbers(rows, classes), inputs.below(classes, rows)
        yield Case(f"LogitsComparison {rows}x{classes}", partial(fl.LogitsComparison().update, x, y, labels), x.size)


class OldGenerator(np.random.RandomState):
    """Of which the table can draw as of a new one."""

    integers = np.random.RandomState.randint


def of_the_table(row):
    """A loss as its row has it: with its defaults, and with the first options that give it a curvature."""
    random = OldGenerator(20260213)
    several = [row.options[0]]
    several += [row.curved_options] if row.curved_options not in (None, *several) else []
    for shape in STANDARD[row.family]:
        arrays = [aligned(array) for array in row.draw(random, shape, np.float32)]
        for options in several:
            words = ["x".join(map(str, shape)), *(f"{name}={value}" for name, value in options.items())]
            keywords = with_arrays(options, random, shape[-1]) | ({"reduction": "mean"} if row.is_of_all else {})
            yield from verbs(row.name, " ".join(words), arrays, has_curvature=row.has_curvature(options), **keywords)


def counted(cases):
    """The names of the functions that are called."""
    return {case.name.partition(" ")[0].partition(".")[0] for case in cases}


def all_cases():
    inputs = Inputs()
    families = (labelled_rows, functions, distributions, elements, dtypes, sequences, small_calls, comparisons)
    cases = [case for family in families for case in family(inputs)]
    known = counted(cases)
    return cases + [case for row in LOSSES if row.name not in known for case in of_the_table(row)]


def missing(cases):
    """Public functions that compute and of which there is no case; losses have theirs from the table. What is mostly
    products has none: those are another library's."""
    rows = ("softmax", "log_softmax", "logsumexp", "label_scores")
    plain = {*rows, *(name for name in fl.__all__ if name.startswith("ctc_"))}
    return sorted({*plain, *public_losses()} - counted(cases) - {*OF_THEIR_OWN})


def main():
    requests = ctypes.PyDLL(sys.argv[1])
    fl.set_num_threads(1)
    cases = all_cases()
    if missing(cases):
        sys.exit(f"error: no case for {', '.join(missing(cases))}: add it to {__file__}")
    gc.disable()
    for case in cases:
        for _ in range(WARM_UP if case.small else 1):
            case.call()
    requests.start()
    for case in cases:
        case.call()
        requests.zero()
        for _ in range(REPEATS if case.small else 1):
            case.call()
        requests.dump(case.name.encode())
    requests.stop()
    shown = [{"name": case.name, "items": case.items, "small": case.small} for case in cases]
    print(json.dumps({"repeats": REPEATS, "cases": shown}))


if __name__ == "__main__":
    main()
