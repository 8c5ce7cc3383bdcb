"""CTCAlignment.words: against the path read frame by frame; separators everywhere, stars, no path, wrong texts."""

import copy
import dataclasses
import doctest
import itertools
import math
import pickle
import re

import numpy as np
import pytest
import reference
from errors import refused
from hypothesis import given, settings
from hypothesis import strategies as st

import fastloss as fl
import fastloss.ctc.alignment
import fastloss.ctc.words

CLASSES = "-|abc"
ALPHABET = fl.CTCAlphabet(CLASSES, separator="|")


STAR = 9


def labels_of(text):
    return [STAR if c == "*" else CLASSES.index(c) for c in text]


def emissions(seed, frames, classes=5):
    return reference.log_softmax(np.random.default_rng(seed).normal(size=(frames, classes)) * 3)


def words_by_frames(path, log_probs, text):
    """(word, start, end, confidence): runs of the path are the text's characters, in order; words are between bars and
    stars."""
    runs, t = [], 0
    for c, run in itertools.groupby(path):
        stop = t + len(list(run))
        if c != 0:
            runs.append((t, stop, sum(0 if c == STAR else log_probs[at][c] for at in range(t, stop))))
        t = stop
    assert len(runs) == len(text)
    found = []
    for match in re.finditer(r"[^|*]+", text):
        own = runs[match.start() : match.end()]
        mean = sum(run[2] for run in own) / sum(run[1] - run[0] for run in own)
        found.append((match[0], own[0][0], own[-1][1], pytest.approx(math.exp(mean), rel=1e-12)))
    return found


def plain(words):
    return [dataclasses.astuple(word) for word in words]


@settings(max_examples=200, deadline=None)
@given(st.text("||aabb*", max_size=12), st.integers(0, 2**32), st.integers(0, 20))
def test_against_the_path(text, seed, more):
    """Doubled, leading and trailing separators, only separators, nothing, texts without one, stars anywhere."""
    log_probs = emissions(seed, 2 * len(text) + more)
    found = fl.ctc_align(log_probs, labels_of(text), star=STAR, star_cost=0.5)
    expected = words_by_frames(found.path.tolist(), log_probs.tolist(), text)
    words = found.words(text)
    assert plain(words) == expected
    assert [word.word for word in words] == [word for word in re.split(r"[|*]", text) if word]
    assert found.words(text.replace("|", " ")) == found.words(list(text)) == found.words(ALPHABET) == words
    of_labels = found.words(separator=1)
    assert [word.word for word in of_labels] == [tuple(labels_of(word.word)) for word in words]
    assert [dataclasses.replace(word, word="") for word in of_labels] == [
        dataclasses.replace(word, word="") for word in words
    ]
    seconds = [(word.start * 0.02, word.end * 0.02) for word in words]
    assert [(word.start, word.end) for word in found.words(text, seconds_per_frame=0.02)] == seconds
    letters = found.words(text, "")
    spans = zip(text, found.starts.tolist(), found.ends.tolist(), strict=True)
    assert [(word.word, word.start, word.end) for word in letters] == [span for span in spans if span[0] != "*"]
    scores = [score for score, c in zip(found.token_scores, text, strict=True) if c != "*"]
    np.testing.assert_allclose([word.confidence for word in letters], np.exp(scores), rtol=1e-12)
    assert found.words(separator="") == [dataclasses.replace(w, word=(CLASSES.index(w.word),)) for w in letters]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("|ab", max_size=7), max_size=5), st.integers(0, 2**32), st.booleans())
def test_a_batch_is_its_targets(texts, seed, batch_first):
    lengths = [2 * len(text) + n for n, text in enumerate(texts)]
    log_probs = np.zeros((max(lengths, default=0) + 3, len(texts), len(CLASSES)))
    for n, length in enumerate(lengths):
        log_probs[:length, n] = emissions(seed + n, length)
    x = log_probs.swapaxes(0, 1) if batch_first else log_probs
    found = fl.ctc_align(x, [labels_of(text) for text in texts], lengths, batch_first=batch_first)
    alone = [
        fl.ctc_align(log_probs[:length, n], labels_of(text)).words(text, seconds_per_frame=0.5)
        for n, (text, length) in enumerate(zip(texts, lengths, strict=True))
    ]
    for text in (texts, tuple(texts), [list(text) for text in texts], ALPHABET):
        assert found.words(text, seconds_per_frame=0.5) == alone
    assert [len(words) for words in found.words(separator=1)] == [len(words) for words in alone]


def test_numbers_are_those_of_python():
    word = fl.ctc_align(emissions(0, 9), labels_of("ab")).words("ab")[0]
    assert [type(value) for value in dataclasses.astuple(word)] == [str, int, int, float]
    word = fl.ctc_align(emissions(0, 9), labels_of("ab")).words(separator=1, seconds_per_frame=np.float32(0.5))[0]
    assert [type(value) for value in (word.word[0], word.start, word.confidence)] == [int, float, float]


