"""The logits that llama.cpp's perplexity tool writes."""

import operator
import os

import numpy as np

_MAGIC = b"_logits_"
_HEADER = np.dtype([("magic", "S8"), ("n_ctx", "<i4"), ("n_vocab", "<i4"), ("n_chunk", "<i4")])
_LEVELS = 65535  # from the smallest to the largest log-probability of a row
_LARGEST_SCALE = 16.1 / _LEVELS  # what is further than 16 nats below a row's best is written as that, rounded
_CUT_SCALE = 15.99 / _LEVELS  # from it on, level 0 means as low as that, or lower


class LlamaCppLogits:
    """A file of a reference's log-probabilities, as ``llama-perplexity --kl-divergence-base FILE`` writes it.

    The file is memory-mapped; one chunk of its text, that is a context, is read at a time. Of each chunk the tool
    writes the predictions of the second half of its tokens, in 16 bits a class: off by up to 0.00012 nats. Classes that
    lie 16 nats or more below a token's most likely class are cut off: of them the file says no more than that. They are
    read as -inf, which leaves them out, as llama.cpp leaves them out of the divergence; only the label is read as 16
    nats below. The divergence is then too high by about their probability together, and the one from the very same
    model is not 0: in simulations with 128,256 classes it was 0.0002 to 0.0012.

    Parameters
    ----------
    path : str or path
        The file.

    Attributes
    ----------
    n_ctx, n_vocab, n_chunk : int
        Tokens of a chunk, classes, chunks. ``len(file)`` is `n_chunk` too.
    tokens : int32 array (n_chunk, n_ctx)
        The text. A model sees each chunk by itself; where it has a token for the beginning of a text, that takes the
        place of the chunk's first token, which is in `tokens` as the text has it.
    first : int
        The position in a chunk of the first token whose prediction of the next one is in the file: ``n_ctx // 2``.
        They are those of ``first`` up to ``n_ctx - 2``.

    Raises
    ------
    ValueError
        For a file of another kind, one that ends early or goes on, or a token that is no class; and, when a chunk is
        read, for numbers that the tool does not write.
    OSError
        If the file can't be read.

    Examples
    --------
    Comparing a quantised model with the file of the original one, with `model` a function from the tokens of a chunk to
    its logits:

    >>> import fastloss as fl
    >>> def compare(path, model):
    ...     file, comparison = fl.LlamaCppLogits(path), fl.LogitsComparison()
    ...     for tokens, (log_probs, target) in zip(file.tokens, file):
    ...         comparison.update(model(tokens)[file.first : -1], log_probs, target)
    ...     return comparison

    References
    ----------
    llama.cpp, tools/perplexity/perplexity.cpp, which defines the format.
    """

    __slots__ = ("_n_chunk", "_n_ctx", "_n_vocab", "_path", "_rows", "_tokens")

    def __init__(self, path):
        self._path = os.fspath(path)
        size = os.path.getsize(self._path)
        if size < _HEADER.itemsize:
            raise ValueError(f"{self._path} has {size} bytes; expected a header of {_HEADER.itemsize}")
        header = np.fromfile(self._path, _HEADER, 1)[0]
        if (begins := bytes(header["magic"])) != _MAGIC:
            raise ValueError(f"{self._path} begins with {begins!r}; a file of logits begins with {_MAGIC!r}")
        self._n_ctx, self._n_vocab, self._n_chunk = (int(header[name]) for name in ("n_ctx", "n_vocab", "n_chunk"))
        for name, least in (("n_ctx", 3), ("n_vocab", 1), ("n_chunk", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{self._path} has {name} {getattr(self, name)}; expected at least {least}")
        self._check_size(size)
        start = _HEADER.itemsize
        self._tokens = np.asarray(np.memmap(self._path, "<i4", "r", start, (self.n_chunk, self.n_ctx)))
        self._check_tokens()
        self._rows = np.memmap(
            self._path, self._row, "r", start + self._tokens.nbytes, (self.n_chunk, self.n_ctx - 1 - self.first)
        )

    @property
    def n_ctx(self):
        return self._n_ctx

    @property
    def n_vocab(self):
        return self._n_vocab

    @property
    def n_chunk(self):
        return self._n_chunk

    @property
    def first(self):
        return self.n_ctx // 2

    @property
    def tokens(self):
        return self._tokens

    @property
    def _row(self):
        """Of one token: how log-probabilities become integers, and these, to an even number."""
        padded = self.n_vocab + self.n_vocab % 2
        return np.dtype([("scale", "<f4"), ("lowest", "<f4"), ("levels", "<u2", (padded,))])

    def _check_size(self, size):
        of_chunk = self._row.itemsize * (self.n_ctx - 1 - self.first)
        before = _HEADER.itemsize + 4 * self.n_ctx * self.n_chunk
        expected = before + of_chunk * self.n_chunk
        if size != expected:
            whole = min(max((size - before) // of_chunk, 0), self.n_chunk)
            raise ValueError(
                f"{self._path} has {size} bytes; expected {expected} for n_ctx {self.n_ctx}, n_vocab {self.n_vocab} "
                f"and n_chunk {self.n_chunk}" + (f": it ends within chunk {whole}" if size < expected else "")
            )

    def _check_tokens(self):
        wrong = (self._tokens < 0) | (self._tokens >= self.n_vocab)
        if wrong.any():
            chunk, place = (int(index) for index in np.unravel_index(int(wrong.argmax()), wrong.shape))
            raise ValueError(
                f"{self._path}: tokens[{chunk}, {place}] is {self._tokens[chunk, place]}; "
                f"expected a class 0..{self.n_vocab - 1}"
            )

    def __len__(self):
        return self.n_chunk

    def __getitem__(self, chunk):
        """The log-probabilities of a chunk, float32 (n_ctx - 1 - first, n_vocab), and its labels, int32. Classes that
        were cut off would have many times their probability together, where they are many, at the level of the cut."""
        index = operator.index(chunk)
        if not -self.n_chunk <= index < self.n_chunk:
            raise IndexError(f"chunk is {index}; expected one of {self.n_chunk} chunks")
        rows = self._rows[index % self.n_chunk]
        scale, lowest = rows["scale"][:, None], rows["lowest"][:, None]
        wrong = (scale < 0) | (scale > _LARGEST_SCALE) | (lowest > 0)
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                f"{self._path}: row {row} of chunk {index % self.n_chunk} has scale {scale[row, 0]} and lowest "
                f"log-probability {lowest[row, 0]}; expected a scale from 0 to {_LARGEST_SCALE:.6g}, and at most 0"
            )
        levels = rows["levels"][:, : self.n_vocab]
        log_probs = levels * scale
        log_probs += lowest
        target = np.array(self._tokens[index % self.n_chunk, self.first + 1 :])
        of_label = (np.arange(len(target)), target)
        kept = log_probs[of_label]
        np.copyto(log_probs, -np.inf, where=(levels == 0) & (scale > _CUT_SCALE))
        log_probs[of_label] = kept
        return log_probs, target

    def __iter__(self):
        return (self[chunk] for chunk in range(self.n_chunk))

    def __repr__(self):
        return f"<LlamaCppLogits of {self.n_chunk} chunks of {self.n_ctx} tokens, {self.n_vocab} classes>"
