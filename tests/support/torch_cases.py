"""The functions of fastloss.torch, each with the arguments that its tests draw."""

from dataclasses import dataclass, field

import torch
from torch.nn import functional as F

import fastloss.torch as ours


@dataclass
class Case:
    """A function, its inputs and its options; `peer` is the function that it must agree with."""

    label: str
    name: str
    draw: object  # of a generator: the input and the tensors that follow it
    options: dict = field(default_factory=dict)
    peer: object = None
    reductions: tuple = ("mean", "sum", "none")

    @property
    def function(self):
        return getattr(ours, self.name)

    def __post_init__(self):
        self.peer = self.peer or getattr(F, self.name)


def normal(generator, *shape):
    return torch.randn(shape, generator=generator, dtype=torch.float64) * 2


def unit(generator, *shape):
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 0.98 + 0.01


def labels(generator, classes, *shape):
    return torch.randint(0, classes, shape, generator=generator)


def some_ignored(target, index=-100):
    target = target.clone()
    target.view(-1)[::3] = index
    return target


def of_labels(*shape, ignored=None):
    """Scores of a shape, and a label of each row."""

    def draw(generator):
        classes = shape[1] if len(shape) > 1 else shape[0]
        target = labels(generator, classes, *shape[:1], *shape[2:]) if len(shape) > 1 else labels(generator, classes)
        return normal(generator, *shape), target if ignored is None else some_ignored(target, ignored)

    return draw


def of_distributions(generator):
    return normal(generator, 4, 6, 3), torch.softmax(normal(generator, 4, 6, 3), 1)


def log_softmax_first(draw):
    def made(generator):
        x, *rest = draw(generator)
        return torch.log_softmax(x, 1 if x.dim() > 1 else 0), *rest

    return made


def two(first, second):
    return lambda generator: (first(generator, 5, 7), second(generator, 5, 7))


def counts(generator, *shape):
    return torch.randint(0, 9, shape, generator=generator).double()


def logs(generator, *shape):
    return torch.log_softmax(normal(generator, *shape), -1)


def sequences(generator, one=False, joined=False):
    """(T, N, C), targets, lengths of both."""
    frames, batch, classes = 12, 3, 5
    x = torch.log_softmax(normal(generator, frames, batch, classes), -1)
    targets = labels(generator, classes - 1, batch, 4) + 1
    lengths = torch.tensor([12, 10, 9]), torch.tensor([4, 2, 3])
    if one:
        return x[:, 0], targets[0], torch.tensor(12), torch.tensor(4)
    if joined:
        targets = torch.cat([row[:n] for row, n in zip(targets, lengths[1], strict=True)])
    return x, targets, *lengths


def sigmoid_focal(x, y, alpha=0.25, gamma=2.0, reduction="none"):
    """As torchvision writes it."""
    p = torch.sigmoid(x)
    cost = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    loss = cost * (1 - (p * y + (1 - p) * (1 - y))) ** gamma
    if alpha >= 0:
        loss = (alpha * y + (1 - alpha) * (1 - y)) * loss
    return loss if reduction == "none" else getattr(loss, reduction)()


def softmax_focal(x, y, alpha=None, gamma=2.0, ignore_index=-100, reduction="mean"):
    counted = y != ignore_index
    safe = torch.where(counted, y, 0)
    log_p = torch.log_softmax(x, 1).gather(1, safe.unsqueeze(1)).squeeze(1)
    loss = -((1 - log_p.exp()) ** gamma) * log_p * counted
    if alpha is not None:
        loss = loss * alpha[safe]
    if reduction == "mean":
        return loss.sum() / counted.sum()
    return loss if reduction == "none" else loss.sum()


def ctc_from_logits(x, *rest, **options):
    return F.ctc_loss(torch.log_softmax(x, -1), *rest, **options)


def rates(input, target, **options):
    return F.poisson_nll_loss(input, target, log_input=False, **options)


WEIGHT = torch.tensor([0.5, 2.0, 1.0, 0.0, 3.0, 0.25], dtype=torch.float64)
POSITIVE = torch.linspace(0.5, 2, 7, dtype=torch.float64)
OF_EACH = torch.linspace(0, 3, 35, dtype=torch.float64).reshape(5, 7)
KL = ("batchmean", "sum", "none")
SMOOTH = {"label_smoothing": 0.2}

