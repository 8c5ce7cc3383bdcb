"""Text as labels of a CTC model, and back."""

import unicodedata
from collections.abc import Mapping

from fastloss import _validation as check
from fastloss._hints import not_integers


class CTCAlphabet:
    """The tokens of a model's classes: turns text into labels and back. Never changed once it is made.

    Parameters
    ----------
    tokens : str, sequence of str, or dict from token to class
        The token of each class, the blank's included: a string has one character for each. A dict is what the
        ``vocab.json`` of a Hugging Face model holds. Tokens may have several characters.
    blank : int or str
        The blank's class (negative counts from the end), or its token. What the token is does not matter: it is in no
        text.
    separator : str, optional
        The token between words. A space in a text stands for it, and it is a space in the text of labels. Without one
        a space is a character like any other.

    Attributes
    ----------
    tokens : tuple of str
        The token of each class; ``len(alphabet)`` is their number, and ``c in alphabet`` says whether `encode` has it.
    blank : int
        The blank's class, to be passed to the CTC functions as ``blank=``.
    separator : str or None
        As given.

    Raises
    ------
    ValueError, TypeError
        For a token that is there twice, is empty or is no string; for a blank or a separator that is not there.

    Examples
    --------
    >>> import fastloss as fl
    >>> alphabet = fl.CTCAlphabet("-|adegoty", separator="|")
    >>> alphabet
    <CTCAlphabet of 9 tokens, blank '-', separator '|'>
    >>> alphabet.encode("good day")
    [5, 6, 6, 3, 1, 3, 2, 8]
    >>> alphabet.decode([5, 6, 1, 2, 7])
    'go at'
    >>> alphabet.encode("good bye")
    Traceback (most recent call last):
        ...
    ValueError: text[5] is 'b', which the alphabet lacks

    The vocabulary of a model, token by token, with the blank's own token:

    >>> vocabulary = {"<pad>": 0, "|": 1, "A": 2, "T": 3, "TH": 4}
    >>> fl.CTCAlphabet(vocabulary, blank="<pad>", separator="|").encode("THAT")
    [4, 2, 3]
    """

    __slots__ = ("_blank", "_class_of", "_separator", "_sizes", "_tokens")

    def __init__(self, tokens, blank=0, separator=None):
        self._tokens = _read_tokens(tokens)
        self._blank = _as_class(blank, self._tokens)
        if separator is not None and (separator not in self._tokens or separator == self._tokens[self._blank]):
            raise ValueError(f"separator is {separator!r}; expected a token of the alphabet other than the blank")
        self._separator = separator
        self._class_of = {}  # of each token as it is, and as it is in a text with spaces
        for c, token in enumerate(self._tokens):
            if c != self._blank:
                self._add(c, token)
        self._sizes = sorted({len(token) for token in self._class_of}, reverse=True)

    def _add(self, c, token):
        if not token:
            raise ValueError(f"tokens[{c}] is empty; only the blank's token may be")
        for form in {token, self._as_text(token)}:
            if form in self._class_of:
                known = self._class_of[form]
                raise ValueError(f"tokens[{known}] and tokens[{c}] are {form!r} in a text, with spaces as separators")
            self._class_of[form] = c

    @property
    def tokens(self):
        return self._tokens

    @property
    def blank(self):
        return self._blank

    @property
    def separator(self):
        return self._separator

    def __len__(self):
        return len(self._tokens)

    def __contains__(self, token):
        return token in self._class_of

    def __repr__(self):
        separator = "" if self._separator is None else f", separator {self._separator!r}"
        return f"<CTCAlphabet of {len(self)} tokens, blank {self._tokens[self._blank]!r}{separator}>"

    def encode(self, text):
        """The labels of a text, as a list: what the CTC functions take as one target.

        A string is cut into the longest tokens that fit, from left to right. Where a model has its own way of cutting,
        pass the tokens that it gives. Nothing is changed: not the case of letters, nor how accents are composed.

        Parameters
        ----------
        text : str, or sequence of tokens

        Raises
        ------
        ValueError
            For characters or tokens that the alphabet lacks, with the place of the first; the blank's token is one.

        Examples
        --------
        >>> import fastloss as fl
        >>> fl.CTCAlphabet(["-", "s", "t", "st", " "]).encode("st ts")
        [3, 4, 2, 1]
        """
        if not isinstance(text, str):
            return self._encode_tokens(text)
        labels, lacking, place = [], [], 0
        while place < len(text):
            size = next((size for size in self._sizes if text[place : place + size] in self._class_of), 0)
            if size:
                labels.append(self._class_of[text[place : place + size]])
            else:
                lacking.append(place)
            place += max(size, 1)
        if lacking:
            raise ValueError(self._lacks(text, lacking))
        return labels

    def decode(self, labels):
        """The text of labels, such as those that `ctc_decode` finds. Every label is kept: repeats are not merged.

        Parameters
        ----------
        labels : sequence of int, or integer array (S,)
            Classes of the alphabet other than the blank.

        Raises
        ------
        ValueError, TypeError
            For another label, with its place.

        Examples
        --------
        >>> import fastloss as fl
        >>> fl.CTCAlphabet("-|adegoty", separator="|").decode([5, 6, 6, 3, 1, 3, 2, 8])
        'good day'
        """
        labels = _as_integers(labels, "labels", "labels of one text")
        for place, label in enumerate(labels):
            if label == self._blank:
                raise ValueError(f"labels[{place}] is {label}, the blank; decode_path reads the classes of frames")
            self._check_class(f"labels[{place}]", label)
        return self._as_text("".join(self._tokens[label] for label in labels))

    def decode_path(self, path):
        """The text that the classes of all frames spell: repeats are merged, then blanks are dropped.

        Parameters
        ----------
        path : sequence of int, or integer array (T,)
            Classes such as ``log_probs.argmax(axis=1)``, or the `path` of a `CTCAlignment`; -1 is left out, which is
            beyond the end there.

        Raises
        ------
        ValueError, TypeError
            For a class that the alphabet lacks, with its place.

        Examples
        --------
        >>> import fastloss as fl
        >>> fl.CTCAlphabet("-go").decode_path([0, 1, 1, 2, 0, 2])
        'goo'
        """
        path = _as_integers(path, "path", "a class for each frame of one recording, as log_probs.argmax(axis=1) gives")
        found, before = [], -1
        for place, c in enumerate(path):
            if c not in (before, self._blank, -1):
                self._check_class(f"path[{place}]", c)
                found.append(self._tokens[c])
            before = c
        return self._as_text("".join(found))

    def _as_text(self, tokens):
        return tokens if self._separator is None else tokens.replace(self._separator, " ")

    def _check_class(self, name, c):
        if not 0 <= c < len(self._tokens):
            raise ValueError(f"{name} is {c}; expected a class of the alphabet, 0..{len(self._tokens) - 1}")

    def _encode_tokens(self, tokens):
        labels = []
        for place, token in enumerate(as_list(tokens, "text", "a str, or a sequence of tokens")):
            if not isinstance(token, str):
                raise TypeError(f"text[{place}] is {token!r}; expected a token, a str")
            if token not in self._class_of:
                raise ValueError(
                    f"text[{place}] is {token!r}, {self._lack_of(token)}; "
                    "a sequence is one text, token by token, and several texts are encoded one by one"
                )
            labels.append(self._class_of[token])
        return labels

    def _lack_of(self, token):
        return "the blank" if token == self._tokens[self._blank] else "which the alphabet lacks"

    def _lacks(self, text, places):
        """The text about characters that the alphabet lacks: the first, why that may be, and the others."""
        first = text[places[0]]
        others = dict.fromkeys(text[place] for place in places)
        del others[first]
        more = f"; it lacks {', '.join(map(_shown, others))} as well" if others else ""
        return f"text[{places[0]}] is {_shown(first)}, {self._lack_of(first)}{self._hint(first)}{more}"

    def _hint(self, character):
        for method in ("upper", "lower"):
            other = getattr(character, method)()
            if other != character and other in self._class_of:
                return f"; it has {other!r}, as text.{method}() has"
        if character == " " and "|" in self._class_of:
            return "; with CTCAlphabet(..., separator='|') a space stands for '|'"
        if unicodedata.combining(character):
            return '; unicodedata.normalize("NFC", text) joins it with the letter before'
        if all(part in self._class_of for part in unicodedata.normalize("NFD", character)):
            return '; it has its parts, as unicodedata.normalize("NFD", text) has'
        return ""


