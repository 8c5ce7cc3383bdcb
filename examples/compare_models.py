"""What a language model loses when its weights are rounded to 8 and 4 bits.

    python examples/compare_models.py [--seed 0] [--steps 200] [--out quantised.png] [--group 32]

The model of word_model.py is trained on the docstrings of Python's standard library. Then its weights are quantised as
many models are: in groups of 32, each with a scale in float16, and 8 or 4 bits for each weight. Held-out docstrings go
through the original and through both copies, a block of words at a time. `fastloss.LogitsComparison` compares each
copy's logits with the original's, word by word: how far is the one distribution from the other, do both think the same
word the most likely one, how much does the probability of the right word change. `fastloss.label_scores` says how good
each model is by itself. No block of logits is kept.

It prints progress bars, a line for each model and a table for each copy, and draws a picture of what has changed.

Needs matplotlib and tqdm besides fastloss: pip install -e ".[examples]"
"""

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import argparse
import copy
import math

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm
from word_model import FEATURES, Model, load_text, train

import fastloss as fl

BATCH = 1024  # words in a step of training, and in a block of held-out ones
BITS = 8, 4
SCALE_BITS = 16  # a scale is a float16
FEW = 5  # the right word may be among so many


def quantised(array, bits, group):
    """The numbers that codes of so many bits stand for: whole multiples of a scale, which each group along the last
    axis has for itself. The largest number of a group has the largest code."""
    groups = array.reshape(*array.shape[:-1], -1, group)
    largest = 2 ** (bits - 1) - 1
    scales = (np.abs(groups).max(axis=-1, keepdims=True) / largest).astype(np.float16).astype(np.float32)
    codes = np.rint(groups / np.where(scales > 0, scales, 1)).clip(-largest, largest).astype(np.int8)
    return (codes * scales).reshape(array.shape)


def quantised_model(model, bits, group):
    """A copy with rounded weights. The bias stays: it is small, and moves every probability of its word."""
    rounded = copy.copy(model)
    rounded.vectors, rounded.weight = (quantised(array, bits, group) for array in (model.vectors, model.weight))
    return rounded


class Scores:
    """How good a model is by itself: sums over the words that have been seen."""

    def __init__(self):
        self.nats = self.right = self.among_few = self.count = 0

    def update(self, logits, labels):
        found = fl.label_scores(logits, labels)
        self.nats -= found.log_prob.sum(dtype=float)
        self.right += np.count_nonzero(found.rank == 0)
        self.among_few += np.count_nonzero(found.rank < FEW)
        self.count += len(labels)

    def line(self, name, size):
        share, shares = self.right / self.count, self.among_few / self.count
        return (
            f"{name:>8}: {size / 2**20:5.1f} MiB of weights, perplexity {math.exp(self.nats / self.count):.2f}, "
            f"the right word first {share:.2%}, among the first {FEW} {shares:.2%}"
        )


def size_of(model, bits, group=None):
    """Bytes of what is quantised."""
    return (model.vectors.size + model.weight.size) * (bits + (SCALE_BITS / group if group else 0)) / 8


def compare(model, copies, text):
    """Scores of the model and of its copies, and the comparison of each copy with the model."""
    contexts, labels = text
    scores = [Scores() for _ in (model, *copies)]
    comparisons = [fl.LogitsComparison() for _ in copies]
    for start in tqdm(range(0, len(labels), BATCH), unit=" words", unit_scale=BATCH, desc="comparing"):
        block = slice(start, start + BATCH)
        reference = model.logits(contexts[block])
        scores[0].update(reference, labels[block])
        for rounded, of_copy, comparison in zip(copies, scores[1:], comparisons, strict=True):
            logits = rounded.logits(contexts[block])
            of_copy.update(logits, labels[block])
            comparison.update(logits, reference, labels[block])
    return scores, comparisons


def draw(comparisons, path):
    """One below the other, on the same axis."""
    figure = Figure(figsize=(9, 3.2 * len(BITS)), dpi=150, layout="constrained")
    for axes, bits, comparison in zip(figure.subplots(len(BITS), sharex=True), BITS, comparisons, strict=True):
        comparison.plot(axes)
        axes.set_title(f"{bits} bits", loc="left")
        axes.label_outer()
    figure.suptitle("Held-out docstrings: how far quantised weights are from the original")
    figure.savefig(path)


def divisor_of_features(text):
    group = command_line.integer_from(1)(text)
    if FEATURES % group:
        raise argparse.ArgumentTypeError(f"must divide {FEATURES}, got {group}")
    return group


def main():
    parser = command_line.parser(__doc__.partition("\n")[0])
    command_line.add_training_arguments(parser, picture="quantised.png", steps=200, words=f"each with {BATCH} words")
    parser.add_argument("--group", metavar="N", type=divisor_of_features, default=32, help="weights that share a scale")
    arguments = parser.parse_args()

    vocabulary, text, held_out = load_text()
    model = Model(np.random.default_rng(arguments.seed), len(vocabulary))
    print(f"{len(text[1]):,} words to train with, {len(held_out[1]):,} held out, a vocabulary of {len(vocabulary):,}")
    train(model, text, arguments.seed, arguments.steps, BATCH)
    copies = [quantised_model(model, bits, arguments.group) for bits in BITS]
    scores, comparisons = compare(model, copies, held_out)
    print(scores[0].line("original", size_of(model, 32)))
    for bits, of_copy in zip(BITS, scores[1:], strict=True):
        print(of_copy.line(f"{bits} bits", size_of(model, bits, arguments.group)))
    for bits, comparison in zip(BITS, comparisons, strict=True):
        print(f"\n{bits} bits compared with the original\n{comparison}")
    draw(comparisons, arguments.out)
    print(f"\nwrote {arguments.out}")


if __name__ == "__main__":
    main()
