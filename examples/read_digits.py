"""Learn to read strings of handwritten digits with the CTC loss.

    python examples/read_digits.py [--seed 0] [--steps 3000] [--out digits.png]

Real 8x8 digits (the UCI set that comes with scikit-learn) are joined to strings of 3 to 7 digits with random gaps. The
network reads the image as a sequence of frames and, for each frame, gives a score to every digit and to the "blank",
which means "nothing new here". It is trained with the string only, not with the places of the digits: the CTC loss sums
over all alignments of the string with the frames, and its gradient with respect to the scores is all that
backpropagation in plain NumPy needs. To read an image, take the best class of each frame, merge repeats, drop blanks.

Digits in the test strings come from images that are not used in training. It prints a progress bar with the loss and
the speed, the share of held-out strings read without any mistake, and a checksum of the weights: on the same machine
the same seed gives the same bits. It draws a picture of held-out strings, their class probabilities, and what was read.

Needs scikit-learn, matplotlib, tqdm and threadpoolctl besides fastloss: pip install -e ".[examples]"
"""

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import zlib
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import fastloss as fl

SIZE = 8  # a digit is SIZE x SIZE pixels
BLANK = 10  # classes 0..9 are the digits themselves
CLASSES = BLANK + 1
MIN_DIGITS, MAX_DIGITS = 3, 7
MAX_GAP = 4  # columns before a digit
CANVAS = MAX_DIGITS * (SIZE + MAX_GAP)  # columns, enough for the longest string
STRIDE = 2  # columns from one frame to the next
WINDOW = 12  # columns a frame sees: a digit and a little of its surroundings
FRAMES = CANVAS // STRIDE
BATCH = 32

COLOURS = ["#1f77b4", "#d95f02", "#2ca02c", "#c2185b", "#8e5bd0"]  # of the digits, from 0
COLOURS += ["#8c564b", "#e377c2", "#b8a000", "#00a0b0", "#3b3b8f"]
BLANK_COLOUR = "#e4e4e4"


class Strings(NamedTuple):
    """A batch of N images of digit strings, padded on the right to the same size."""

    pixels: np.ndarray  # (N, SIZE, CANVAS) float32, 0 is paper and 1 is ink
    digits: np.ndarray  # (N, MAX_DIGITS); only the first `lengths` of a row count
    lengths: np.ndarray  # (N,) digits in the string
    starts: np.ndarray  # (N, MAX_DIGITS) the column where each digit begins; not used in training
    frames: np.ndarray  # (N,) frames in the string, without the padding


