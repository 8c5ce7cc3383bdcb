"""Calls of everything that is public, and the types that a type checker must find: `mypy` and `pyright`, configured in
pyproject.toml, read this file and wrong.py. tests/contract/test_typing.py runs it, and compares the types with those of
the results."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastloss as fl
from fastloss import metrics
from fastloss.boosting import Metric, Objective
from fastloss.compat import torchaudio

if sys.version_info >= (3, 11):
    from typing import assert_type
else:
    from typing_extensions import assert_type

Singles = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

random = np.random.default_rng(0)
x: Singles = random.normal(size=(4, 3)).astype(np.float32)
y: NDArray[np.float64] = random.normal(size=(4, 3))
rows: Singles = random.normal(size=(4, 3)).astype(np.float32)
labels: NDArray[np.int32] = random.integers(0, 3, 4, dtype=np.int32)
binary: NDArray[np.bool_] = random.normal(size=(4, 3)) > 0
counts: NDArray[np.int64] = random.integers(0, 9, (4, 3))
probs: Singles = random.dirichlet((1, 1, 1), 4).astype(np.float32)
frames: Singles = fl.log_softmax(random.normal(size=(9, 2, 5)).astype(np.float32))
frame_rows: Singles = frames[:, 0]
sequences = [[1, 2, 3], [4]]


def regression() -> None:
    assert_type(fl.l1_loss(x, y), float)
    assert_type(fl.l1_loss(x, y, reduction="none"), Floats)
    assert_type(fl.l1_loss.grad(x, y), Singles)
    assert_type(fl.l1_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.mse_loss(x, y), float)
    assert_type(fl.mse_loss(x, y, reduction="none"), Floats)
    assert_type(fl.mse_loss.grad(x, y), Singles)
    assert_type(fl.mse_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.mse_loss.grad_and_hess(x, y), tuple[Singles, Singles])
    assert_type(fl.rmse_loss(x, y), float)
    assert_type(fl.rmse_loss.grad(x, y), Singles)
    assert_type(fl.rmse_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.huber_loss(x, y), float)
    assert_type(fl.huber_loss(x, y, reduction="none"), Floats)
    assert_type(fl.huber_loss.grad(x, y), Singles)
    assert_type(fl.huber_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.huber_loss.grad_and_hess(x, y), tuple[Singles, Singles])
    assert_type(fl.smooth_l1_loss(x, y), float)
    assert_type(fl.smooth_l1_loss(x, y, reduction="none"), Floats)
    assert_type(fl.smooth_l1_loss.grad(x, y), Singles)
    assert_type(fl.smooth_l1_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.smooth_l1_loss.grad_and_hess(x, y), tuple[Singles, Singles])
    assert_type(fl.log_cosh_loss(x, y), float)
    assert_type(fl.log_cosh_loss(x, y, reduction="none"), Floats)
    assert_type(fl.log_cosh_loss.grad(x, y), Singles)
    assert_type(fl.log_cosh_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.log_cosh_loss.grad_and_hess(x, y), tuple[Singles, Singles])
    assert_type(fl.quantile_loss(x, y), float)
    assert_type(fl.quantile_loss(x, y, reduction="none"), Floats)
    assert_type(fl.quantile_loss.grad(x, y), Singles)
    assert_type(fl.quantile_loss.value_and_grad(x, y), tuple[float, Singles])
    assert_type(fl.poisson_nll_loss(x, counts), float)
    assert_type(fl.poisson_nll_loss(x, counts, reduction="none"), Floats)
    assert_type(fl.poisson_nll_loss.grad(x, counts), Singles)
    assert_type(fl.poisson_nll_loss.value_and_grad(x, counts), tuple[float, Singles])
    assert_type(fl.poisson_nll_loss.grad_and_hess(x, counts), tuple[Singles, Singles])


def binary_decisions() -> None:
    assert_type(fl.binary_cross_entropy(probs, binary), float)
    assert_type(fl.binary_cross_entropy(probs, binary, reduction="none"), Floats)
    assert_type(fl.binary_cross_entropy.grad(probs, binary), Singles)
    assert_type(fl.binary_cross_entropy.value_and_grad(probs, binary), tuple[float, Singles])
    assert_type(fl.binary_cross_entropy.grad_and_hess(probs, binary), tuple[Singles, Singles])
    assert_type(fl.binary_cross_entropy_with_logits(x, binary), float)
    assert_type(fl.binary_cross_entropy_with_logits(x, binary, reduction="none"), Floats)
    assert_type(fl.binary_cross_entropy_with_logits.grad(x, binary), Singles)
    assert_type(fl.binary_cross_entropy_with_logits.value_and_grad(x, binary), tuple[float, Singles])
    assert_type(fl.binary_cross_entropy_with_logits.grad_and_hess(x, binary), tuple[Singles, Singles])
    assert_type(fl.sigmoid_focal_loss(x, binary), float)
    assert_type(fl.sigmoid_focal_loss(x, binary, reduction="none"), Floats)
    assert_type(fl.sigmoid_focal_loss.grad(x, binary), Singles)
    assert_type(fl.sigmoid_focal_loss.value_and_grad(x, binary), tuple[float, Singles])
    assert_type(fl.sigmoid_focal_loss.grad_and_hess(x, binary), tuple[Singles, Singles])
    assert_type(fl.hinge_loss(x, binary), float)
    assert_type(fl.hinge_loss(x, binary, reduction="none"), Floats)
    assert_type(fl.hinge_loss.grad(x, binary), Singles)
    assert_type(fl.hinge_loss.value_and_grad(x, binary), tuple[float, Singles])
    assert_type(fl.hinge_loss.grad_and_hess(x, binary, squared=True), tuple[Singles, Singles])


def classes() -> None:
    assert_type(fl.nll_loss(rows, labels), float)
    assert_type(fl.nll_loss(rows, labels, reduction="none"), Floats)
    assert_type(fl.nll_loss.grad(rows, labels), Singles)
    assert_type(fl.nll_loss.value_and_grad(rows, labels), tuple[float, Singles])
    assert_type(fl.cross_entropy(rows, labels), float)
    assert_type(fl.cross_entropy(rows, labels, reduction="none"), Floats)
    assert_type(fl.cross_entropy.grad(rows, labels), Singles)
    assert_type(fl.cross_entropy.value_and_grad(rows, labels), tuple[float, Singles])
    assert_type(fl.cross_entropy.grad_and_hess(rows, labels), tuple[Singles, Singles])
    assert_type(fl.softmax_focal_loss(rows, labels), float)
    assert_type(fl.softmax_focal_loss(rows, labels, reduction="none"), Floats)
    assert_type(fl.softmax_focal_loss.grad(rows, labels), Singles)
    assert_type(fl.softmax_focal_loss.value_and_grad(rows, labels), tuple[float, Singles])
    assert_type(fl.softmax_focal_loss.grad_and_hess(rows, labels), tuple[Singles, Singles])
    assert_type(fl.poly1_cross_entropy(rows, labels), float)
    assert_type(fl.poly1_cross_entropy(rows, labels, reduction="none"), Floats)
    assert_type(fl.poly1_cross_entropy.grad(rows, labels), Singles)
    assert_type(fl.poly1_cross_entropy.value_and_grad(rows, labels), tuple[float, Singles])
    assert_type(fl.poly1_cross_entropy.grad_and_hess(rows, labels), tuple[Singles, Singles])
    assert_type(fl.generalized_cross_entropy(rows, labels), float)
    assert_type(fl.generalized_cross_entropy(rows, labels, reduction="none"), Floats)
    assert_type(fl.generalized_cross_entropy.grad(rows, labels), Singles)
    assert_type(fl.generalized_cross_entropy.value_and_grad(rows, labels), tuple[float, Singles])
    assert_type(fl.generalized_cross_entropy.grad_and_hess(rows, labels), tuple[Singles, Singles])
    assert_type(fl.categorical_cross_entropy(probs, probs), float)
    assert_type(fl.categorical_cross_entropy(probs, probs, reduction="none"), Floats)
    assert_type(fl.categorical_cross_entropy.grad(probs, probs), Singles)
    assert_type(fl.categorical_cross_entropy.value_and_grad(probs, probs), tuple[float, Singles])
    assert_type(fl.categorical_cross_entropy.grad_and_hess(probs, probs), tuple[Singles, Singles])


def distributions() -> None:
    assert_type(fl.entropy(probs), float)
    assert_type(fl.entropy(probs, reduction="none"), Floats)
    assert_type(fl.entropy.grad(probs), Singles)
    assert_type(fl.entropy.value_and_grad(probs), tuple[float, Singles])
    assert_type(fl.entropy.grad_and_hess(probs), tuple[Singles, Singles])
    assert_type(fl.entropy_with_logits(rows), float)
    assert_type(fl.entropy_with_logits(rows, reduction="none"), Floats)
    assert_type(fl.entropy_with_logits.grad(rows), Singles)
    assert_type(fl.entropy_with_logits.value_and_grad(rows), tuple[float, Singles])
    assert_type(fl.kl_divergence(probs, probs), float)
    assert_type(fl.kl_divergence(probs, probs, reduction="none"), Floats)
    assert_type(fl.kl_divergence.grad(probs, probs), Singles)
    assert_type(fl.kl_divergence.value_and_grad(probs, probs), tuple[float, Singles])
    assert_type(fl.kl_divergence.grad_and_hess(probs, probs), tuple[Singles, Singles])
    assert_type(fl.kl_divergence_with_logits(rows, rows), float)
    assert_type(fl.kl_divergence_with_logits(rows, rows, reduction="none"), Floats)
    assert_type(fl.kl_divergence_with_logits.grad(rows, rows), Singles)
    assert_type(fl.kl_divergence_with_logits.value_and_grad(rows, rows), tuple[float, Singles])
    assert_type(fl.js_divergence_with_logits(rows, rows), float)
    assert_type(fl.js_divergence_with_logits(rows, rows, reduction="none"), Floats)
    assert_type(fl.js_divergence_with_logits.grad(rows, rows), Singles)
    assert_type(fl.js_divergence_with_logits.value_and_grad(rows, rows), tuple[float, Singles])


def sequences_of_labels() -> None:
    assert_type(fl.ctc_loss(frames, sequences), float)
    assert_type(fl.ctc_loss(frames, sequences, reduction="none"), Floats)
    assert_type(fl.ctc_loss.grad(frames, sequences), Singles)
    assert_type(fl.ctc_loss.value_and_grad(frames, sequences), tuple[float, Singles])
    assert_type(fl.ctc_loss_with_logits(frames, sequences), float)
    assert_type(fl.ctc_loss_with_logits(frames, sequences, reduction="none"), Floats)
    assert_type(fl.ctc_loss_with_logits.grad(frames, sequences), Singles)
    assert_type(fl.ctc_loss_with_logits.value_and_grad(frames, sequences), tuple[float, Singles])


def arguments() -> None:
    """Lists, numbers of NumPy's, other arrays, and every option."""
    assert_type(fl.mse_loss([1.0, 2.0], 0.0), float)
    assert_type(fl.mse_loss.grad([1.0, 2.0], 0.0), Floats)
    assert_type(fl.mse_loss.grad(y, x), NDArray[np.float64])
    assert_type(fl.mse_loss.grad(x.astype(np.float16), y), NDArray[np.float16])
    assert_type(fl.mse_loss.grad(counts, y), Floats)
    assert_type(fl.mse_loss.value_and_grad([1.0, 2.0], 0.0, reduction="none"), tuple[Floats, Floats])
    assert_type(fl.mse_loss.value_and_grad(x, y, reduction="none"), tuple[Floats, Singles])
    assert_type(fl.mse_loss((1, 2), [1, 2], sample_weight=[1.0, 0.5], where=[True, False]), float)
    assert_type(fl.mse_loss(predictions=x, target=y, reduction="weighted_mean", num_threads=np.int64(1)), float)
    assert_type(fl.huber_loss(x, y, delta=np.float32(0.5)), float)
    assert_type(fl.smooth_l1_loss(x, y, beta=0), float)
    assert_type(fl.quantile_loss(x, y, quantile=[0.1, 0.5, 0.9]), float)
    assert_type(fl.poisson_nll_loss(x, counts, full=np.True_), float)
    assert_type(fl.binary_cross_entropy_with_logits(x, binary, pos_weight=2.0), float)
    assert_type(fl.sigmoid_focal_loss(x, binary, alpha=None, gamma=1.5), float)
    assert_type(fl.softmax_focal_loss(rows, labels, alpha=[0.1, 0.2, 0.3], gamma=0, axis=-1), float)
    assert_type(fl.poly1_cross_entropy(rows, labels, epsilon=0.5, class_weight=[1.0, 2.0, 3.0]), float)
    assert_type(fl.generalized_cross_entropy(rows, labels, q=0.5, ignore_index=None), float)
    assert_type(fl.cross_entropy(rows, labels, label_smoothing=0.1, temperature=2, reduction="batchmean"), float)
    assert_type(fl.nll_loss(rows, labels.tolist(), ignore_index=np.int8(-1)), float)
    assert_type(fl.categorical_cross_entropy(probs, probs, include_negatives=True), float)
    assert_type(fl.entropy(probs, base=2), float)
    assert_type(fl.kl_divergence_with_logits(rows, rows, temperature=0.5, reverse=True), float)
    assert_type(fl.js_divergence_with_logits(rows, rows, temperature=0.5, beta=0.25), float)