def test_other_separators():
    found = fl.ctc_align(emissions(1, 30), labels_of("ab|cab"))
    assert [word.word for word in found.words("ab|cab", "c")] == ["ab|", "ab"]
    assert [word.word for word in found.words("ab_cab", "_")] == ["ab", "cab"]
    assert [word.word for word in found.words("ab.cab")] == ["ab.cab"]
    assert [word.word for word in found.words(separator=4)] == [(2, 3, 1), (2, 3)]
    assert [word.word for word in found.words(fl.CTCAlphabet("-*abc", separator="*"))] == ["ab", "cab"]
    assert [word.word for word in found.words(fl.CTCAlphabet("-*abc"))] == ["ab*cab"]
    assert [word.word for word in found.words(fl.CTCAlphabet(CLASSES))] == ["ab", "cab"]
    assert [word.word for word in found.words(ALPHABET, "b")] == ["a", "|ca"]


@pytest.mark.parametrize(
    ("tokens", "separator", "expected"),
    [
        (["▁go", "od", "▁day", "▁", "▁to"], None, [("good", 0, 2), ("day", 2, 3), ("to", 4, 5)]),
        (["go", "od</w>", "day</w>", "to", "</w>"], "</w>", [("good", 0, 2), ("day", 2, 3), ("to", 3, 4)]),
        (["a", "b c", "d", "||", "e "], None, [("ab", 0, 2), ("cd", 1, 3), ("e", 4, 5)]),
    ],
)
def test_tokens_of_several_characters(tokens, separator, expected):
    """A separator at either end of a token, in the middle, alone, twice."""
    found = fl.ctc_align(emissions(2, 20, 6), [1, 2, 3, 4, 5])
    words = [(w, int(found.starts[first]), int(found.ends[stop - 1])) for w, first, stop in expected]
    assert [(w.word, w.start, w.end) for w in found.words(tokens, separator)] == words
    alphabet = fl.CTCAlphabet(["", *tokens])
    assert found.words(alphabet, separator) == found.words(tokens, separator)


@pytest.mark.parametrize("star", [4, 9])
def test_a_star_is_of_no_word(star):
    """It ends one, and its frames and its cost count nowhere; as a class of the scores or beyond them."""
    said = [0, 2, 2, 3, 4, 4, 4, 2, 0, 1, 3, 3]
    log_probs = np.log(np.full((12, 5), 0.02))
    log_probs[np.arange(12), said] = np.log(0.92)
    found = fl.ctc_align(log_probs, [2, 3, star, 2, 1, 3], star=star, star_cost=0.5)
    assert found.token_scores[2] == -0.5
    expected = [("ab", 1, 4), ("a", 7, 8), ("b", 10, 12)]
    for text in ("ab*a|b", "abca b", ["a", "b", "<gap>", "a", "|", "b"], ALPHABET):
        words = found.words(text)
        assert [(word.word, word.start, word.end) for word in words] == expected
        assert [word.confidence for word in words] == pytest.approx([0.92] * 3)
    assert [word.word for word in found.words(separator=1)] == [(2, 3), (2,), (3,)]
    assert [word.word for word in found.words(separator="")] == [(2,), (3,), (2,), (1,), (3,)]
    spotted = fl.ctc_align(log_probs, [star, 3, star], star=star)
    assert [word.word for word in spotted.words("*b*", "")] == ["b"]


def test_targets_without_a_path():
    """They keep their words. Nothing is -1: not a time, which would look like one."""
    x = np.stack([emissions(n, 6) for n in range(4)], axis=1)
    x[2, 1, 2] = np.nan
    texts = ["ab|a", "ba|a", "aa|bb|a", ""]
    targets = [labels_of(text) for text in texts]
    for mode in ("inf", "zero"):
        found = fl.ctc_align(x, targets, infeasible=mode)
        words = found.words(texts, seconds_per_frame=0.02)
        assert [word.word for word in words[0]] == ["ab", "a"]
        assert all(0 <= word.start < word.end <= 0.12 for word in words[0])
        for n, confidence in ((1, np.nan), (2, 0.0)):
            assert [word.word for word in words[n]] == texts[n].split("|")
            assert {(word.start, word.end) for word in words[n]} == {(None, None)}
            np.testing.assert_array_equal([word.confidence for word in words[n]], confidence)
        assert words[3] == []
        assert repr(found.words(ALPHABET)) == repr(found.words(texts))
    single = fl.ctc_align(x[:2, 0], labels_of("aa"), infeasible="inf")
    assert plain(single.words("aa")) == [("aa", None, None, 0.0)]
    assert fl.ctc_align(x[:0, 0], []).words("") == []