def load_images():
    """Digit images (n, 8, 8) and labels: for training, and held out. The split is the same for every seed."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, SIZE, SIZE)
    train, held_out, train_labels, held_out_labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=0
    )
    return (train, train_labels), (held_out, held_out_labels)


def distort(rng, images):
    """Each image slightly stretched, slanted, turned and shifted, so that no digit is seen twice in the same form."""
    centred = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    y, x = centred[:, None], centred
    stretch_y, stretch_x, slant, turn, shift_y, shift_x = rng.uniform(-1, 1, (6, len(images), 1, 1)).astype(np.float32)
    from_y = y * (1 + 0.15 * stretch_y) + x * 0.15 * turn + 0.6 * shift_y + (SIZE - 1) / 2
    from_x = x * (1 + 0.15 * stretch_x) + y * 0.30 * slant + 0.6 * shift_x + (SIZE - 1) / 2

    # Bilinear interpolation, in an image with a margin of paper.
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    from_y, from_x = np.clip(from_y, -1, SIZE) + 1, np.clip(from_x, -1, SIZE) + 1
    row, column = from_y.astype(int), from_x.astype(int)
    down, right = from_y - row, from_x - column
    n = np.arange(len(images))[:, None, None]
    above = padded[n, row, column] * (1 - right) + padded[n, row, column + 1] * right
    below = padded[n, row + 1, column] * (1 - right) + padded[n, row + 1, column + 1] * right
    return above * (1 - down) + below * down


def make_strings(rng, images, labels, count, distorted=False):
    """`count` random strings of the given digits."""
    lengths = rng.integers(MIN_DIGITS, MAX_DIGITS + 1, count)
    chosen = rng.integers(0, len(images), (count, MAX_DIGITS))
    gaps = rng.integers(0, MAX_GAP + 1, (count, MAX_DIGITS))
    starts = np.cumsum(gaps + SIZE, axis=1) - SIZE

    glyphs = images[chosen.ravel()]
    if distorted:
        glyphs = distort(rng, glyphs)
    glyphs = glyphs.reshape(count, MAX_DIGITS, SIZE, SIZE)
    glyphs[np.arange(MAX_DIGITS) >= lengths[:, None]] = 0  # beyond the end of the string: paper

    pixels = np.zeros((count, SIZE, CANVAS), np.float32)
    n, row, column = np.arange(count), np.arange(SIZE)[:, None], np.arange(SIZE)
    pixels[n[:, None, None, None], row, starts[:, :, None, None] + column] = glyphs
    ends = starts[n, lengths - 1] + SIZE
    return Strings(pixels, labels[chosen], lengths, starts, frames=-(-ends // STRIDE))


class Adam:
    """The optimiser: steps scaled by running means of the gradient and of its square."""

    def __init__(self, parameters, mean_decay=0.9, square_decay=0.99):
        self.parameters = parameters
        self.decays = mean_decay, square_decay
        self.means = [np.zeros_like(p) for p in parameters]
        self.squares = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients, rate):
        self.steps += 1
        a, b = self.decays
        for parameter, gradient, mean, square in zip(self.parameters, gradients, self.means, self.squares, strict=True):
            mean += (1 - a) * (gradient - mean)
            square += (1 - b) * (gradient * gradient - square)
            unbiased_mean, unbiased_square = mean / (1 - a**self.steps), square / (1 - b**self.steps)
            parameter -= rate * unbiased_mean / (np.sqrt(unbiased_square) + 1e-8)


class Reader:
    """Convolution over columns, a hidden layer, one score per class: from images to (frames, N, classes)."""

    def __init__(self, rng, features=192, hidden=96):
        sizes = [SIZE * WINDOW, features, hidden, CLASSES]
        self.parameters = []
        for fan_in, fan_out in pairwise(sizes):
            weights = rng.standard_normal((fan_in, fan_out), np.float32) * np.float32(np.sqrt(2 / fan_in))
            self.parameters += [weights, np.zeros(fan_out, np.float32)]
        self.adam = Adam(self.parameters)
        self.gradient = np.empty((FRAMES, BATCH, CLASSES), np.float32)  # of the loss, in the logits; used every step

    def forward(self, pixels):
        """The output of each layer, for every frame of every image: windows, features, hidden, logits."""
        w1, b1, w2, b2, w3, b3 = self.parameters
        windows = column_windows(pixels)
        features = np.maximum(windows @ w1 + b1, 0)
        hidden = np.maximum(features @ w2 + b2, 0)
        return windows, features, hidden, hidden @ w3 + b3

    def logits(self, pixels):
        """Scores (FRAMES, N, CLASSES) of images (N, SIZE, CANVAS)."""
        return self.forward(pixels)[-1].reshape(FRAMES, len(pixels), CLASSES)

    def train_step(self, strings, rate):
        """One step of Adam; the loss before it."""
        windows, features, hidden, logits = self.forward(strings.pixels)
        scores = logits.reshape(FRAMES, BATCH, CLASSES)
        loss, gradient = fl.ctc_loss_with_logits.value_and_grad(
            scores, strings.digits, strings.frames, strings.lengths, blank=BLANK, reduction="mean", out=self.gradient
        )
        # From here on it is plain backpropagation: three matrix products and two ReLUs, last to first.
        _, _, w2, _, w3, _ = self.parameters
        d_logits = gradient.reshape(-1, CLASSES)
        d_hidden = (d_logits @ w3.T) * (hidden > 0)
        d_features = (d_hidden @ w2.T) * (features > 0)
        gradients = []
        for inputs, d_outputs in ((windows, d_features), (features, d_hidden), (hidden, d_logits)):
            gradients += [inputs.T @ d_outputs, d_outputs.sum(axis=0)]
        self.adam.step(gradients, rate)
        return loss


def column_windows(pixels):
    """The WINDOW columns around each frame as one row each, (FRAMES * N, SIZE * WINDOW): a convolution's input."""
    margin = (WINDOW - STRIDE) // 2
    padded = np.pad(pixels, ((0, 0), (0, 0), (margin, margin)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=2)[:, :, ::STRIDE]
    return windows.transpose(2, 0, 1, 3).reshape(FRAMES * len(pixels), SIZE * WINDOW)


def train(seed=0, steps=3000, top_rate=0.006):
    """A Reader trained with new random strings of the training images in every step."""
    rng = np.random.default_rng(seed)
    (images, labels), _ = load_images()
    reader = Reader(rng)
    losses = []
    bar = tqdm(range(steps), unit=" strings", unit_scale=BATCH, desc="training")
    for step in bar:
        rate = top_rate * (1 + np.cos(np.pi * step / steps)) / 2  # falls to zero along a cosine
        losses.append(reader.train_step(make_strings(rng, images, labels, BATCH, distorted=True), rate))
        bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", refresh=False)
    return reader


def decode(logits):
    """The digits read from one image's scores (frames, CLASSES), and the middle of the frames each was read from."""
    best = logits.argmax(axis=1)
    first = np.flatnonzero(np.diff(best, prepend=-1))  # of each run of equal classes
    last = np.append(first[1:], len(best)) - 1
    emitted = best[first] != BLANK
    return best[first][emitted], (first[emitted] + last[emitted]) / 2


def as_text(digits):
    return "".join(map(str, digits))


def read_exactly(logits, strings):
    """For each string: was it read exactly?"""
    right = np.empty(len(strings.lengths), bool)
    for n, (frames, length) in enumerate(zip(strings.frames, strings.lengths, strict=True)):
        right[n] = np.array_equal(decode(logits[:frames, n])[0], strings.digits[n, :length])
    return right


def draw(strings, logits, right, path):
    """Some strings, one below the other: what was read, the image, the class probabilities of each frame."""
    good = np.flatnonzero(right)[:4]
    bad = np.flatnonzero(~right)[: 5 - len(good)]
    shown = np.append(good, bad)
    # All in inches, so that the image's pixels are square and its columns stand exactly above their frames.
    left, right_margin, above, below = 1.7, 0.25, 0.35, 0.55
    pixel, chart_height, pitch = 0.095, 0.6, 1.72
    width = left + STRIDE * strings.frames[shown].max() * pixel + right_margin
    height = above + pitch * len(shown) + below
    figure = Figure(figsize=(width, height), dpi=150)

    for place, n in enumerate(shown):
        frames = strings.frames[n]
        digits, positions = decode(logits[:frames, n])
        x, y, w = left / width, height - above - pitch * (place + 1), STRIDE * frames * pixel / width
        axes = figure.add_axes((x, (y + chart_height) / height, w, SIZE * pixel / height))
        axes.axis("off")
        axes.imshow(strings.pixels[n, :, : STRIDE * frames], cmap="gray_r", vmin=0, vmax=1, aspect="auto")
        reading, colour = f"read {as_text(digits)}", "#1b6e3c"
        if not right[n]:
            reading, colour = f"{reading}\ntruth {as_text(strings.digits[n, : strings.lengths[n]])}", "#c62828"
        axes.text(-2, 3.6, reading, ha="right", va="center", color=colour, fontsize=11, linespacing=1.6)
        axes = figure.add_axes((x, y / height, w, chart_height / height))
        draw_probabilities(axes, fl.softmax(logits[:frames, n], axis=-1), digits, positions)
    title = f"Held-out digit strings: {right.sum()} of {right.size} read exactly"
    figure.text(left / width, 1 - 0.32 / height, title, fontsize=12, weight="bold", color="#222222")
    note = f"Bars: class probabilities of each frame ({STRIDE} columns). In colour the digits, in grey the blank."
    figure.text(left / width, 0.25 / height, note, fontsize=9, color="#555555")
    figure.savefig(path)


def draw_probabilities(axes, probabilities, digits, positions):
    """A stack of bars for each frame, and each digit that was read above the frames it was read from."""
    frames = len(probabilities)
    bottom = np.zeros(frames)
    for label, colour in enumerate([*COLOURS, BLANK_COLOUR]):
        share = probabilities[:, label]
        axes.bar(STRIDE * np.arange(frames), share, 0.9 * STRIDE, bottom, color=colour, align="edge", linewidth=0)
        bottom += share
    for digit, position in zip(digits, positions, strict=True):
        x = STRIDE * (position + 0.45)
        axes.text(x, 1.06, str(digit), ha="center", fontsize=10, weight="bold", color=COLOURS[digit])
    axes.set(xlim=(0, STRIDE * frames), ylim=(0, 1.5))
    axes.axis("off")


# NumPy's matrix products are too small here for several threads, which would wait for each other longer than they
# compute, and their last bits would depend on how many there are. fastloss keeps its threads: its bits do not.
@threadpool_limits.wrap(limits=1, user_api="blas")
def main():
    parser = command_line.parser(__doc__.partition("\n")[0])
    command_line.add_training_arguments(parser, picture="digits.png")
    arguments = parser.parse_args()

    reader = train(arguments.seed, arguments.steps)
    _, (images, labels) = load_images()
    strings = make_strings(np.random.default_rng(1), images, labels, 1000)  # the same test whatever the seed
    logits = reader.logits(strings.pixels)
    right = read_exactly(logits, strings)
    print(f"held-out strings read exactly: {right.sum()} of {right.size} ({right.mean():.1%})")
    print(f"checksum of the weights: {zlib.crc32(b''.join(p.tobytes() for p in reader.parameters)):08x}")
    draw(strings, logits, right, arguments.out)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
