"""Holds the results of a rearranged kernel to those of before, bit by bit.

    python tools/checks/result_bits.py --save before.json       # with the old build
    python tools/checks/result_bits.py --compare before.json    # with the new one

The calls are those whose instructions are counted (instruction_cases.py), and the losses on awkward numbers: masked
classes, NaN, infinities, weights of 0, ragged sequences, every dtype. Both builds must be for the same processor; a
figure is a hash of everything that a call returns. Not a test of what is right, which tests/ is, and so not in CI.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import fastloss as fl
from fastloss import _kernels

sys.path.insert(0, str(Path(__file__).resolve().parent))
from instruction_cases import all_cases

DTYPES = ("float32", "float64", "float16", "int32")
ROWS = [(67, 7), (35, 100), (9, 130), (2, 5003), (40, 1)]
REDUCTIONS = ("mean", "sum", "none")


def digest(result):
    """Of arrays, numbers, and what holds them."""
    if dataclasses.is_dataclass(result):
        result = dataclasses.astuple(result)
    if isinstance(result, fl.CTCPrefixState):
        result = result.scores, result.complete, result.labels
    if isinstance(result, (tuple, list)):
        return hashlib.sha256("".join(map(digest, result)).encode()).hexdigest()[:16]
    array = np.array(result)
    if array.dtype.kind == "f":
        array[np.isnan(array)] = np.nan  # which of two NaNs an operation passes on is the compiler's choice
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def awkward(rng, shape, dtype, spread=4.0):
    """Scores with masks, NaN, infinities and very large numbers."""
    x = rng.standard_normal(shape) * spread
    if not dtype.startswith("int"):
        flat = x.reshape(-1)
        for value in (-np.inf, np.inf, np.nan, 1e4, -1e4, 0.0, -0.0):
            flat[rng.randint(0, flat.size, max(1, flat.size // 200))] = value
    return x.astype(dtype)


def probabilities(rng, shape, dtype):
    p = np.exp(rng.standard_normal(shape) * 2)
    p /= p.sum(axis=-1, keepdims=True)
    p.reshape(-1)[rng.randint(0, p.size, max(1, p.size // 50))] = 0
    return p.astype(dtype) if dtype != "int32" else (p > 0.5).astype(dtype)


def verbs(name, arguments, **options):
    """(name, call) of every verb that the loss has."""
    loss = getattr(fl, name)
    about = " ".join(f"{key}={value}" for key, value in options.items() if np.ndim(value) == 0)
    for verb in ("__call__", "grad", "value_and_grad", *(["grad_and_hess"] if loss.has_curvature else [])):
        yield (
            f"{name}.{verb} {arguments[0].shape} {arguments[0].dtype} {about}",
            (lambda verb=verb: getattr(loss, verb)(*arguments, **options)),
        )


def elementwise(rng, dtype, reduction):
    shape = (7, 311)
    x, y = awkward(rng, shape, dtype), awkward(rng, shape, dtype)
    weight = rng.uniform(0, 2, shape)
    weight[:, ::7] = 0
    p, q = rng.uniform(0, 1, (2, *shape))
    p[0, :9], q[:, 5] = (0, 1, 0, 1, 0.5, 0, 1, 0, 1), 0
    options = {"huber_loss": {"delta": 0.7}, "smooth_l1_loss": {"beta": 0.3}, "quantile_loss": {"quantile": 0.2}}
    for name in ("l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss", "log_cosh_loss", "quantile_loss"):
        yield from verbs(name, (x, y), reduction=reduction)
        yield from verbs(name, (x, y[:1]), reduction=reduction, sample_weight=weight, **options.get(name, {}))
    yield from verbs("quantile_loss", (x, y), reduction=reduction, quantile=np.linspace(0, 1, shape[-1]))
    for full in (False, True):
        yield from verbs("poisson_nll_loss", (x, np.abs(q * 9).round()), reduction=reduction, full=full)
    if reduction == "mean":
        yield from verbs("rmse_loss", (x, y))
        yield from verbs("rmse_loss", (x, y), sample_weight=weight)
    for target in (q, (q > 0.5).astype(np.int64)):
        yield from verbs("binary_cross_entropy_with_logits", (x, target), reduction=reduction)
        yield from verbs("binary_cross_entropy_with_logits", (x, target), reduction=reduction, pos_weight=2.5)
        for gamma in (0, 0.5, 1, 2, 3.3):
            yield from verbs("sigmoid_focal_loss", (x, target), reduction=reduction, gamma=gamma)
        yield from verbs("sigmoid_focal_loss", (x, target), reduction=reduction, alpha=None, sample_weight=weight)
        if dtype != "int32":
            yield from verbs("binary_cross_entropy", (p.astype(dtype), target), reduction=reduction)


def rowwise(rng, shape, dtype, reduction):
    rows, classes = shape
    x, z = awkward(rng, shape, dtype), awkward(rng, shape, dtype)
    labels = rng.randint(0, classes, rows)
    labels[1::5] = -100
    weight, class_weight = rng.uniform(0, 2, rows), rng.uniform(0, 2, classes)
    weight[::4] = 0
    p, q = probabilities(rng, shape, dtype), probabilities(rng, shape, "float64")
    for more in ({}, {"sample_weight": weight}):
        more = {"reduction": reduction, **more}
        yield from verbs("cross_entropy", (x, labels), **more)
        yield from verbs("cross_entropy", (x, labels), class_weight=class_weight, **more)
        yield from verbs("cross_entropy", (x, labels), class_weight=class_weight, label_smoothing=0.2, **more)
        yield from verbs("cross_entropy", (x, q), class_weight=class_weight, **more)
        yield from verbs("nll_loss", (x, labels), class_weight=class_weight, **more)
        for gamma in (0, 0.5, 1, 2, 3.3):
            yield from verbs("softmax_focal_loss", (x, labels), gamma=gamma, **more)
        yield from verbs("softmax_focal_loss", (x, labels), alpha=class_weight / 2, **more)
        yield from verbs("entropy_with_logits", (x,), base=2, **more)
        yield from verbs("kl_divergence_with_logits", (x, z), **more)
        yield from verbs("kl_divergence_with_logits", (x, z), temperature=2.5, **more)
        yield from verbs("kl_divergence_with_logits", (x, z), reverse=True, **more)
        yield from verbs("js_divergence_with_logits", (x, z), beta=0.3, **more)
        yield from verbs("entropy", (p,), base=2, **more)
        yield from verbs("kl_divergence", (p, q), **more)
        yield from verbs("categorical_cross_entropy", (p, q), **more)
        yield from verbs("categorical_cross_entropy", (p, q), include_negatives=True, **more)
    yield f"label_scores {shape} {dtype}", lambda: fl.label_scores(x, labels)
    for name in ("softmax", "log_softmax", "logsumexp"):
        yield f"{name} {shape} {dtype}", lambda name=name: getattr(fl, name)(x)
        yield f"{name} {shape} {dtype} axis 0", lambda name=name: getattr(fl, name)(x, axis=0)


def ctc(rng, shape, dtype, reduction):
    frames, batch, classes, length = shape
    x = (rng.standard_normal((frames, batch, classes)) * 5).astype(dtype)
    if dtype != "int32":
        x[frames // 3, 0, ::3], x[frames // 2, 1, 1] = -np.inf, -300
        x[0, 2 % batch, 1] = np.nan
    targets = rng.randint(1, classes, (batch, length))
    targets[-1] = targets[-1, 0]
    lengths = {
        "input_lengths": rng.randint(frames // 2, frames + 1, batch),
        "target_lengths": rng.randint(0, length + 1, batch),
    }
    for name in ("ctc_loss", "ctc_loss_with_logits"):
        for more in ({}, lengths, {**lengths, "infeasible": "zero", "sample_weight": rng.uniform(0, 2, batch)}):
            yield from verbs(name, (x, targets), reduction=reduction, **more)
    if reduction == "none":
        about = f"{shape} {dtype}"
        yield f"ctc_align {about}", lambda: fl.ctc_align(x, targets, **lengths, infeasible="inf")
        yield f"ctc_align star {about}", lambda: fl.ctc_align(x, targets, infeasible="inf", star=1, star_cost=0.5)
        yield f"ctc_posteriors {about}", lambda: fl.ctc_posteriors(x, targets, **lengths, infeasible="zero")
        yield f"ctc_score {about}", lambda: fl.ctc_score(x[:, 1], [*list(targets), [], [1]])
        known = np.nan_to_num(x, nan=0.0)
        for width in (1, 2, 20):
            yield (
                f"ctc_decode {about} width {width}",
                lambda width=width: [
                    (found.labels, found.score, found.frames)
                    for [found] in fl.ctc_decode(known, lengths["input_lengths"], beam_width=width)
                ],
            )
        state = fl.ctc_prefix_score(x[:, 1])
        yield f"ctc_prefix_score {about}", lambda: state.extend(0, list(range(1, classes)))
        yield f"extend {about}", lambda: state.extend(0, [1, 2]).extend([0, 1, 1], [2, 1, 2])


def all_calls():
    for case in all_cases():
        yield case.name, case.call
    for dtype in DTYPES:
        for reduction in REDUCTIONS:
            rng = np.random.RandomState(20261127)
            yield from elementwise(rng, dtype, reduction)
            for shape in ROWS:
                yield from rowwise(rng, shape, dtype, reduction)
            for shape in ((12, 5, 6, 4), (150, 4, 40, 30), (700, 3, 300, 200), (60, 4, 20, 17)):
                yield from ctc(rng, shape, dtype, reduction)


def figures():
    found = {}
    for name in _kernels.supported():
        with _kernels.use(name), np.errstate(all="ignore"):
            seen = Counter()
            for about, call in all_calls():
                seen[about] += 1
                key = f"{name} {about} #{seen[about]}"
                try:
                    found[key] = digest(call())
                except (ValueError, TypeError) as error:
                    found[key] = str(error)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--save", type=Path, metavar="FILE")
    what.add_argument("--compare", type=Path, metavar="FILE")
    args = parser.parse_args()
    found = figures()
    if args.save:
        args.save.write_text(json.dumps(found, indent=0))
        print(f"{len(found)} results written to {args.save}")
        return
    before = json.loads(args.compare.read_text())
    wrong = [name for name in found if name in before and found[name] != before[name]]
    gone = [name for name in before if name not in found and name.split()[0] in _kernels.supported()]
    for name in [*wrong[:40], *(f"{name}: not there any more" for name in gone[:10])]:
        print(f"error: {name}")
    print(f"{len(found)} results, {len(wrong)} with other bits")
    sys.exit(bool(wrong or gone))


if __name__ == "__main__":
    main()
