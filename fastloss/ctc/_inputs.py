"""Sequences of scores and their targets: what everything about CTC needs of its arguments."""

import numpy as np

from fastloss import _validation as check
from fastloss._kernels import kernels


class Emissions:
    """Scores seen as (T, N, C), whatever the layout they came in."""

    def __init__(self, scores, name, batch_first):
        self.name = name
        self.array, self.code = check.as_numbers(scores, name)
        if self.array.ndim not in (2, 3):
            raise ValueError(f"{name} has shape {self.array.shape}; expected (T, N, C), or (T, C) for one sequence")
        self.single = self.array.ndim == 2
        self.batch_first = bool(batch_first) and not self.single
        self.view = self.as_frames(self.array)
        self.frames, self.batch, self.classes = self.view.shape
        if not self.classes:
            raise ValueError(f"{name} has shape {self.array.shape}: there is no class, not even the blank")
        if self.classes >= 2**31:
            raise ValueError(f"{name} has {self.classes} classes; at most 2**31 - 1 are possible")
        self.dtype = check.gradient_dtype(self.array, self.code)

    def as_frames(self, array):
        if self.single:
            return array[:, None, :]
        return array.swapaxes(0, 1) if self.batch_first else array


class Targets:
    """Label sequences, one behind the other, with where each begins and how long it is."""

    def __init__(self, targets, target_lengths, emissions, blank, star=-1):
        batch = emissions.batch
        self.lengths, labels = _read_targets(targets, target_lengths, emissions)
        self.offsets = np.zeros(batch, np.int64)
        np.cumsum(self.lengths[:-1], out=self.offsets[1:])
        # A copy: nobody may change a label between the look at it and its use, which is without the interpreter's lock.
        self.labels = np.array(labels, np.int64, order="C").reshape(-1)
        self.frames_needed = np.empty(batch, np.int64)
        scan = kernels(64).validation.sequences
        wrong = scan(self.labels, self.lengths, emissions.classes, blank, star, self.frames_needed)
        if wrong >= 0:
            sample = int(np.searchsorted(self.offsets, wrong, side="right")) - 1
            raise ValueError(
                f"targets[{sample}, {wrong - self.offsets[sample]}] is {self.labels[wrong]}; "
                f"expected a label 0..{emissions.classes - 1} other than blank={blank}"
            )


def _read_targets(targets, target_lengths, emissions):
    """Lengths (N,) and all labels that count, concatenated, from any of the three forms."""
    batch = emissions.batch
    of_sequences = isinstance(targets, (list, tuple)) and not (len(targets) and np.ndim(targets[0]) == 0)
    if of_sequences and not emissions.single:
        if len(targets) != batch:
            raise ValueError(f"targets is a list of {len(targets)} sequences; {emissions.name} has a batch of {batch}")
        parts = [label_array(target, f"targets[{n}]") for n, target in enumerate(targets)]
        for n, part in enumerate(parts):
            if part.ndim != 1:
                raise ValueError(f"targets[{n}] has shape {part.shape}; expected one sequence of labels")
        room = np.array([part.size for part in parts], np.int64)
        lengths = (
            room if target_lengths is None else as_lengths(target_lengths, "target_lengths", batch, room, "labels")
        )
        parts = [part[:length] for part, length in zip(parts, lengths.tolist(), strict=True)]
        return lengths, np.concatenate([np.empty(0, np.int64), *parts]) if parts else np.empty(0, np.int64)
    array = label_array(targets, "targets")
    if array.ndim == 2 and not emissions.single:
        if array.shape[0] != batch:
            raise ValueError(f"targets has shape {array.shape}; {emissions.name} has a batch of {batch}")
        width = array.shape[1]
        lengths = np.full(batch, width, np.int64)
        if target_lengths is not None:
            lengths = as_lengths(target_lengths, "target_lengths", batch, lengths, "labels")
            return lengths, array[np.arange(width) < lengths[:, None]]
        return lengths, array.reshape(-1)
    if array.ndim != 1:
        raise ValueError(
            f"targets has shape {array.shape}; expected (N, S), one behind the other (sum of lengths,), or a list"
        )
    if target_lengths is None or emissions.single:
        if batch != 1:
            raise ValueError("target_lengths is missing: targets of one dimension are sequences one behind the other")
        room = np.array([array.size], np.int64)
        lengths = room if target_lengths is None else as_lengths(target_lengths, "target_lengths", 1, room, "labels")
        return lengths, array[: int(lengths[0])]
    lengths = as_lengths(target_lengths, "target_lengths", batch, np.full(batch, array.size, np.int64), "labels")
    if lengths.sum() != array.size:
        raise ValueError(f"target_lengths has sum {lengths.sum()}; targets has {array.size} labels")
    return lengths, array


def label_array(value, name):
    array = check.as_array(value, name)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} has dtype {array.dtype}; labels must be integers")
    check.check_int64(array, name, "a label")
    return array


def as_lengths(value, name, batch, room, what):
    """Lengths as int64 (N,), each within the room there is."""
    array = check.as_array(value, name)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{name} has dtype {array.dtype}; lengths must be integers")
    if array.ndim == 0 and batch == 1:
        array = array.reshape(1)
    if array.shape != (batch,):
        raise ValueError(f"{name} has shape {array.shape}; expected ({batch},), one length for each sequence")
    wrong = np.flatnonzero((array < 0) | (array > room))
    if wrong.size:
        n = int(wrong[0])
        raise ValueError(f"{name}[{n}] is {int(array[n])}; expected 0..{int(room[n])}, the {what} that are there")
    return array.astype(np.int64)


def as_input_lengths(input_lengths, emissions):
    room = np.full(emissions.batch, emissions.frames, np.int64)
    if input_lengths is None:
        return room
    return as_lengths(input_lengths, "input_lengths", emissions.batch, room, "frames")


def as_blank(blank, classes):
    number = check.as_integer(blank, "blank")
    if not -classes <= number < classes:
        raise ValueError(f"blank is {number}; expected a class -{classes}..{classes - 1}")
    return number % classes


def longest_first(cells):
    """The order in which threads take sequences: batches are ragged."""
    return np.argsort(-cells, kind="stable").astype(np.int64, copy=False)


def frames_missing(targets, input_lengths, n):
    """The text about a sample whose target can't be emitted."""
    return (
        f"sample {n}: its target of {targets.lengths[n]} labels needs {targets.frames_needed[n]} frames, "
        f"there are {input_lengths[n]}"
    )
