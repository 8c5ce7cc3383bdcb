"""JAX: the losses as functions of its arrays, for `jit`, `grad`, `vmap` and their relatives, computed on the CPU.

The names and arguments are those of fastloss itself, as in ``fastloss.jax.cross_entropy(logits, target)``. It needs
JAX, which fastloss itself does not import. `implementation` says how XLA calls the kernels.
"""

try:
    import jax
except ImportError as _error:
    raise ImportError(
        "fastloss.jax needs JAX, which can't be imported: pip install jax, or pip install 'fastloss[jax]'"
    ) from _error

if not hasattr(jax, "typeof"):
    raise ImportError(f"fastloss.jax needs JAX 0.6 or later, found {jax.__version__}: pip install -U jax")

import fastloss as fl
from fastloss.jax._differentiable import differentiable
from fastloss.jax._handler import implementation

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "cross_entropy",
    "ctc_loss",
    "ctc_loss_with_logits",
    "entropy",
    "entropy_with_logits",
    "generalized_cross_entropy",
    "hinge_loss",
    "huber_loss",
    "implementation",
    "js_divergence_with_logits",
    "kl_divergence",
    "kl_divergence_with_logits",
    "l1_loss",
    "log_cosh_loss",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "poly1_cross_entropy",
    "quantile_loss",
    "rmse_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax_focal_loss",
]

binary_cross_entropy = differentiable(fl.binary_cross_entropy)
binary_cross_entropy_with_logits = differentiable(fl.binary_cross_entropy_with_logits)
categorical_cross_entropy = differentiable(fl.categorical_cross_entropy)
cross_entropy = differentiable(fl.cross_entropy)
ctc_loss = differentiable(fl.ctc_loss)
ctc_loss_with_logits = differentiable(fl.ctc_loss_with_logits)
entropy = differentiable(fl.entropy)
entropy_with_logits = differentiable(fl.entropy_with_logits)
generalized_cross_entropy = differentiable(fl.generalized_cross_entropy)
hinge_loss = differentiable(fl.hinge_loss)
huber_loss = differentiable(fl.huber_loss)
js_divergence_with_logits = differentiable(fl.js_divergence_with_logits)
kl_divergence = differentiable(fl.kl_divergence)
kl_divergence_with_logits = differentiable(fl.kl_divergence_with_logits)
l1_loss = differentiable(fl.l1_loss)
log_cosh_loss = differentiable(fl.log_cosh_loss)
mse_loss = differentiable(fl.mse_loss)
nll_loss = differentiable(fl.nll_loss)
poisson_nll_loss = differentiable(fl.poisson_nll_loss)
poly1_cross_entropy = differentiable(fl.poly1_cross_entropy)
quantile_loss = differentiable(fl.quantile_loss)
rmse_loss = differentiable(fl.rmse_loss)
sigmoid_focal_loss = differentiable(fl.sigmoid_focal_loss)
smooth_l1_loss = differentiable(fl.smooth_l1_loss)
softmax_focal_loss = differentiable(fl.softmax_focal_loss)
