"""simsimd: the distances that are losses. It has values alone, of flat arrays, with nothing to tune."""

import simsimd


def call(case, arrays, tuned):
    if case.verb != "value" or case.loss not in ("mse_loss", "kl_divergence"):
        return None
    x, y = (array.ravel() for array in arrays)
    if case.loss == "mse_loss":
        return lambda: simsimd.sqeuclidean(x, y)
    return lambda: simsimd.kullbackleibler(y, x)
