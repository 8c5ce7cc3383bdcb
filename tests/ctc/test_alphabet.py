"""CTCAlphabet: text to labels and back, every way of making one, what it lacks and where."""

import copy
import doctest
import itertools
import json
import pickle
import unicodedata

import numpy as np
import pytest
from errors import refused
from hypothesis import given, settings
from hypothesis import strategies as st

import fastloss as fl
import fastloss.ctc.alphabet

LETTERS = "-|abcè"
VOCABULARY = {"<s>": 1, "<pad>": 0, "</s>": 2, "<unk>": 3, "|": 4, "E": 5, "T": 6, "'": 7}  # as wav2vec 2.0 has it


@settings(max_examples=200, deadline=None)
@given(st.text(LETTERS[1:] + " ", max_size=30))
def test_there_and_back(text):
    """A space and the separator are the same label, and a space in what is decoded."""
    alphabet = fl.CTCAlphabet(LETTERS, separator="|")
    labels = alphabet.encode(text)
    assert labels == [LETTERS.index("|" if c == " " else c) for c in text]
    assert alphabet.decode(labels) == alphabet.decode(np.array(labels, np.uint8)) == text.replace("|", " ")
    assert alphabet.encode(alphabet.decode(labels)) == labels
    assert alphabet.encode(list(text)) == labels
    plain = fl.CTCAlphabet(LETTERS.replace("-", "") + " -", blank=-1)
    assert plain.decode(plain.encode(text)) == text


def longest_first(text, tokens):
    """The tokens of a text, by trying each."""
    found = []
    while text:
        token = max((t for t in tokens if text.startswith(t)), key=len, default=None)
        if token is None:
            return None
        found.append(token)
        text = text[len(token) :]
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("ab|", min_size=1, max_size=3), min_size=1, max_size=6, unique=True),
    st.text("ab|", max_size=12),
    st.integers(0, 6),
)
def test_tokens_of_several_characters(tokens, text, place):
    place = min(place, len(tokens))
    alphabet = fl.CTCAlphabet([*tokens[:place], "<blank>", *tokens[place:]], blank="<blank>")
    expected = longest_first(text, tokens)
    if expected is None:
        with pytest.raises(ValueError, match="lacks"):
            alphabet.encode(text)
        return
    labels = alphabet.encode(text)
    assert [alphabet.tokens[label] for label in labels] == expected
    assert alphabet.encode(expected) == labels
    assert alphabet.decode(labels) == text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-1, 4), max_size=20))
def test_paths(path):
    """-1 is beyond the end of a `CTCAlignment.path`."""
    alphabet = fl.CTCAlphabet("ab-|c", blank=2, separator="|")
    expected = "".join("ab- c"[c] for c, _ in itertools.groupby(path) if c not in (2, -1))
    assert alphabet.decode_path(path) == alphabet.decode_path(np.array(path, np.int16)) == expected


def test_paths_of_alignments():
    rng, alphabet = np.random.default_rng(0), fl.CTCAlphabet(LETTERS, separator="|")
    x = fl.log_softmax(rng.normal(size=(30, 2, len(LETTERS))))
    texts = ["abba è", "c"]
    found = fl.ctc_align(x, [alphabet.encode(text) for text in texts], [30, 12], blank=alphabet.blank)
    assert [alphabet.decode_path(path) for path in found.path] == texts
    best = x[:, 0].argmax(axis=1)
    assert alphabet.decode_path(best) == alphabet.decode([c for c, _ in itertools.groupby(best.tolist()) if c])


