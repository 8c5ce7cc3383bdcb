"""The definition of ctc_decode in plain Python: best path, prefix beam search, and the enumeration of all paths."""

import itertools
import math

import mpmath

EXACT = mpmath.MPContext()
EXACT.dps = 40
LEAST = EXACT.exp(-600)  # of the best prefix; what has less is dropped
DEEPEST = 700.0  # nats below the largest score of a frame


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
    return {labels: probability for labels, probability in found.items() if probability > 0}


class Prefix:
    """What a beam knows of a prefix: the probability of its paths that end in a blank and in its last label, and the
    most probable path of either kind, as (score, frames before, class), a linked list."""

    def __init__(self):
        self.blank = self.label = EXACT.mpf(0)
        self.best_blank = self.best_label = (-math.inf, None, None)

    @property
    def total(self):
        return self.blank + self.label

    @property
    def best(self):
        """A blank goes before a label, as it is the nearer one to what follows."""
        return max(self.best_blank, self.best_label, key=lambda path: path[0])


class Frame:
    """Scores relative to the largest, and emissions."""

    def __init__(self, row, blank, prune):
        peak = max(row)
        self.score = [x - peak if x - peak >= -prune else -math.inf for x in row]
        self.emission = [EXACT.exp(x) if x > -math.inf else EXACT.mpf(0) for x in self.score]
        self.blank = blank
        possible = [c for c, x in enumerate(self.score) if x > -math.inf and c != blank]
        self.labels = sorted(possible, key=lambda c: (-row[c], c))


def prefix_beam_search(log_probs, width, blank=0, prune=DEEPEST):
    """[(labels, score, frames)] of all prefixes in the last beam, best first."""
    beam, log_probs = {(): Prefix()}, [[float(x) for x in row] for row in log_probs]
    beam[()].blank, beam[()].best_blank = EXACT.mpf(1), (0.0, None, None)
    for row in log_probs:
        if max(row) == -math.inf:
            return [((), -math.inf, [])]
        frame = Frame(row, blank, min(prune, DEEPEST))
        candidates = {prefix: kept(beam, prefix, frame) for prefix in beam}
        for prefix in beam:
            for c in frame.labels:
                if (*prefix, c) not in candidates:
                    longer = Prefix()
                    add_label(longer, beam[prefix], c in prefix[-1:], frame, c)
                    candidates[(*prefix, c)] = longer
        place = {prefix: number for number, prefix in enumerate(candidates)}
        total = {prefix: found.total for prefix, found in candidates.items()}
        best = sorted(candidates, key=lambda prefix: -total[prefix])[:width]
        chosen = [prefix for prefix in best if total[prefix] > total[best[0]] * LEAST]
        beam = {prefix: candidates[prefix] for prefix in sorted(chosen, key=place.get)}
    offset = math.fsum(max(row) for row in log_probs)
    ranked = sorted(beam.items(), key=lambda item: -item[1].total)
    return [(labels, float(offset + EXACT.log(p.total)), frames_of(p, log_probs, blank)) for labels, p in ranked]


def kept(beam, prefix, frame):
    """A prefix of the beam a frame later, without a new label."""
    old, new = beam[prefix], Prefix()
    new.blank = old.total * frame.emission[frame.blank]
    new.best_blank = (old.best[0] + frame.score[frame.blank], old.best, frame.blank)
    if prefix:
        last = prefix[-1]
        new.label = old.label * frame.emission[last]
        new.best_label = (old.best_label[0] + frame.score[last], old.best_label, last)
        if prefix[:-1] in beam:
            add_label(new, beam[prefix[:-1]], last in prefix[-2:-1], frame, last, old.best_label[0])
    return new


def add_label(longer, parent, repeats, frame, c, stay=-math.inf):
    """What a prefix gains from the one without its last label. `stay` is the best path that has had the label before:
    it is left only for a more probable one."""
    longer.label += (parent.blank if repeats else parent.total) * frame.emission[c]
    before = parent.best_blank if repeats else parent.best
    if before[0] > stay:
        longer.best_label = (before[0] + frame.score[c], before, c)


def frames_of(found, log_probs, blank):
    link = found.best_label if found.best_label[0] >= found.best_blank[0] else found.best_blank
    path = []
    while link[1] is not None:
        path.append(link[2])
        link = link[1]
    return peaks(path[::-1], log_probs, blank)
