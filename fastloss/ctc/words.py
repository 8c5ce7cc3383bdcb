"""The words of an alignment: which labels make each, where it is, how sure the model is."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fastloss import _validation as check
from fastloss.ctc.alphabet import CTCAlphabet, as_list

_SEPARATORS = ("|", " ", "\u2581")  # "▁" is what SentencePiece has for a space


@dataclass(frozen=True, slots=True, repr=False)
class CTCWord:
    """A word and where it is, from `CTCAlignment.words`.

    Attributes
    ----------
    word : str, or tuple of int
        The word, without separators; its labels where the alignment was given no text.
    start, end : int, or float in seconds
        From the first frame of its first label, up to and without `end`; None if its target has no path.
    confidence : float
        The geometric mean of the probability of its labels over their frames, blanks between them left out: exp of the
        mean of `token_scores`, weighted by frames. 0 if its target has no path, NaN if the target's score is NaN.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.CTCWord("good", 0.08, 0.48, 0.7613)
    CTCWord('good', 0.08, 0.48, confidence=0.761)
    """

    word: str | tuple[int, ...]
    start: int | float | None
    end: int | float | None
    confidence: float

    def __repr__(self):
        start, end = (round(at, 4) if isinstance(at, float) else at for at in (self.start, self.end))
        return f"CTCWord({self.word!r}, {start}, {end}, confidence={self.confidence:.3g})"


def words_of(alignment, text, separator, seconds_per_frame):
    """What `CTCAlignment.words` returns."""
    if alignment._aligned is None:
        raise ValueError("this alignment was not made by ctc_align: it does not have its targets")
    seconds = None if seconds_per_frame is None else check.as_positive(seconds_per_frame, "seconds_per_frame")
    labels, lengths, star = alignment._aligned
    targets = np.split(labels, np.cumsum(lengths)[:-1]) if lengths.size else []
    if np.ndim(alignment.score) == 0:
        return _words(alignment, ..., _parts(targets[0].tolist(), star, text, "text", separator), seconds)
    texts = _one_for_each(text, len(targets))
    return [
        _words(alignment, n, _parts(target.tolist(), star, texts[n], f"text[{n}]", separator), seconds)
        for n, target in enumerate(targets)
    ]


def _one_for_each(text, count):
    if text is None or isinstance(text, CTCAlphabet):
        return [text] * count
    texts = as_list(text, "text", f"a list of {count} texts, one for each target", (str, bytes, Mapping))
    if len(texts) != count:
        raise ValueError(f"text has {len(texts)} texts; expected {count}, one for each target")
    for n, one in enumerate(texts):
        if one is None:
            raise TypeError(f"text[{n}] is None; expected a str, or a token for each label")
    return texts


# ---- words of labels ----


def _words(alignment, n, parts, seconds):
    """The words of target n, from the parts of each of its labels."""
    starts, ends, means = alignment.starts[n], alignment.ends[n], alignment.token_scores[n]
    unknown = math.nan if np.isnan(alignment.score[n]) else 0.0
    words = []
    for pieces, first, stop in _groups(parts):
        word = "".join(pieces) if isinstance(pieces[0], str) else tuple(pieces)
        if starts[first] < 0:
            words.append(CTCWord(word, None, None, unknown))
            continue
        start, end = int(starts[first]), int(ends[stop - 1])
        if seconds is not None:
            start, end = start * seconds, end * seconds
        frames = ends[first:stop] - starts[first:stop]
        mean = np.dot(means[first:stop], frames) / frames.sum()
        words.append(CTCWord(word, start, end, _exp(mean)))
    return words


def _exp(score):
    with np.errstate(over="ignore"):  # of scores that are no log-probabilities
        return float(np.exp(score))


def _groups(parts):
    """Of each word: its pieces, its first label, and the label after its last."""
    groups, is_open = [], False
    for i, parts_of_label in enumerate(parts):
        for k, part in enumerate(parts_of_label):
            is_open = is_open and k == 0  # a word ends between two parts
            if part is None or part == "":
                continue
            if not is_open:
                groups.append([[], i, i])
                is_open = True
            groups[-1][0].append(part)
            groups[-1][2] = i + 1
    return groups


# ---- parts of each label ----

_NOTHING = (None, None)  # of a separator, or of a star: a word ends, and nothing begins


def _parts(labels, star, text, name, separator):
    """Of each label, the parts between separators: most have one."""
    if text is None:
        return _parts_of_labels(labels, star, separator)
    symbols = _symbols(labels, star, text, name)
    if separator is None:
        own = text.separator if isinstance(text, CTCAlphabet) else None
        separators = _SEPARATORS if own is None else (own,)
    elif isinstance(separator, str):
        separators = (separator,)
    else:
        raise TypeError(f"separator is {separator!r}; expected a str (the length of frames is seconds_per_frame=)")
    if "" in separators:
        parts = ((None, symbol, None) for symbol in symbols)
    else:
        cut = re.compile("|".join(map(re.escape, separators))).split
        parts = map(cut, symbols)
    return [_NOTHING if label == star else part for label, part in zip(labels, parts, strict=True)]


def _parts_of_labels(labels, star, separator):
    if separator is None:
        raise ValueError('separator is missing: without text, the label between words, or "" for words of one label')
    if separator == "":
        return [_NOTHING if label == star else (None, label, None) for label in labels]
    separator = check.as_integer(separator, "separator, without text a label,")
    return [_NOTHING if label in (star, separator) else (label,) for label in labels]


def _symbols(labels, star, text, name):
    """What is written for each label: any string for a star."""
    if isinstance(text, CTCAlphabet):
        return ["" if label == star else _token(text, label) for label in labels]
    symbols = list(text) if isinstance(text, str) else as_list(text, name, "a str, or a token for each label")
    for i, symbol in enumerate(symbols):
        if not isinstance(symbol, str):
            raise TypeError(f"{name}[{i}] is {symbol!r}; expected a str; words of labels are there without text")
    if len(symbols) != len(labels):
        raise ValueError(
            f"{name} has {len(symbols)} {'characters' if isinstance(text, str) else 'tokens'}, its target has "
            f"{len(labels)} labels; expected one for each: a str, a list of tokens, or the CTCAlphabet that encoded it"
        )
    return symbols


def _token(alphabet, label):
    if label == alphabet.blank or label >= len(alphabet):
        what = "the blank" if label == alphabet.blank else f"beyond its {len(alphabet)} tokens"
        raise ValueError(f"the target has the label {label}, which is {what} of the alphabet: is it another model's?")
    return alphabet.tokens[label]