def places() -> None:
    """`out` has the float type of the first argument."""
    grad, hess = np.empty_like(x), np.empty_like(x)
    assert_type(fl.mse_loss.grad(x, y, out=grad), Singles)
    assert_type(fl.mse_loss.value_and_grad(x, y, out=grad), tuple[float, Singles])
    assert_type(fl.mse_loss.grad_and_hess(x, y, out=(grad, None)), tuple[Singles, Singles])
    assert_type(fl.mse_loss.grad_and_hess(x, y, out=(grad, hess)), tuple[Singles, Singles])
    assert_type(fl.mse_loss.grad([[1.0]], y[:1, :1], out=np.empty((1, 1))), Floats)
    assert_type(fl.softmax(x, out=x), Singles)
    assert_type(fl.logsumexp(x, out=np.empty(4, np.float32)), Floats)


def functions() -> None:
    assert_type(fl.softmax(x, axis=0), Singles)
    assert_type(fl.log_softmax([1.0, 2.0], num_threads=1), Floats)
    assert_type(fl.logsumexp(x, axis=-1), Floats)
    scores = fl.label_scores(x, [0, 1, 2, 0], ignore_index=None, num_threads=1)
    assert_type(scores, fl.LabelScores)
    assert_type(scores.rank, NDArray[np.int64])
    assert_type(scores.log_prob, Floats)
    assert_type(scores.perplexity() + scores.accuracy(k=5), float)
    assert_type(fl.get_num_threads(), int)
    fl.set_num_threads(fl.get_num_threads())
    assert_type(fl.show_config()["num_threads"], Any)
    assert_type(fl.__version__, str)
    assert_type(fl.mse_loss.has_curvature, bool)
    assert fl.mse_loss.family in ("elementwise", "rowwise", "ctc", "linear")
    assert_type(fl.mse_loss.__name__, str)


