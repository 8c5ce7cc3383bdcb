"""Train a language model's last layer in a memory that its logits do not fit.

    python examples/train_last_layer.py [--seed 0] [--steps 200] [--out words.png] [--memory 96]

The model of word_model.py gives a score to every word that occurs in the docstrings of Python's standard library. With
4096 words in a step and a vocabulary of about 11,000, these scores alone take 180 MiB, and as much again for their
gradient. The process is not allowed that much: `--memory` is how many MiB it may have beyond what it has when training
begins. So the usual way, which is tried first, ends with a MemoryError. `linear_cross_entropy` computes value and
gradients by blocks of rows instead, and takes as long.

It prints a progress bar with the loss, and the perplexity of held-out docstrings: among how many words, all as likely,
the model has to choose. It draws a picture of what it thinks comes next.

Needs matplotlib and tqdm besides fastloss: pip install -e ".[examples]"
"""

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import contextlib
import math
import sys

import numpy as np
from matplotlib.figure import Figure
from word_model import CONTEXT, Model, by_blocks, load_text, train

import fastloss as fl

BATCH = 4096  # words in a step
MIB = 1 << 20


def usual_way(inputs, weight, labels, bias):
    """Value and gradients of the last layer, with all logits at once."""
    logits = inputs @ weight.T
    logits += bias
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    return value, (grad @ weight, grad.T @ inputs, grad.sum(axis=0))


@contextlib.contextmanager
def memory_limit(mib):
    """No more than so many MiB beyond what the process has. Yields whether there is such a limit: only Linux has it."""
    if not sys.platform.startswith("linux"):
        yield False
        return
    import resource

    with open("/proc/self/statm") as file:
        data = int(file.read().split()[5]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data + mib * MIB, before[1]))
    try:
        yield True
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def perplexity_of_frequencies(words, trained, held_out):
    """That of a model which knows how often each word occurs, and has seen each once more."""
    shares = (np.bincount(trained, minlength=words) + 1) / (len(trained) + words)
    return math.exp(-np.log(shares[held_out]).mean())


def try_usual_way(model, text, mib):
    """One step of it, of which nothing is kept."""
    contexts, labels = (array[:BATCH] for array in text)
    size = len(labels) * model.words * 4 / MIB
    try:
        usual_way(model.inputs(contexts), model.weight, labels, model.bias)
    except MemoryError:
        print(f"the usual way: MemoryError, as {mib} MiB do not hold {size:.0f} MiB of logits and as much of gradient")
    else:
        print(f"the usual way: {size:.0f} MiB of logits and as much of gradient fit the memory of this process")


def draw(model, vocabulary, text, path):
    """The most likely next words of some held-out contexts; in colour the one that came."""
    contexts, labels = text
    chosen = np.linspace(CONTEXT, len(labels) - 1, 400).astype(int)
    chosen = chosen[(contexts[chosen] > 20).all(axis=1) & (labels[chosen] > 20)][:6]  # no beginnings, no punctuation
    of_words = fl.softmax(model.logits(contexts[chosen]), axis=-1)
    figure = Figure(figsize=(11, 5.5), dpi=150, layout="constrained")
    grid = figure.subplots(2, 3).flat
    for axes, place, probabilities in zip(grid, chosen, of_words, strict=False):
        best = np.argsort(-probabilities, kind="stable")[:6][::-1]
        colours = ["#1b6e3c" if word == labels[place] else "#9aa5b1" for word in best]
        axes.barh([vocabulary[word] for word in best], probabilities[best], color=colours)
        came = f"{vocabulary[labels[place]]} ({probabilities[labels[place]]:.2g})"
        axes.set_title(f"… {' '.join(vocabulary[word] for word in contexts[place])} → {came}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Held-out docstrings: what comes next, and its probability; in green what came")
    figure.savefig(path)


def main():
    parser = command_line.parser(__doc__.partition("\n")[0])
    command_line.add_training_arguments(parser, picture="words.png", steps=200, words=f"each with {BATCH} words")
    parser.add_argument(
        "--memory", metavar="MIB", type=command_line.integer_from(80), default=96, help="memory for training, in MiB"
    )
    arguments = parser.parse_args()

    vocabulary, text, held_out = load_text()
    model = Model(np.random.default_rng(arguments.seed), len(vocabulary))
    print(f"{len(text[1]):,} words to train with, {len(held_out[1]):,} held out, a vocabulary of {len(vocabulary):,}")
    by_blocks(model.inputs(text[0][:8]), model.weight, text[1][:8], model.bias)  # BLAS has its own buffers from now on
    with memory_limit(arguments.memory) as is_limited:
        if is_limited:
            try_usual_way(model, text, arguments.memory)
        else:
            print("this system has no limit of memory that a program could set: trained without")
        train(model, text, arguments.seed, arguments.steps, BATCH)
        by_frequency = perplexity_of_frequencies(len(vocabulary), text[1], held_out[1])
        print(f"perplexity of held-out words by their frequency alone: {by_frequency:.1f}")
        print(f"perplexity of held-out words by the model: {model.perplexity(*held_out):.1f}")
    draw(model, vocabulary, held_out, arguments.out)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
