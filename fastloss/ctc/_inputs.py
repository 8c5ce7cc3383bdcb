"""Reads and checks the arguments of everything about CTC: scores, targets and lengths become a batch."""

import numpy as np

from fastloss import _validation as check
from fastloss._hints import not_integers
from fastloss._kernels import kernels


def own_view(array):
    """The same numbers in an array of plain type that nobody else has: what the caller's own code, which may run before
    a kernel does, makes of the shape of an array does not reach it."""
    return np.ndarray.view(array, np.ndarray)


class Emissions:
    """Scores seen as (T, N, C), whatever the layout they came in."""

    def __init__(self, scores, name, batch_first):
        self.name = name
        self.array = own_view(check.as_array(scores, name))
        self.code = check.number_code(self.array, name)
        if self.array.ndim not in (2, 3):
            raise ValueError(f"{name} has shape {self.array.shape}; expected (T, N, C), or (T, C) for one sequence")
        self.single = self.array.ndim == 2
        self.batch_first = check.as_flag(batch_first, "batch_first") and not self.single
        self.view = self.as_frames(self.array)
        self.frames, self.batch, self.classes = self.view.shape
        if not self.classes:
            raise ValueError(f"{name} has shape {self.array.shape}: there is no class, not even the blank")
        if self.classes >= 2**31:
            raise ValueError(f"{name} has {self.classes} classes; at most 2**31 - 1 are possible")
        self.dtype = check.gradient_dtype(self.array, self.code)

    def as_frames(self, array):
        """An array of the scores' layout, seen as (T, N, C)."""
        if array.ndim != self.array.ndim:
            raise ValueError("out changed during the call")
        if self.single:
            return array[:, None, :]
        return array.swapaxes(0, 1) if self.batch_first else array


class Batch:
    """Scores with their targets and lengths, checked; and what follows from them. src/ctc/trellis.pxi reads it."""

    __slots__ = ("blank", "cells", "emissions", "feasible", "infeasible", "input_lengths", "targets")

    def __init__(self, emissions, targets, lengths, blank, infeasible, star=-1, unused=None):
        """`lengths` are of inputs and of targets. `unused` says which sequences do not count: they are of no frames and
        no labels, whatever they hold."""
        input_lengths, target_lengths = lengths
        self.emissions = emissions
        self.blank = blank
        self.infeasible = infeasible
        self.input_lengths = as_input_lengths(input_lengths, emissions, unused)
        self.targets = Targets(targets, target_lengths, emissions, blank, star, unused)
        self.feasible = self.targets.frames_needed <= self.input_lengths
        self.cells = self.input_lengths * (2 * self.targets.lengths + 1)  # of each recursion

    def order(self, threads):
        """The order in which threads take sequences: the longest first, since batches are ragged."""
        if threads == 1:
            return np.arange(self.cells.size, dtype=np.int64)
        return np.argsort(-self.cells, kind="stable").astype(np.int64, copy=False)

    def forbid_infeasible(self):
        """For infeasible="raise"."""
        if self.infeasible == "raise" and not self.feasible.all():
            raise ValueError(self.frames_missing(int(np.flatnonzero(~self.feasible)[0])))

    def frames_missing(self, n):
        """The text about a sample whose target can't be emitted."""
        return (
            f"sample {n}: its target of {self.targets.lengths[n]} labels needs {self.targets.frames_needed[n]} frames, "
            f"there are {self.input_lengths[n]}"
        )


class Targets:
    """Label sequences, one after the other, with where each begins and how long it is."""

    def __init__(self, targets, target_lengths, emissions, blank, star=-1, unused=None):
        self.lengths, labels = _read_targets(targets, target_lengths, emissions, unused)
        # A copy: nobody may change a label between the check and its use, which is without the interpreter's lock.
        self.labels = np.array(labels, np.int64, order="C").reshape(-1)
        if unused is not None:
            self.labels = self.labels[~np.repeat(unused, self.lengths)]
            self.lengths = np.where(unused, 0, self.lengths)
        self.offsets = np.zeros(emissions.batch, np.int64)
        np.cumsum(self.lengths[:-1], out=self.offsets[1:])
        self.frames_needed = check_sequences(self, "targets", emissions.classes, blank, star)

    def longest(self):
        return int(self.lengths.max()) if self.lengths.size else 0


def check_sequences(sequences, name, classes, blank, star=-1):
    """Checks all labels of `sequences`, which has `labels`, `lengths` and `offsets`. The frames that each needs."""
    frames_needed = np.empty(sequences.lengths.size, np.int64)
    scan = kernels(64).validation.sequences
    wrong = scan(sequences.labels, sequences.lengths, classes, blank, star, frames_needed)
    if wrong >= 0:
        sample = int(np.searchsorted(sequences.offsets, wrong, side="right")) - 1
        raise ValueError(
            f"{name}[{sample}, {wrong - sequences.offsets[sample]}] is {sequences.labels[wrong]}; "
            f"expected {expected_label(classes, blank)}"
        )
    return frames_needed


def expected_label(classes, blank):
    """What the text of an error expects of a label."""
    return f"a label 0..{classes - 1} other than blank={blank}"