def linear() -> None:
    weight, bias = rows[:3], np.zeros(3, np.float32)
    assert_type(fl.linear_cross_entropy(rows, weight, labels, max_bytes=2**20), float)
    assert_type(fl.linear_cross_entropy(rows, weight, labels, bias=bias, reduction="none"), Floats)
    assert_type(fl.linear_cross_entropy.grad(rows, weight, labels), tuple[Floats, Floats])
    assert_type(fl.linear_cross_entropy.grad(rows, weight, labels, bias=[0, 0, 0]), tuple[Floats, Floats, Floats])
    found = fl.linear_cross_entropy.value_and_grad(rows, weight, labels, out=(None, np.empty_like(weight)))
    assert_type(found, tuple[float, tuple[Floats, Floats]])
    each = fl.linear_cross_entropy.value_and_grad(rows, weight, labels, bias=bias, reduction="none")
    assert_type(each, tuple[Floats, tuple[Floats, Floats, Floats]])


def ctc() -> None:
    shares: list[float] = []
    assert_type(fl.ctc_loss(frames, sequences, [9, 8], [3, 1], blank=-5, infeasible="zero"), float)
    assert_type(fl.ctc_loss(frames, np.array([1, 2, 3, 4]), None, np.array([3, 1]), progress=shares.append), float)
    found = fl.ctc_align(frames.swapaxes(0, 1), sequences, batch_first=True, star=7, star_cost=0.5)
    assert_type(found, fl.CTCAlignment)
    assert_type(found.path, NDArray[np.int64])
    assert_type(found.starts, NDArray[np.int64])
    assert_type(found.ends, NDArray[np.int64])
    assert_type(found.token_scores, NDArray[np.float64])
    assert found.score[0] < 0
    alphabet = fl.CTCAlphabet("-abcd", blank="-")
    assert_type(found.words(alphabet, seconds_per_frame=0.02), list[Any])
    word = fl.CTCWord("a", 0, 1, 0.5)
    assert_type(word.word, str | tuple[int, ...])
    assert_type(word.start, int | float | None)
    assert_type(word.end, int | float | None)
    assert_type(word.confidence, float)
    assert_type(fl.ctc_posteriors(frames, sequences, infeasible="zero"), Floats)
    assert_type(fl.ctc_score(frame_rows, sequences), NDArray[np.float64])


