"""Beam search decoders without a language model, where they are installed: fast-ctc-decode (Rust, float32) and
pyctcdecode (Python). Class 0 is the blank."""

import importlib
import logging

import numpy as np


def _installed(name):
    """The module, or None; and without its complaints about a language model."""
    logging.disable(logging.WARNING)
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
    finally:
        logging.disable(logging.NOTSET)


_rust, _python = _installed("fast_ctc_decode"), _installed("pyctcdecode")


def letters(classes):
    """A character for each label, of which the decoders make texts."""
    return [chr(0x4E00 + label) for label in range(1, classes)]


def fast_ctc_decode(log_probs, width, prune):
    """A call that decodes (T, C) log-probabilities, which it is given as probabilities; or None. `prune` is in nats
    below 1, or None."""
    if _rust is None:
        return None
    probabilities = np.exp(log_probs)
    alphabet, least = ["-", *letters(log_probs.shape[1])], 0.0 if prune is None else float(np.exp(-prune))
    return lambda: _rust.beam_search(probabilities, alphabet, beam_size=width, beam_cut_threshold=least)


def pyctcdecode(log_probs, width, prune):
    """The same."""
    if _python is None:
        return None
    logging.disable(logging.WARNING)
    decoder = _python.build_ctcdecoder(["", *letters(log_probs.shape[1])])
    logging.disable(logging.NOTSET)
    nothing = -1e9
    return lambda: decoder.decode_beams(
        log_probs, beam_width=width, beam_prune_logp=nothing, token_min_logp=nothing if prune is None else -prune
    )
