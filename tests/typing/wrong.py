"""Calls that a type checker must refuse: each line with a comment has an error, and a comment too many is one as well.
Never run."""

import numpy as np

import fastloss as fl
from fastloss import metrics
from fastloss.boosting import Metric, Objective
from fastloss.compat import torchaudio

x, y, labels = np.zeros((4, 3)), np.zeros((4, 3)), np.zeros(4, np.int64)
frames, whole = np.zeros((9, 2, 5)), np.zeros((4, 3), np.int64)

# reductions: of the elementwise losses, of rows, of the one that is a number by its definition, and what "none" gives
fl.mse_loss(x, y, reduction="average")  # type: ignore[call-overload]
fl.mse_loss(x, y, reduction="batchmean")  # type: ignore[call-overload]
fl.cross_entropy(x, labels, reduction=None)  # type: ignore[call-overload]
fl.rmse_loss(x, y, reduction="none")  # type: ignore[arg-type]
fl.ctc_loss.grad(frames, [[1], [2]], reduction="avg")  # type: ignore[call-overload]
each: float = fl.mse_loss(x, y, reduction="none")  # type: ignore[assignment]
fl.mse_loss(x, y).mean()  # type: ignore[attr-defined]
fl.mse_loss.value_and_grad(x, y)[0].any()  # type: ignore[attr-defined]

# curvature, where there is none
fl.l1_loss.grad_and_hess(x, y)  # type: ignore[attr-defined]
fl.rmse_loss.grad_and_hess(x, y)  # type: ignore[attr-defined]
fl.quantile_loss.grad_and_hess(x, y)  # type: ignore[attr-defined]
fl.nll_loss.grad_and_hess(x, labels)  # type: ignore[attr-defined]
fl.ctc_loss.grad_and_hess(frames, [[1], [2]])  # type: ignore[attr-defined]
fl.kl_divergence_with_logits.grad_and_hess(x, x)  # type: ignore[attr-defined]

# out
fl.mse_loss(x, y, out=x)  # type: ignore[call-overload]
fl.mse_loss.grad(x, y, out=[0.0])  # type: ignore[call-overload]
fl.mse_loss.grad(x, y, out=whole)  # type: ignore[type-var]
fl.mse_loss.grad(x, y, out=(x, None))  # type: ignore[call-overload]
fl.mse_loss.grad_and_hess(x, y, out=x)  # type: ignore[call-overload]
fl.softmax(x, out=whole)  # type: ignore[type-var]

# options
fl.mse_loss(x)  # type: ignore[call-overload]
fl.mse_loss(x, y, weight=y)  # type: ignore[call-overload]
fl.huber_loss(x, y, 0.5)  # type: ignore[call-overload]
fl.huber_loss(x, y, delta="1")  # type: ignore[call-overload]
fl.cross_entropy(x, labels, ignore_index=0.5)  # type: ignore[call-overload]
fl.linear_cross_entropy.grad(x, x, labels, out=x)  # type: ignore[call-overload]
fl.hinge_loss(x, y, squared="no")  # type: ignore[call-overload]
fl.set_num_threads(1.5)  # type: ignore[arg-type]
fl.mse_loss.family = "ctc"  # type: ignore[misc]

# gradient boosting
Objective(fl.mse_loss, "sklearn")  # type: ignore[arg-type]
Objective(fl.mse_loss, "lightgbm", hessian="newton")  # type: ignore[arg-type]
Objective(fl.mse_loss, "lightgbm", max_step="far")  # type: ignore[arg-type]
Metric(fl.mse_loss)  # type: ignore[call-arg]

# CTC
fl.ctc_loss(frames, [[1], [2]], infeasible="raises")  # type: ignore[call-overload]
fl.ctc_posteriors(frames, [[1], [2]], infeasible="inf")  # type: ignore[arg-type]
fl.ctc_align(frames, [[1], [2]], progress=0.5)  # type: ignore[arg-type]
fl.ctc_align(frames, [[1], [2]]).path = labels  # type: ignore[misc]
fl.CTCAlphabet([1, 2])  # type: ignore[list-item]
fl.CTCAlphabet("-a").blank = 1  # type: ignore[misc]
torchaudio.merge_tokens(labels, x, blank="-")  # type: ignore[arg-type]

# comparison
fl.LogitsComparison().merge(x)  # type: ignore[arg-type]
fl.LogitsComparison(-1)  # type: ignore[call-arg]
fl.LogitsComparison().summary().kl_mean = 0.0  # type: ignore[misc]
fl.LlamaCppLogits(7)  # type: ignore[arg-type]

# metrics
metrics.mean_squared_error(y, x, multioutput="mean")  # type: ignore[arg-type]
metrics.mean_squared_error(y, x, y)  # type: ignore[call-overload]
metrics.log_loss(labels, x, reduction="sum")  # type: ignore[call-arg]
metrics.mean_squared_error(y, x).mean()  # type: ignore[attr-defined]