def _read_targets(targets, target_lengths, emissions, unused):
    """Lengths (N,) and all labels that count, concatenated, from any of the three forms."""
    if is_list_of_sequences(targets) and not emissions.single:
        return _read_list(targets, target_lengths, emissions, unused)
    is_partly_used = unused is not None or target_lengths is not None
    array = label_array(targets, "targets", emissions.array, is_partly_used)
    if array.ndim == 2 and not emissions.single:
        return _read_padded(array, target_lengths, emissions, unused)
    if array.ndim != 1:
        raise ValueError(
            f"targets has shape {array.shape}; expected (N, S), one behind the other (sum of lengths,), or a list"
        )
    return _read_concatenated(array, target_lengths, emissions)


def _read_list(targets, target_lengths, emissions, unused):
    parts = label_sequences(targets, "targets")
    if len(parts) != emissions.batch:
        raise ValueError(
            f"targets is a list of {len(parts)} sequences; {emissions.name} has a batch of {emissions.batch}"
        )
    lengths = np.array([part.size for part in parts], np.int64)
    if target_lengths is not None:
        lengths = as_lengths(target_lengths, "target_lengths", emissions.batch, lengths, "labels", unused)
        parts = [part[:length] for part, length in zip(parts, lengths.tolist(), strict=True)]
    return lengths, np.concatenate([np.empty(0, np.int64), *parts]) if parts else np.empty(0, np.int64)


def _read_padded(array, target_lengths, emissions, unused):
    batch, width = array.shape
    if batch != emissions.batch:
        raise ValueError(f"targets has shape {array.shape}; {emissions.name} has a batch of {emissions.batch}")
    lengths = np.full(batch, width, np.int64)
    if target_lengths is None:
        return lengths, array.reshape(-1)
    lengths = as_lengths(target_lengths, "target_lengths", batch, lengths, "labels", unused)
    return lengths, array[np.arange(width) < lengths[:, None]]


def _read_concatenated(array, target_lengths, emissions):
    batch = emissions.batch
    if target_lengths is None:
        if batch != 1:
            raise ValueError("target_lengths is missing: targets of one dimension are sequences one behind the other")
        return np.array([array.size], np.int64), array
    lengths = as_lengths(target_lengths, "target_lengths", batch, np.full(batch, array.size, np.int64), "labels")
    if emissions.single:  # what lies beyond its length is padding
        return lengths, array[: int(lengths[0])]
    if lengths.sum() != array.size:
        raise ValueError(f"target_lengths has sum {lengths.sum()}; targets has {array.size} labels")
    return lengths, array


def is_list_of_sequences(value):
    return isinstance(value, (list, tuple)) and not (len(value) and np.ndim(value[0]) == 0)


def label_sequences(values, name):
    """A list of sequences as arrays of labels, which are not checked yet."""
    parts = [label_array(value, f"{name}[{n}]") for n, value in enumerate(values)]
    for n, part in enumerate(parts):
        if part.ndim != 1:
            raise ValueError(f"{name}[{n}] has shape {part.shape}; expected one sequence of labels")
    return parts


def label_array(value, name, scores=None, is_partly_used=False):
    """Integers, whose range is not checked yet; `scores` are what they are the targets of. Where not all are used, one
    beyond int64 is no error by itself."""
    array = own_view(check.as_array(value, name))
    if array.size == 0:
        return np.zeros(array.shape, np.int64)
    if array.dtype.kind not in "iub":
        if scores is not None:
            check.forbid_swapped(array, name, scores)
        remedy = "expected a label"
        if name.startswith("targets"):
            remedy = "leave it out, or say with target_lengths how many labels count"
        raise TypeError(not_integers(array, name, "labels", remedy))
    if is_partly_used:
        return check.within_int64(array)
    check.check_int64(array, name, "a label")
    return array


def as_lengths(value, name, batch, room, what, unused=None):
    """Lengths as int64 (N,), each within the room there is. Those of sequences that are not used are 0."""
    # A copy, in its own dtype for the text of an error: nobody may change a length between the check and its use.
    array = np.array(check.as_array(value, name))
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(not_integers(array, name, "lengths", f"expected how many {what} count"))
    if array.ndim == 0 and batch == 1:
        array = array.reshape(1)
    if array.shape != (batch,):
        raise ValueError(f"{name} has shape {array.shape}; expected ({batch},), one length for each sequence")
    if unused is not None:
        array = np.where(unused, 0, array)
    wrong = np.flatnonzero((array < 0) | (array > room))
    if wrong.size:
        n = int(wrong[0])
        raise ValueError(f"{name}[{n}] is {int(array[n])}; expected 0..{int(room[n])}, the {what} that are there")
    return array.astype(np.int64)


def as_input_lengths(input_lengths, emissions, unused):
    room = np.full(emissions.batch, emissions.frames, np.int64)
    if input_lengths is None:
        return room if unused is None else np.where(unused, 0, room)
    return as_lengths(input_lengths, "input_lengths", emissions.batch, room, "frames", unused)


def as_blank(blank, classes):
    number = check.as_integer(blank, "blank")
    if not -classes <= number < classes:
        raise ValueError(f"blank is {number}; expected a class -{classes}..{classes - 1}")
    return number % classes


def as_infeasible(infeasible, allowed=("inf", "zero", "raise")):
    if infeasible not in allowed:
        raise ValueError(f"infeasible must be one of {', '.join(map(repr, allowed))}, got {infeasible!r}")
    return infeasible


def one_recording(log_probs):
    """The emissions of a function that takes a single sequence."""
    emissions = Emissions(log_probs, "log_probs", False)
    if not emissions.single:
        raise ValueError(f"log_probs has shape {emissions.array.shape}; expected (T, C), one recording")
    return emissions
