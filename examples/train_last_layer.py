"""Train a language model's last layer in a memory that its logits do not fit.

    python examples/train_last_layer.py [--seed 0] [--steps 200] [--out words.png] [--memory 96]

The text is English: the docstrings of Python's standard library, 1.7 million characters. The model is a log-bilinear
one: a word before the next one has a vector for each distance, their sum goes into the last layer, and that gives a
score to every word of the vocabulary. With 4096 words in a step and a vocabulary of about 11,000, these scores alone
take 180 MiB, and as much again for their gradient. The process is not allowed that much: `--memory` is how many MiB it
may have beyond what it has when training begins. So the usual way, which is tried first, ends with a MemoryError.
`linear_cross_entropy` computes value and gradients by blocks of rows instead, and takes as long.

It prints a progress bar with the loss, and the perplexity of held-out docstrings: among how many words, all as likely,
the model has to choose. It draws a picture of what it thinks comes next.

Needs matplotlib and tqdm besides fastloss: pip install -e ".[examples]"
"""

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import ast
import contextlib
import math
import re
import sys
import sysconfig
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import fastloss as fl

CONTEXT = 3  # words before the next one
FEATURES = 64
BATCH = 4096  # words in a step
HELD_OUT = 10  # one docstring in so many is not trained with
MIB = 1 << 20
MAX_BYTES = 16 * MIB  # of linear_cross_entropy, beside its arguments and results
NO_DOCSTRINGS = {"site-packages", "dist-packages", "test", "tests", "idlelib", "__pycache__"}


def docstrings():
    """Those of the standard library, in the order of its files."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if NO_DOCSTRINGS & {*path.relative_to(library).parts}:
            continue
        with warnings.catch_warnings(), contextlib.suppress(SyntaxError, ValueError, OSError):
            warnings.simplefilter("ignore")
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield ast.get_docstring(node) or ""


def load_text():
    """The vocabulary, and (contexts, next words) to train with and held out: numbers of words, 0 before the first."""
    texts = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in docstrings()]
    texts = [words for words in texts if len(words) > CONTEXT]
    counts = Counter(word for words in texts for word in words)
    vocabulary = ["", *sorted(counts, key=lambda word: (-counts[word], word))]
    number = {word: place for place, word in enumerate(vocabulary)}
    parts = [[], []]
    for place, words in enumerate(texts):
        numbers = np.array([0] * CONTEXT + [number[word] for word in words])
        parts[place % HELD_OUT == 0].append(np.lib.stride_tricks.sliding_window_view(numbers, CONTEXT + 1))
    train, held_out = (np.concatenate(part) for part in parts)
    return vocabulary, (train[:, :-1], train[:, -1]), (held_out[:, :-1], held_out[:, -1])


def usual_way(inputs, weight, labels, bias):
    """Value and gradients of the last layer, with all logits at once."""
    logits = inputs @ weight.T
    logits += bias
    value, grad = fl.cross_entropy.value_and_grad(logits, labels)
    return value, (grad @ weight, grad.T @ inputs, grad.sum(axis=0))


def by_blocks(inputs, weight, labels, bias):
    """The same, in MAX_BYTES."""
    return fl.linear_cross_entropy.value_and_grad(inputs, weight, labels, bias=bias, max_bytes=MAX_BYTES)


class Model:
    """A vector for each word at each distance, and the last layer."""

    def __init__(self, rng, words):
        self.words = words
        self.vectors = rng.standard_normal((CONTEXT, words, FEATURES), np.float32) * np.float32(0.1)
        self.weight = np.zeros((words, FEATURES), np.float32)
        self.bias = np.zeros(words, np.float32)
        self.squares = [np.full_like(array, 1e-8) for array in (self.vectors, self.weight, self.bias)]

    def inputs(self, contexts):
        return sum(vectors[words] for vectors, words in zip(self.vectors, contexts.T, strict=True))

    def train_step(self, contexts, labels, rate, way):
        """One step of Adagrad; the loss before it."""
        inputs = self.inputs(contexts)
        loss, (grad_inputs, grad_weight, grad_bias) = way(inputs, self.weight, labels, self.bias)
        self.adapt(self.weight, self.squares[1], grad_weight, rate)
        self.adapt(self.bias, self.squares[2], grad_bias, rate)
        for vectors, squares, words in zip(self.vectors, self.squares[0], contexts.T, strict=True):
            grad = np.zeros_like(vectors)
            np.add.at(grad, words, grad_inputs)
            self.adapt(vectors, squares, grad, rate)
        return loss

    @staticmethod
    def adapt(parameter, squares, gradient, rate):
        squares += gradient * gradient
        parameter -= rate * gradient / np.sqrt(squares)

    def perplexity(self, contexts, labels):
        loss = fl.linear_cross_entropy(self.inputs(contexts), self.weight, labels, bias=self.bias, max_bytes=MAX_BYTES)
        return math.exp(loss)

    def probabilities(self, contexts):
        return fl.softmax(self.inputs(contexts) @ self.weight.T + self.bias, axis=-1)


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


def train(model, text, seed, steps, top_rate=0.15):
    contexts, labels = text
    rng = np.random.default_rng(seed)
    losses = []
    bar = tqdm(range(steps), unit=" words", unit_scale=BATCH, desc="training")
    for step in bar:
        chosen = rng.integers(0, len(labels), BATCH)
        rate = np.float32(top_rate * (1 - step / steps))
        losses.append(model.train_step(contexts[chosen], labels[chosen], rate, by_blocks))
        bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}", refresh=False)


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
    figure = Figure(figsize=(11, 5.5), dpi=150, layout="constrained")
    grid = figure.subplots(2, 3).flat
    for axes, place, probabilities in zip(grid, chosen, model.probabilities(contexts[chosen]), strict=False):
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
        train(model, text, arguments.seed, arguments.steps)
        by_frequency = perplexity_of_frequencies(len(vocabulary), text[1], held_out[1])
        print(f"perplexity of held-out words by their frequency alone: {by_frequency:.1f}")
        print(f"perplexity of held-out words by the model: {model.perplexity(*held_out):.1f}")
    draw(model, vocabulary, held_out, arguments.out)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
