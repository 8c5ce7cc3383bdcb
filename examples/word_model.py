"""A small language model of the words in Python's docstrings, in NumPy: what the examples of language models share.

The text is English: the docstrings of the standard library, 1.7 million characters. The model is a log-bilinear one: a
word before the next one has a vector for each distance, their sum goes into the last layer, and that gives a score to
every word of the vocabulary.
"""

import ast
import contextlib
import math
import re
import sysconfig
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

import fastloss as fl

CONTEXT = 3  # words before the next one
FEATURES = 64
HELD_OUT = 10  # one docstring in so many is not trained with
MAX_BYTES = 16 << 20  # of linear_cross_entropy, beside its arguments and results
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


def by_blocks(inputs, weight, labels, bias):
    """Value and gradients of the last layer, in MAX_BYTES."""
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

    def train_step(self, contexts, labels, rate):
        """One step of Adagrad; the loss before it."""
        inputs = self.inputs(contexts)
        loss, (grad_inputs, grad_weight, grad_bias) = by_blocks(inputs, self.weight, labels, self.bias)
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

    def logits(self, contexts):
        """All of them at once: for some contexts."""
        logits = self.inputs(contexts) @ self.weight.T
        logits += self.bias
        return logits


def train(model, text, seed, steps, batch, top_rate=0.15):
    """So many steps, of `batch` words each."""
    contexts, labels = text
    rng = np.random.default_rng(seed)
    losses = []
    bar = tqdm(range(steps), unit=" words", unit_scale=batch, desc="training")
    for step in bar:
        chosen = rng.integers(0, len(labels), batch)
        rate = np.float32(top_rate * (1 - step / steps))
        losses.append(model.train_step(contexts[chosen], labels[chosen], rate))
        bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}", refresh=False)