@pytest.mark.filterwarnings("ignore:.*log_probs are not normalised:UserWarning")
def test_confidence_of_enormous_logits():
    assert fl.ctc_align(np.full((3, 5), 1e6), [2]).words("a")[0].confidence == np.inf


def test_records():
    word = fl.CTCWord("good", 0.08, 12 * 0.04 + 1e-17, 0.76131)
    assert repr(word) == "CTCWord('good', 0.08, 0.48, confidence=0.761)"
    assert repr(fl.CTCWord((3, 2), None, None, math.nan)) == "CTCWord((3, 2), None, None, confidence=nan)"
    assert word == fl.CTCWord(word.word, word.start, word.end, word.confidence)
    assert len({word, copy.copy(word), pickle.loads(pickle.dumps(word))}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        word.start = 0


def test_alignments_are_shown_in_a_line():
    x = emissions(0, 600)
    one = fl.ctc_align(x, labels_of("ab|c" * 40))
    assert repr(one) == f"<CTCAlignment of 160 labels over 600 frames, score {one.score:.3g}>"
    batch = np.stack([x, x, x], axis=1)
    many = fl.ctc_align(batch, [labels_of("ab"), [2] * 400, []], infeasible="inf")
    assert repr(many) == "<CTCAlignment of 3 targets of up to 400 labels over up to 600 frames, 1 without a path>"
    assert "without" not in repr(fl.ctc_align(batch, [[2], [3], []]))
    assert repr(fl.ctc_align(x[:0], [])) == "<CTCAlignment of 0 labels over 0 frames, score 0>"
    assert repr(fl.ctc_align(batch[:, :0], [])) == "<CTCAlignment of 0 targets of up to 0 labels over up to 600 frames>"
    for found in (one, many):
        again = pickle.loads(pickle.dumps(found))
        assert repr(again) == repr(found)
        assert again.words(separator=1) == found.words(separator=1)


ONE = fl.ctc_align(emissions(0, 30), labels_of("ab|c"))
TWO = fl.ctc_align(np.stack([emissions(n, 30) for n in range(2)], 1), [labels_of("ab|c"), labels_of("a")])


@pytest.mark.parametrize(
    ("found", "arguments", "error", "tokens"),
    [
        (ONE, ("abc",), ValueError, ["text has 3 characters", "4 labels", "CTCAlphabet"]),
        (ONE, (["ab|c"],), ValueError, ["text has 1 tokens", "4 labels"]),
        (ONE, ([2, 3, 1, 4],), TypeError, ["text[0] is 2", "without text"]),
        (ONE, (b"ab|c",), TypeError, ["text is a bytes"]),
        (ONE, ({"a": 2},), TypeError, ["text is a dict"]),
        (ONE, (7,), TypeError, ["text is a int"]),
        (ONE, (), ValueError, ["separator is missing"]),
        (ONE, (None, "|"), TypeError, ["separator", "label", "'|'"]),
        (ONE, ("ab|c", 1), TypeError, ["separator is 1", "str"]),
        (ONE, ("ab|c", 0.02), TypeError, ["separator is 0.02", "seconds_per_frame="]),
        (ONE, (fl.CTCAlphabet("-|a"),), ValueError, ["label 3", "3 tokens"]),
        (ONE, (fl.CTCAlphabet("a|-bc", blank=2),), ValueError, ["label 2", "the blank"]),
        (TWO, ("ab|c",), TypeError, ["text is a str", "a list of 2 texts"]),
        (TWO, (["ab|c"],), ValueError, ["text has 1 texts", "expected 2"]),
        (TWO, (["ab|c", "ab"],), ValueError, ["text[1] has 2 characters", "1 labels"]),
        (TWO, (["ab|c", "a", ""],), ValueError, ["text has 3 texts"]),
        (TWO, (["ab|c", None], 1), TypeError, ["text[1] is None"]),
        (TWO, ([["a", "b", "|", 5], "a"],), TypeError, ["text[0][3] is 5"]),
    ],
)
def test_refused(found, arguments, error, tokens):
    refused(error, tokens, lambda: found.words(*arguments))


@pytest.mark.parametrize(
    ("seconds", "error"), [(0, ValueError), (-0.02, ValueError), (np.inf, ValueError), ("20 ms", TypeError)]
)
def test_seconds_refused(seconds, error):
    refused(error, ["seconds_per_frame"], lambda: ONE.words("ab|c", seconds_per_frame=seconds))


def test_an_alignment_made_by_hand_has_no_words():
    made = fl.CTCAlignment(ONE.path, ONE.score, ONE.starts, ONE.ends, ONE.token_scores)
    refused(ValueError, ["not made by ctc_align"], lambda: made.words("ab|c"))


@pytest.mark.parametrize("module", [fastloss.ctc.alignment, fastloss.ctc.words])
def test_examples(module):
    results = doctest.testmod(module)
    assert results.attempted
    assert not results.failed
