"""The definition of ctc_decode in plain Python: best path, prefix beam search, and the enumeration of all paths."""

import itertools
import math
from fractions import Fraction

LEAST = math.exp(-600)  # of the best prefix; what has less is dropped
DEEPEST = 700.0  # nats below the largest score of a frame


def exact(x):
    return Fraction(math.exp(x))


def reading(path, blank):
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def peaks(path, log_probs, blank):
    """The frame of the largest score of each label of a path, the first of equals."""
    frames, start = [], 0
    for c, run in itertools.groupby(path):
        stop = start + len(list(run))
        if c != blank:
            frames.append(max(range(start, stop), key=lambda t, c=c: log_probs[t][c]))
        start = stop
    return frames


def best_path(log_probs, blank=0):
    """(labels, score, frames) of the most probable class of each frame, the lower one of equals."""
    path = [max(range(len(row)), key=lambda c, row=row: row[c]) for row in log_probs]
    score = math.fsum(row[c] for row, c in zip(log_probs, path, strict=True))
    if score == -math.inf:
        return (), score, []
    return reading(path, blank), score, peaks(path, log_probs, blank)


def by_enumeration(log_probs, blank=0):
    """{labels: probability} over all paths."""
    found = {}
    for path in itertools.product(range(len(log_probs[0])), repeat=len(log_probs)):
        probability = math.exp(math.fsum(row[c] for row, c in zip(log_probs, path, strict=True)))
        found[reading(path, blank)] = found.get(reading(path, blank), 0.0) + probability
    return found


class Prefix:
    """What a beam knows of a prefix: the probability of its paths that end in a blank and in its last label, and the
    most probable path of either kind, as (score, frames before, class), a linked list."""

    def __init__(self):
        self.blank = self.label = 0
        self.best_blank = self.best_label = (-math.inf, None, None)

    @property
    def total(self):
        return self.blank + self.label

    @property
    def best(self):
        """A blank goes before a label, as it is the nearer one to what follows."""
        return max(self.best_blank, self.best_label, key=lambda path: path[0])


def relative_scores(row, prune):
    peak = max(row)
    return [x - peak if x - peak >= -prune else -math.inf for x in row]


def prefix_beam_search(log_probs, width, blank=0, prune=DEEPEST, exp=exact):
    """[(labels, score, frames)] of all prefixes in the last beam, best first. `exp` makes numbers to compute with."""
    beam, log_probs = {(): Prefix()}, [[float(x) for x in row] for row in log_probs]
    beam[()].blank, beam[()].best_blank = exp(0.0), (0.0, None, None)
    for row in log_probs:
        if max(row) == -math.inf:
            return [((), -math.inf, [])]
        score = relative_scores(row, min(prune, DEEPEST))
        candidates = {prefix: kept(beam, prefix, score, blank, exp) for prefix in beam}
        for prefix in beam:
            for c in sorted(set(range(len(row))) - {blank}, key=lambda c: (-row[c], c)):
                if (*prefix, c) not in candidates:
                    longer = Prefix()
                    add_label(longer, beam[prefix], c in prefix[-1:], score[c], c, exp)
                    candidates[*prefix, c] = longer
        order = {prefix: place for place, prefix in enumerate(candidates)}
        best = sorted(candidates, key=lambda prefix: -candidates[prefix].total)
        least = candidates[best[0]].total * exp(-600.0)
        chosen = [prefix for prefix in best[:width] if candidates[prefix].total > least]
        beam = {prefix: candidates[prefix] for prefix in sorted(chosen, key=order.get)}
    offset = math.fsum(max(row) for row in log_probs)
    ranked = sorted(beam.items(), key=lambda item: -item[1].total)
    return [(labels, offset + log(found.total), frames_of(found, log_probs, blank)) for labels, found in ranked]


def kept(beam, prefix, score, blank, exp):
    """A prefix of the beam a frame later, without a new label."""
    old, new = beam[prefix], Prefix()
    new.blank = old.total * exp_of(score[blank], exp)
    new.best_blank = (old.best[0] + score[blank], old.best, blank)
    if prefix:
        last = prefix[-1]
        new.label = old.label * exp_of(score[last], exp)
        new.best_label = (old.best_label[0] + score[last], old.best_label, last)
        if prefix[:-1] in beam:
            add_label(new, beam[prefix[:-1]], last in prefix[-2:-1], score[last], last, exp, old.best_label[0])
    return new


def add_label(longer, parent, repeats, score, c, exp, stay=-math.inf):
    """What a prefix gains from the one without its last label. `stay` is the best path that has had the label before:
    it is left only for a more probable one."""
    longer.label += (parent.blank if repeats else parent.total) * exp_of(score, exp)
    before = parent.best_blank if repeats else parent.best
    if before[0] > stay:
        longer.best_label = (before[0] + score, before, c)


def exp_of(score, exp):
    return exp(score) if score > -math.inf else 0


def log(number):
    """Of a fraction, too, whatever its size."""
    if isinstance(number, Fraction):
        shift = number.numerator.bit_length() - number.denominator.bit_length()
        return math.log(number / Fraction(2) ** shift) + shift * math.log(2)
    return float(number.ln()) if hasattr(number, "ln") else math.log(number)


def frames_of(found, log_probs, blank):
    link = found.best_label if found.best_label[0] >= found.best_blank[0] else found.best_blank
    path = []
    while link[1] is not None:
        path.append(link[2])
        link = link[1]
    return peaks(path[::-1], log_probs, blank)