def _shown(character):
    """A character as the text of an error has it: with its code where its look does not tell."""
    return repr(character) if character.isascii() else f"{character!r} (U+{ord(character):04X})"


def as_list(values, name, expected, refused=(bytes, Mapping)):
    """What can be iterated over, but for some types: these are no sequence of what is expected."""
    if isinstance(values, refused) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is a {type(values).__name__}; expected {expected}")
    return list(values)


def _read_tokens(tokens):
    """The token of each class as a tuple."""
    if isinstance(tokens, Mapping):
        tokens = _by_class(tokens)
    hint = "; a str has one character for each class" if isinstance(tokens, str) else ""
    tokens = as_list(tokens, "tokens", "a str, a sequence of str, or a dict from token to class")
    first = {}
    for c, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"tokens[{c}] is {token!r}; expected a str")
        if first.setdefault(token, c) != c:
            raise ValueError(f"tokens[{c}] is {token!r}, as tokens[{first[token]}] is{hint}")
    return tuple(map(str, tokens))


def _by_class(classes):
    """The tokens of a dict from token to class, in the order of the classes."""
    found = {}
    for token, c in classes.items():
        if not isinstance(token, str):
            raise TypeError(
                f"tokens has the key {token!r}; expected a dict from token to class, "
                "as {token: c for c, token in tokens.items()} is"
            )
        c = check.as_integer(c, f"tokens[{token!r}]")
        if not 0 <= c < len(classes):
            raise ValueError(
                f"tokens[{token!r}] is {c}; expected a class 0..{len(classes) - 1} of {len(classes)} tokens"
            )
        if c in found:
            raise ValueError(f"tokens[{token!r}] is {c}, as tokens[{found[c]!r}] is")
        found[c] = token
    return [found[c] for c in range(len(found))]


def _as_class(blank, tokens):
    if isinstance(blank, str):
        if blank not in tokens:
            raise ValueError(f"blank is {blank!r}; expected a token of the alphabet, or a class")
        return tokens.index(blank)
    number = check.as_integer(blank, "blank")
    if not -len(tokens) <= number < len(tokens):
        raise ValueError(f"blank is {number}; expected one of {len(tokens)} classes, or a token")
    return number % len(tokens)


def _as_integers(values, name, expected):
    array = check.as_array(values, name, expected)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(not_integers(array, name, "labels", "expected a label"))
    return array.tolist()
