"""Files of llama.cpp's perplexity tool, written here byte by byte as its source describes them."""

import struct

import numpy as np
import pytest
from errors import refused

import fastloss as fl


def as_row(log_probs):
    """Scale, smallest value, and 16 bits a class; an odd number of these is filled up with what was in memory."""
    best = log_probs.max()
    lowest = max(log_probs.min(), best - 16)
    scale = (best - lowest) / 65535
    levels = (
        np.rint((np.maximum(log_probs, lowest) - lowest) / scale).astype("<u2")
        if scale
        else np.zeros(len(log_probs), "<u2")
    )
    return struct.pack("<ff", scale, lowest) + levels.tobytes() + b"\xab\xcd" * (len(log_probs) % 2)


def as_file(log_probs, tokens):
    """Of arrays (chunks, n_ctx, n_vocab) and (chunks, n_ctx)."""
    chunks, n_ctx, n_vocab = log_probs.shape
    head = b"_logits_" + struct.pack("<iii", n_ctx, n_vocab, chunks) + tokens.astype("<i4").tobytes()
    return head + b"".join(as_row(row) for chunk in log_probs for row in chunk[n_ctx // 2 : n_ctx - 1])


def draw(rng, chunks, n_ctx, n_vocab):
    scores = 2 * rng.normal(size=(chunks, n_ctx, n_vocab))
    log_probs = np.minimum(scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)), 0)
    return log_probs, rng.integers(0, n_vocab, (chunks, n_ctx))