def test_vocabularies():
    """A dict, in whatever order and of whatever integers, as the file of a model has it."""
    for blank in ("<pad>", 0, -8):
        alphabet = fl.CTCAlphabet(json.loads(json.dumps(VOCABULARY)), blank, separator="|")
        assert len(alphabet) == 8
        assert (alphabet.blank, alphabet.separator) == (0, "|")
        assert alphabet.tokens == tuple(sorted(VOCABULARY, key=VOCABULARY.get))
        assert alphabet.encode("TEE 'T") == [6, 5, 5, 4, 7, 6]
        assert alphabet.decode([6, 5, 5, 4, 7, 6]) == "TEE 'T"
    assert fl.CTCAlphabet({"a": np.int64(1), "b": np.uint8(0)}).tokens == ("b", "a")
    last = fl.CTCAlphabet(("▁a", "b", " ", ""), blank=-1)
    assert (last.blank, last.encode("▁ab b"), last.decode([0, 2])) == (3, [0, 1, 2, 1], "▁a ")
    of_array = fl.CTCAlphabet(np.array(["-", "a", "bc"]))
    assert of_array.encode("bca") == [2, 1]
    assert {type(token) for token in of_array.tokens} == {str}


def test_a_separator_within_tokens():
    """As SentencePiece has it: a space in the text, wherever it stands in a token."""
    alphabet = fl.CTCAlphabet(["<blk>", "▁", "▁go", "od", "▁day"], separator="▁")
    assert alphabet.encode(" good day ") == alphabet.encode("▁good▁day▁") == [2, 3, 4, 1]
    assert alphabet.decode([2, 3, 4, 1]) == " good day "
    long = fl.CTCAlphabet(["-", "<space>", "a"], separator="<space>")
    assert long.encode("a a<space>") == [2, 1, 2, 1]
    assert long.decode([2, 1, 2, 1]) == "a a "


def test_nothing_is_changed():
    alphabet = fl.CTCAlphabet("-|aBé", separator="|")
    composed, apart = "é", unicodedata.normalize("NFD", "é")
    assert alphabet.encode(composed) == [4]
    for text, place in (("A", 0), ("ab", 1), ("a\ta", 1), ("a" + apart, 1), ("a\u00a0", 1), ("\uff41", 0)):
        refused(ValueError, [f"text[{place}] is {text[place]!r}", "lacks"], lambda text=text: alphabet.encode(text))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("abd", ["text[2] is 'd', which the alphabet lacks"]),
        ("abXdX", ["text[2] is 'X'", "lacks 'd' as well"]),
        ("a-b", ["text[1] is '-', the blank"]),
        ("A", ["it has 'a'", "text.lower()"]),
        ("ß", ["'ß' (U+00DF)"]),
        ("e\u0300", ["text[0] is 'e'", "(U+0300)"]),
        ("\u0300", ["(U+0300)", "NFC"]),
        ("á", ["(U+00E1)", "NFD"]),
        (["ab"], ["text[0] is 'ab'", "one by one"]),
        (["a", "-"], ["text[1] is '-', the blank"]),
    ],
)
def test_what_it_lacks(text, tokens):
    refused(ValueError, tokens, lambda: fl.CTCAlphabet("-|abc\u0301è", separator="|").encode(text))


def test_hints_fit():
    refused(ValueError, ["it has 'A'", "text.upper()"], lambda: fl.CTCAlphabet("-A").encode("a"))
    refused(ValueError, ["text[1] is ' '", "separator='|'"], lambda: fl.CTCAlphabet("-|a").encode("a a"))
    text = refused(ValueError, ["text[0] is 'à'"], lambda: fl.CTCAlphabet("-|a").encode("à"))
    assert "NFD" not in text


