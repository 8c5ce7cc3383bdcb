"""Comparison of two language models by their logits: divergence, agreement, perplexity."""

from fastloss.comparison.accumulator import LogitsComparison
from fastloss.comparison.llama_cpp import LlamaCppLogits
from fastloss.comparison.summary import ComparisonSummary

__all__ = ["ComparisonSummary", "LlamaCppLogits", "LogitsComparison"]