@pytest.mark.parametrize("n_vocab", [1, 2, 31, 32, 1001])
@pytest.mark.parametrize("n_ctx", [3, 4, 8, 9])
def test_what_was_written_is_read(tmp_path, rng, n_ctx, n_vocab):
    log_probs, tokens = draw(rng, 3, n_ctx, n_vocab)
    path = tmp_path / "base.kld"
    path.write_bytes(as_file(log_probs, tokens))
    file = fl.LlamaCppLogits(path)
    assert (len(file), file.n_chunk, file.n_ctx, file.n_vocab, file.first) == (3, 3, n_ctx, n_vocab, n_ctx // 2)
    np.testing.assert_array_equal(file.tokens, tokens)
    assert type(file.tokens) is np.ndarray
    assert len(list(file)) == 3
    for chunk, (found, target) in enumerate(file):
        assert (found.dtype, target.dtype) == (np.float32, np.int32)
        np.testing.assert_allclose(found, log_probs[chunk, n_ctx // 2 : -1], rtol=0, atol=1.3e-4)
        np.testing.assert_array_equal(target, tokens[chunk, n_ctx // 2 + 1 :])
        np.testing.assert_array_equal(found, file[chunk - 3][0])
        target[:] = 0  # a copy
    assert repr(file) == f"<LlamaCppLogits of 3 chunks of {n_ctx} tokens, {n_vocab} classes>"


def test_rows_are_what_the_format_says(tmp_path):
    """Numbers of a row by hand: scale * level + smallest, in float32."""
    head = b"_logits_" + struct.pack("<iii", 4, 3, 1) + struct.pack("<4i", 0, 1, 2, 1)
    row = struct.pack("<ff", 2.0**-13, -9.5) + struct.pack("<4H", 0, 65535, 8192, 12345)
    path = str(tmp_path / "base.kld")
    with open(path, "wb") as file:
        file.write(head + row)
    [[log_probs, target]] = fl.LlamaCppLogits(path)
    np.testing.assert_array_equal(log_probs, [[-9.5, 65535 / 8192 - 9.5, -8.5]])
    np.testing.assert_array_equal(target, [1])


def test_a_comparison_with_a_file(tmp_path, rng):
    log_probs, tokens = draw(rng, 4, 64, 50)
    log_probs[0, 40] = -np.log(50)  # without a range
    log_probs[1, 40, 3] = -40  # is left out, and in the next row is the label, which is raised
    log_probs[1, 41, 3] = -40
    tokens[1, 41:43] = 4, 3
    model = log_probs + 0.1 * rng.normal(size=log_probs.shape)
    path = tmp_path / "base.kld"
    path.write_bytes(as_file(log_probs, tokens))
    file, comparison, wanted = fl.LlamaCppLogits(path), fl.LogitsComparison(), fl.LogitsComparison()
    for chunk, (reference, target) in enumerate(file):
        comparison.update(model[chunk, file.first : -1], reference, target)
        cut = log_probs[chunk, 32:63].copy()
        if chunk == 1:
            assert (reference[8, 3], reference[9, 3]) == (-np.inf, pytest.approx(cut[9].max() - 16, abs=1e-4))
            cut[8, 3], cut[9, 3] = -np.inf, cut[9].max() - 16
        wanted.update(model[chunk, 32:63], cut, tokens[chunk, 33:])
    found, wanted = comparison.summary(), wanted.summary()
    assert found.tokens == found.labelled_tokens == 4 * 31
    for name in ("kl_mean", "kl_max", "perplexity", "reference_perplexity", "perplexity_ratio", "change_rms"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=2e-3), name


def test_many_unlikely_classes_do_not_add_up(tmp_path, rng):
    """49,000 classes would have 20 times their probability, were they read at the level of the cut."""
    log_probs, tokens = draw(rng, 1, 16, 50_000)
    log_probs[..., 0] = log_probs.mean(axis=-1) + 20
    log_probs -= np.log(np.exp(log_probs).sum(axis=-1, keepdims=True))
    path = tmp_path / "base.kld"
    path.write_bytes(as_file(log_probs, tokens))
    [[reference, _]] = fl.LlamaCppLogits(path)
    exact, left_out = log_probs[0, 8:15], ~np.isfinite(reference)
    probability = (np.exp(exact) * left_out).sum(axis=1)
    assert left_out.mean() > 0.9
    assert probability.min() > 1e-4
    divergence = fl.kl_divergence_with_logits(exact, reference, reduction="none")
    np.testing.assert_allclose(divergence, probability, rtol=0.1)


def test_only_a_chunk_is_in_memory(tmp_path):
    """A file of holes, of 10 GB; its rows are all 0."""
    path = tmp_path / "base.kld"
    n_ctx, n_vocab, chunks = 512, 32000, 600
    with open(path, "wb") as file:
        file.write(b"_logits_" + struct.pack("<iii", n_ctx, n_vocab, chunks))
        file.truncate(20 + 4 * n_ctx * chunks + chunks * 255 * (8 + 2 * n_vocab))
    log_probs, target = fl.LlamaCppLogits(path)[599]
    assert (log_probs.shape, target.shape) == ((255, 32000), (255,))


SIZE = 20 + 2 * 8 * 4 + 2 * 3 * (8 + 2 * 6)  # of a file of two chunks of 8 tokens and 5 classes


def changed(content, place, value):
    return content[:place] + value + content[place + len(value) :]


@pytest.mark.parametrize(
    ("change", "tokens"),
    [
        (lambda content: b"", [0, "bytes", 20]),
        (lambda content: content[:19], [19, "bytes"]),
        (lambda content: b"GGUF" + content[4:], ["GGUF", "_logits_"]),
        (lambda content: content[:-1], ["ends within chunk 1", SIZE - 1, SIZE]),
        (lambda content: content[: 20 + 64], ["ends within chunk 0"]),
        (lambda content: content[: 20 + 60], ["ends within chunk 0"]),
        (lambda content: content + b"\0", [SIZE + 1, SIZE]),
        (lambda content: changed(content, 8, struct.pack("<i", 2)), ["n_ctx 2", "at least 3"]),
        (lambda content: changed(content, 8, struct.pack("<i", -8)), ["n_ctx -8"]),
        (lambda content: changed(content, 12, struct.pack("<i", 0)), ["n_vocab 0"]),
        (lambda content: changed(content, 12, struct.pack("<i", 9)), ["n_vocab 9", "bytes"]),
        (lambda content: changed(content, 16, struct.pack("<i", 2**31 - 1)), ["n_chunk 2147483647", "bytes"]),
        (lambda content: changed(content, 16, struct.pack("<i", 0)), ["n_chunk 0"]),
        (lambda content: changed(content, 20 + 4 * 11, struct.pack("<i", 5)), ["tokens[1, 3] is 5", "0..4"]),
        (lambda content: changed(content, 20 + 4, struct.pack("<i", -1)), ["tokens[0, 1] is -1"]),
    ],
)
def test_other_files_are_refused(tmp_path, rng, change, tokens):
    path = tmp_path / "base.kld"
    path.write_bytes(change(as_file(*draw(rng, 2, 8, 5))))
    refused(ValueError, [path, *tokens], lambda: fl.LlamaCppLogits(path))


@pytest.mark.parametrize(("place", "number"), [(0, -1e-4), (0, 1.0), (4, 0.5)])
def test_rows_that_the_tool_does_not_write(tmp_path, rng, place, number):
    content = as_file(*draw(rng, 2, 8, 5))
    start = SIZE - 2 * 20  # row 1 of the last chunk
    path = tmp_path / "base.kld"
    path.write_bytes(changed(content, start + place, struct.pack("<f", number)))
    file = fl.LlamaCppLogits(path)
    assert len(file[0][0]) == 3
    refused(ValueError, [path, "row 1 of chunk 1", "scale"], lambda: file[-1])


def test_a_broken_reference_is_read_and_seen(tmp_path, rng):
    content = as_file(*draw(rng, 2, 8, 5))
    path = tmp_path / "base.kld"
    path.write_bytes(changed(content, SIZE - 20, struct.pack("<ff", np.nan, np.nan)))
    comparison = fl.LogitsComparison()
    for log_probs, target in fl.LlamaCppLogits(path):
        comparison.update(np.zeros((3, 5), np.float32), log_probs, target)
    assert (comparison.tokens, comparison.summary().nan_tokens) == (6, 1)


def test_places_and_paths(tmp_path, rng):
    path = tmp_path / "base.kld"
    path.write_bytes(as_file(*draw(rng, 2, 8, 5)))
    file = fl.LlamaCppLogits(path)
    for chunk in (2, -3):
        with pytest.raises(IndexError, match=f"chunk is {chunk}; expected one of 2"):
            file[chunk]
    with pytest.raises(TypeError):
        file["0"]
    with pytest.raises(FileNotFoundError):
        fl.LlamaCppLogits(tmp_path / "none.kld")
