"""The losses of src/elementwise/losses.h that only PyTorch's functions have, in every instruction set and type."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_cases")
special = pytest.importorskip("fastloss.torch._losses")


def evaluated(loss, dtype, x, y, **options):
    arrays = [np.asarray(array, dtype) for array in (x, y)]
    return [part.astype(float) for part in loss.value_and_grad(*arrays, reduction="none", **options)], [
        array.astype(float) for array in arrays
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kl_div(isa, rng, dtype):
    x, y = -rng.exponential(size=1001) * 9, rng.random(1001)
    y[::10] = 0
    limit = 8 * np.finfo(dtype).eps
    (value, grad), (x, y) = evaluated(special.KL_DIV, dtype, x, y)
    log_y = np.log(np.where(y > 0, y, 1))
    np.testing.assert_allclose(value, y * (log_y - x), rtol=limit, atol=limit)
    np.testing.assert_array_equal(grad, -y)
    (value, grad), (x, logs) = evaluated(special.KL_DIV_LOG_TARGET, dtype, x, x[::-1])
    np.testing.assert_allclose(value, np.exp(logs) * (logs - x), rtol=limit, atol=limit)
    np.testing.assert_allclose(grad, -np.exp(logs), rtol=limit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_has_no_target_costs_nothing(isa, dtype):
    inf, nan = np.inf, np.nan
    (value, grad), _ = evaluated(special.KL_DIV, dtype, [-inf, -inf, nan, -1, -2, 0], [0, 0.5, 0.5, nan, 0, 1])
    np.testing.assert_array_equal(value, [0, inf, nan, nan, 0, 0])
    np.testing.assert_array_equal(grad, [0, -0.5, -0.5, nan, 0, -1])
    (value, grad), _ = evaluated(special.KL_DIV_LOG_TARGET, dtype, [-inf, -inf, nan, -1], [-inf, 0, 0, -inf])
    np.testing.assert_array_equal(value, [0, inf, nan, 0])
    np.testing.assert_array_equal(grad, [0, -1, -1, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_poisson_nll_of_rates(isa, rng, dtype):
    x, y = rng.exponential(size=1001) * 4 + 1e-3, rng.integers(0, 9, 1001)
    limit = 32 * np.finfo(dtype).eps
    (value, grad), (x, y) = evaluated(special.POISSON_OF_RATE, dtype, x, y, options=(1e-3,))
    np.testing.assert_allclose(value, x - y * np.log(x + 1e-3), rtol=limit, atol=limit)
    np.testing.assert_allclose(grad, 1 - y / (x + 1e-3), rtol=limit, atol=limit)
    (full, _), _ = evaluated(special.POISSON_OF_RATE_FULL, dtype, x, y, options=(1e-3,))
    expected = x - y * np.log(x + 1e-3) + torch.lgamma(torch.from_numpy(y) + 1).numpy()
    np.testing.assert_allclose(full, expected, rtol=limit, atol=limit)
    (value, grad), _ = evaluated(special.POISSON_OF_RATE, dtype, [0, 0, np.nan, 2], [0, 1, 0, np.nan], options=(0.0,))
    np.testing.assert_array_equal(value, [0, np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(grad, [1, -np.inf, np.nan, np.nan])
    with pytest.raises(ValueError, match=r"input\[1\] is -1.0"):
        special.POISSON_OF_RATE(np.array([1, -1], dtype), np.ones(2, dtype), options=(0.0,), reduction="sum")