def decoding() -> None:
    alphabet = fl.CTCAlphabet({"-": 0, "a": 1, "b": 2, "c": 3, "|": 4}, separator="|")
    assert_type(alphabet.encode("a b"), list[int])
    assert_type(alphabet.encode(["a", "|", "b"]), list[int])
    assert_type(alphabet.decode(np.array([1, 4])), str)
    assert_type(alphabet.decode_path([0, 1, 1]), str)
    assert_type((alphabet.blank, alphabet.separator), tuple[int, str | None])
    assert_type((alphabet.tokens, len(alphabet), "a" in alphabet), tuple[tuple[str, ...], int, bool])
    best: list[fl.CTCHypothesis] = fl.ctc_decode(frame_rows, beam_width=4, n_best=2, prune=10)
    assert_type(best[0].labels, NDArray[np.int64])
    assert_type(best[0].frames, NDArray[np.int64])
    assert_type(best[0].score, float)
    state = fl.ctc_prefix_score(frame_rows, blank=0).extend(0, [1, 2], num_threads=None)
    assert_type(state.select([True, False]), fl.CTCPrefixState)
    assert_type((state.scores, state.complete), tuple[NDArray[np.float64], NDArray[np.float64]])
    assert_type(state.labels, NDArray[np.int64])
    assert_type(len(state), int)