CASES = [
    Case("cross_entropy", "cross_entropy", of_labels(9, 6)),
    Case("cross_entropy of images", "cross_entropy", of_labels(2, 6, 3, 4, ignored=-100), {"weight": WEIGHT}),
    Case("cross_entropy of one row", "cross_entropy", of_labels(6)),
    Case("cross_entropy, ignored", "cross_entropy", of_labels(9, 6, ignored=2), {"ignore_index": 2}),
    Case("cross_entropy, smoothed", "cross_entropy", of_labels(9, 6, ignored=-100), SMOOTH),
    Case("cross_entropy, smoothed, weighted", "cross_entropy", of_labels(9, 6), {**SMOOTH, "weight": WEIGHT}),
    Case("cross_entropy of distributions", "cross_entropy", of_distributions, {**SMOOTH, "weight": WEIGHT}),
    Case("nll_loss", "nll_loss", log_softmax_first(of_labels(9, 6)), {"weight": WEIGHT}),
    Case("nll_loss of images", "nll_loss", log_softmax_first(of_labels(2, 6, 3, 4, ignored=5)), {"ignore_index": 5}),
    Case("nll_loss of one row", "nll_loss", log_softmax_first(of_labels(6))),
    Case("binary_cross_entropy", "binary_cross_entropy", two(unit, unit)),
    Case("binary_cross_entropy, weighted", "binary_cross_entropy", two(unit, unit), {"weight": POSITIVE}),
    Case("with_logits", "binary_cross_entropy_with_logits", two(normal, unit)),
    Case("with_logits, weighted", "binary_cross_entropy_with_logits", two(normal, unit),
         {"weight": OF_EACH, "pos_weight": POSITIVE}),
    Case("kl_div", "kl_div", two(logs, unit), reductions=KL),
    Case("kl_div, log_target", "kl_div", two(logs, logs), {"log_target": True}, reductions=KL),
    Case("l1_loss", "l1_loss", two(normal, normal)),
    Case("l1_loss, weighted", "l1_loss", two(normal, normal), {"weight": OF_EACH}),
    Case("mse_loss", "mse_loss", two(normal, normal)),
    Case("mse_loss, weighted", "mse_loss", two(normal, normal), {"weight": OF_EACH}),
    Case("huber_loss", "huber_loss", two(normal, normal), {"delta": 0.7}),
    Case("huber_loss, weighted", "huber_loss", two(normal, normal), {"weight": OF_EACH}),
    Case("smooth_l1_loss", "smooth_l1_loss", two(normal, normal), {"beta": 0.7}),
    Case("smooth_l1_loss, beta 0", "smooth_l1_loss", two(normal, normal), {"beta": 0.0}),
    Case("poisson_nll_loss", "poisson_nll_loss", two(normal, counts)),
    Case("poisson_nll_loss of rates", "poisson_nll_loss", two(unit, counts), {"log_input": False, "eps": 1e-3}),
    Case("sigmoid_focal_loss", "sigmoid_focal_loss", two(normal, unit), {"gamma": 1.5}, sigmoid_focal),
    Case("sigmoid_focal_loss, no alpha", "sigmoid_focal_loss", two(normal, unit), {"alpha": -1}, sigmoid_focal),
    Case("softmax_focal_loss", "softmax_focal_loss", of_labels(9, 6, ignored=-100), {"alpha": WEIGHT}, softmax_focal),
    Case("softmax_focal_loss of images", "softmax_focal_loss", of_labels(2, 6, 3, 4), {"gamma": 0.5}, softmax_focal),
    Case("ctc_loss", "ctc_loss", sequences),
    Case("ctc_loss, joined", "ctc_loss", lambda generator: sequences(generator, joined=True), {"zero_infinity": True}),
    Case("ctc_loss of one", "ctc_loss", lambda generator: sequences(generator, one=True)),
    Case("ctc_loss_with_logits", "ctc_loss_with_logits", sequences, {"blank": 0}, ctc_from_logits),
]  # fmt: skip


def drawn(case, dtype=torch.float64, seed=20261128):
    """The input, the other tensors and the options; numbers of the first and of weights are of the dtype."""
    x, *others = case.draw(torch.Generator().manual_seed(seed))
    others = [other.to(dtype) if other.is_floating_point() else other for other in others]
    options = {name: value.to(dtype) if isinstance(value, torch.Tensor) else value
               for name, value in case.options.items()}  # fmt: skip
    return x.to(dtype), others, options


def with_log_softmax(case, function):
    """PyTorch's gradient of CTC is right behind log_softmax only."""
    if case.name != "ctc_loss":
        return function
    return lambda x, *others, **options: function(torch.log_softmax(x, -1), *others, **options)
