"""Connectionist temporal classification: losses, alignment, posteriors, scores, decoding, alphabets."""

from fastloss.ctc.alignment import CTCAlignment, ctc_align
from fastloss.ctc.alphabet import CTCAlphabet
from fastloss.ctc.decode import CTCHypothesis, ctc_decode
from fastloss.ctc.loss import ctc_loss, ctc_loss_with_logits
from fastloss.ctc.posteriors import ctc_posteriors
from fastloss.ctc.prefix import CTCPrefixState, ctc_prefix_score
from fastloss.ctc.score import ctc_score
from fastloss.ctc.words import CTCWord

__all__ = [
    "CTCAlignment",
    "CTCAlphabet",
    "CTCHypothesis",
    "CTCPrefixState",
    "CTCWord",
    "ctc_align",
    "ctc_decode",
    "ctc_loss",
    "ctc_loss_with_logits",
    "ctc_posteriors",
    "ctc_prefix_score",
    "ctc_score",
]