def comparison() -> None:
    compared = fl.LogitsComparison(axis=-1, ignore_index=None, num_threads=1)
    compared.update(x, y, labels)
    compared.update([[0.0, 1.0, 2.0]], rows[:1])
    other = fl.LogitsComparison()
    compared.merge(other)
    assert_type(compared.tokens, int)
    found = compared.summary()
    assert_type(found, fl.ComparisonSummary)
    assert_type((found.kl_mean, found.kl_median, found.top1_agreement), tuple[float, float, float])
    assert_type((found.perplexity, found.change_median), tuple[float | None, float | None])
    assert found.kl_quantiles[0.999] >= found.kl_quantiles[0.5]
    shown: dict[str, Any] = found.as_dict()
    assert shown["tokens"] == 5


def comparison_with_a_file(path: str) -> None:
    """Read, and not run."""
    file: fl.LlamaCppLogits = fl.LlamaCppLogits(path)
    texts: NDArray[np.int32] = file.tokens
    print(len(file) == file.n_chunk, file.n_ctx, file.n_vocab, texts[0], file.first)
    for log_probs, target in file:
        fl.LogitsComparison().update(log_probs, log_probs, target)
    log_probs, target = file[-1]
    fl.LogitsComparison().plot(ax=None)


def compat() -> None:
    batch: Singles = frames[None, :, 0]
    targets: NDArray[np.int64] = np.array([[1, 2]])
    paths, scores = torchaudio.forced_align(batch, targets)
    assert_type(paths, NDArray[np.int64])
    assert_type(scores, Singles)
    spans = torchaudio.merge_tokens(paths[0], scores[0], blank=0)
    assert_type(spans, list[torchaudio.TokenSpan])
    assert_type((spans[0].token, spans[0].start, spans[0].end), tuple[int, int, int])
    assert_type((spans[0].score, len(spans[0])), tuple[float, int])