@pytest.mark.parametrize(
    ("call", "error", "tokens"),
    [
        (lambda a: a.encode(None), TypeError, ["text is a NoneType"]),
        (lambda a: a.encode(b"ab"), TypeError, ["text is a bytes"]),
        (lambda a: a.encode([1, 2]), TypeError, ["text[0] is 1", "str"]),
        (lambda a: a.decode([2, 0]), ValueError, ["labels[1] is 0, the blank", "decode_path"]),
        (lambda a: a.decode([2, 5]), ValueError, ["labels[1] is 5", "0..4"]),
        (lambda a: a.decode([-1]), ValueError, ["labels[0] is -1"]),
        (lambda a: a.decode([2.0]), TypeError, ["labels", "float64"]),
        (lambda a: a.decode([[2, 3]]), ValueError, ["labels has shape (1, 2)", "one text"]),
        (lambda a: a.decode("ab"), TypeError, ["labels is a str"]),
        (lambda a: a.decode_path([2, 7]), ValueError, ["path[1] is 7", "0..4"]),
        (lambda a: a.decode_path([-2]), ValueError, ["path[0] is -2"]),
        (lambda a: a.decode_path(np.zeros((3, 5))), ValueError, ["path has shape (3, 5)", "argmax"]),
    ],
)
def test_refused(call, error, tokens):
    refused(error, tokens, lambda: call(fl.CTCAlphabet("-|abc", separator="|")))


@pytest.mark.parametrize(
    ("arguments", "error", "tokens"),
    [
        (("-aba",), ValueError, ["tokens[3] is 'a', as tokens[1] is", "one character"]),
        ((["-", "-"],), ValueError, ["tokens[1] is '-', as tokens[0] is"]),
        ((["-", "a", ""],), ValueError, ["tokens[2] is empty"]),
        ((["-", "a", 3],), TypeError, ["tokens[2] is 3"]),
        ((3,), TypeError, ["tokens is a int"]),
        ((b"-ab",), TypeError, ["tokens is a bytes"]),
        (({0: "-", 1: "a"},), TypeError, ["the key 0", "from token", "tokens.items()"]),
        (({"-": 0, "a": 2},), ValueError, ["tokens['a'] is 2", "0..1"]),
        (({"-": 0, "a": -1},), ValueError, ["tokens['a'] is -1"]),
        (({"-": 0, "a": 0},), ValueError, ["tokens['a'] is 0, as tokens['-'] is"]),
        (({"-": 0.0},), TypeError, ["tokens['-']", "integer"]),
        (("-ab", 3), ValueError, ["blank is 3", "3 classes"]),
        (("-ab", -4), ValueError, ["blank is -4"]),
        (("-ab", "<pad>"), ValueError, ["blank is '<pad>'"]),
        (("-ab", None), TypeError, ["blank"]),
        (("",), ValueError, ["blank is 0", "0 classes"]),
        (("-ab", 0, "|"), ValueError, ["separator is '|'"]),
        (("-ab", 0, "-"), ValueError, ["separator is '-'", "other than the blank"]),
        (("-ab", 0, 1), ValueError, ["separator is 1"]),
        (("-| a", 0, "|"), ValueError, ["tokens[1] and tokens[2] are ' '"]),
    ],
)
def test_alphabets_refused(arguments, error, tokens):
    refused(error, tokens, lambda: fl.CTCAlphabet(*arguments))


def test_alphabets_are_never_changed():
    tokens = ["-", "|", "a"]
    alphabet = fl.CTCAlphabet(tokens, separator="|")
    tokens[2] = "b"
    assert alphabet.encode("a") == [2]
    for name in ("tokens", "blank", "separator", "other"):
        with pytest.raises(AttributeError):
            setattr(alphabet, name, None)
    assert [token in alphabet for token in ("a", "|", " ", "-", "b", 2)] == [True, True, True, False, False, False]
    assert repr(alphabet) == "<CTCAlphabet of 3 tokens, blank '-', separator '|'>"
    assert repr(fl.CTCAlphabet("ab", blank=1)) == "<CTCAlphabet of 2 tokens, blank 'b'>"
    for other in (copy.deepcopy(alphabet), pickle.loads(pickle.dumps(alphabet))):
        assert (other.tokens, other.blank, other.separator) == (alphabet.tokens, alphabet.blank, alphabet.separator)
        assert other.encode("a a") == [2, 1, 2]


def test_examples():
    results = doctest.testmod(fastloss.ctc.alphabet)
    assert results.attempted >= 4
    assert not results.failed