def metrics_of_scikit_learn() -> None:
    weight = [1.0, 0.5, 2.0, 0.0]
    assert_type(metrics.mean_absolute_error(y, x, sample_weight=weight), float)
    assert_type(metrics.mean_absolute_error(y, x, multioutput="raw_values"), NDArray[np.float64])
    assert_type(metrics.mean_squared_error(y, x, sample_weight=weight), float)
    assert_type(metrics.root_mean_squared_error(y, x, multioutput="raw_values"), NDArray[np.float64])
    assert_type(metrics.mean_squared_log_error(counts, counts + 1), float)
    assert_type(metrics.root_mean_squared_log_error(counts, counts, multioutput=[0.5, 0.2, 0.3]), float)
    assert_type(metrics.mean_absolute_percentage_error(y, x, sample_weight=weight), float)
    assert_type(metrics.explained_variance_score(y, x, multioutput="variance_weighted"), float)
    assert_type(metrics.d2_pinball_score(y, x, alpha=0.9, multioutput="raw_values"), NDArray[np.float64])
    assert_type(metrics.d2_absolute_error_score(y, x), float)
    assert_type(metrics.d2_tweedie_score([1, 2], [1.5, 2.5], power=1.5), float)
    assert_type(metrics.mean_tweedie_deviance([1, 2], [1.5, 2.5], power=3), float)
    assert_type(metrics.d2_log_loss_score([0, 1], [0.5, 0.6]), float)
    assert_type(metrics.d2_brier_score(["a", "b"], [0.5, 0.6], pos_label="b"), float)
    assert_type(metrics.mean_pinball_loss(y, x, alpha=0.9, multioutput="raw_values"), NDArray[np.float64])
    assert_type(metrics.r2_score(y, x, multioutput="variance_weighted", force_finite=False), float)
    assert_type(metrics.mean_poisson_deviance([0, 2], [0.5, 1.5]), float)
    assert_type(metrics.mean_gamma_deviance([1, 2], [0.5, 1.5], sample_weight=[1, 2]), float)
    assert_type(metrics.log_loss(labels, probs, labels=range(3), normalize=False), float)
    assert_type(metrics.brier_score_loss(["a", "b"], [0.1, 0.9], pos_label="b", scale_by_half="auto"), float)
    assert_type(metrics.hinge_loss(labels, y, labels=[0, 1, 2]), float)


def boosters() -> None:
    objective = Objective(fl.cross_entropy, "xgboost", hessian="bounded", max_step=1.0, class_weight=[1.0, 2.0, 3.0])
    assert_type(objective(labels, rows), tuple[Floats, Floats])
    assert_type((objective.hessian, objective.max_step, objective.library), tuple[str, float, str])
    assert_type(objective.fit_arguments(labels)["base_margin"], Floats)
    focal = Objective(fl.sigmoid_focal_loss, "catboost", gamma=2.0, num_threads=1)
    assert_type(focal.calc_ders_range(y[:, 0], binary[:, 0], None), Floats)
    assert_type(Metric(fl.cross_entropy, "lightgbm", name="loss").__name__, str)
    assert_type(Metric(fl.mse_loss, "catboost").evaluate((x[:, 0],), y[:, 0], None), tuple[float, float])


if __name__ == "__main__":
    topics = (regression, binary_decisions, classes, distributions, sequences_of_labels)
    for use in (
        *topics,
        arguments,
        places,
        functions,
        linear,
        ctc,
        decoding,
        comparison,
        boosters,
        compat,
        metrics_of_scikit_learn,
    ):
        use()
