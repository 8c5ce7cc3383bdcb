"""fastloss.torch against torch.nn.functional: values and gradients in double precision, dtypes, reductions, options."""

import inspect
import tracemalloc
import warnings

import pytest

torch = pytest.importorskip("torch")
cases = pytest.importorskip("torch_cases")
F, ours = cases.F, cases.ours

every_case = pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.label)
every_reduction = pytest.mark.parametrize(("case", "reduction"), [
    pytest.param(case, reduction, id=f"{case.label}-{reduction}")
    for case in cases.CASES for reduction in case.reductions
])  # fmt: skip


def value_and_grad(function, x, others, options, reduction):
    """And what comes from above is another number for each loss."""
    x = x.clone().requires_grad_()
    value = function(x, *others, reduction=reduction, **options)
    upstream = torch.linspace(-1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    (grad,) = torch.autograd.grad(value, x, upstream)
    return value.detach(), grad


def close(found, expected, tolerance=1e-11):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@every_reduction
def test_values_and_gradients(case, reduction):
    x, others, options = cases.drawn(case)
    expected = value_and_grad(cases.with_log_softmax(case, case.peer), x, others, options, reduction)
    found = value_and_grad(cases.with_log_softmax(case, case.function), x, others, options, reduction)
    close(found, expected)
    with torch.no_grad():
        close(
            case.function(x, *others, reduction=reduction, **options),
            case.peer(x, *others, reduction=reduction, **options),
        )


@every_case
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_dtypes(case, dtype):
    """Numbers are rounded to the dtype first; what is computed then is as right as the dtype of the result."""
    x, others, options = cases.drawn(case, dtype)
    if case.name == "binary_cross_entropy" and dtype is torch.bfloat16:
        others = [other.clamp(max=0.98) for other in others]
    exact = [other.double() if other.is_floating_point() else other for other in others]
    of_exact = {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in options.items()}
    reduction = case.reductions[-1]
    value, grad = value_and_grad(case.function, x, others, options, reduction)
    expected = value_and_grad(case.function, x.double(), exact, of_exact, reduction)
    assert value.dtype is dtype
    assert grad.dtype is dtype
    limit = 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(value.double(), expected[0], rtol=limit, atol=limit)
    torch.testing.assert_close(grad.double(), expected[1], rtol=limit, atol=limit)


@every_case
def test_signatures_are_those_of_pytorch(case):
    """So that arguments mean the same by position, and by name."""
    if hasattr(F, case.name):
        found, peer = (inspect.signature(function).parameters for function in (case.function, getattr(F, case.name)))
        assert list(found) == list(peer)[: len(found)]
        assert [p.default for p in found.values()] == [peer[name].default for name in found]


@pytest.mark.parametrize("size_average", [None, True, False])
@pytest.mark.parametrize("reduce", [None, True, False])
@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_earlier_words_for_the_reduction(size_average, reduce):
    x, y = torch.randn(4, 3), torch.randint(0, 3, (4,))
    options = {"size_average": size_average, "reduce": reduce}
    close(ours.cross_entropy(x, y, **options), F.cross_entropy(x, y, **options), 1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        close(ours.kl_div(x, x.abs(), **options), F.kl_div(x, x.abs(), **options), 1e-5)
    for name in ("l1_loss", "mse_loss", "smooth_l1_loss", "poisson_nll_loss"):
        close(getattr(ours, name)(x, x.abs(), **options), getattr(F, name)(x, x.abs(), **options), 1e-5)


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss"])
def test_broadcasting_is_as_pytorchs_and_warns(name):
    for shapes in [((4, 3), (3,)), ((3,), (4, 3)), ((4, 1), (3,))]:
        x, y = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
        with pytest.warns(UserWarning, match="target") as warned:
            found = value_and_grad(getattr(ours, name), x, [y], {}, "none")
        assert warned[0].filename == __file__
        with pytest.warns(UserWarning, match="target"):
            expected = value_and_grad(getattr(F, name), x, [y], {}, "none")
        close(found, expected)


def test_mean_of_kl_div_warns():
    x = torch.randn(4, 3)
    with pytest.warns(UserWarning, match="batchmean") as found:
        value = ours.kl_div(x, x.abs())
    assert found[0].filename == __file__
    with pytest.warns(UserWarning, match="batchmean"):
        close(value, F.kl_div(x, x.abs()), 1e-5)


@pytest.mark.parametrize("dtypes", [
    (torch.float32, torch.float64), (torch.float64, torch.float32), (torch.bfloat16, torch.float32),
    (torch.float16, torch.bfloat16), (torch.float32, torch.int64),
], ids=str)  # fmt: skip
def test_two_dtypes_give_that_of_the_difference(dtypes):
    x, y = torch.randn(4, 3).to(dtypes[0]), (torch.randn(4, 3) * 9).to(dtypes[1])
    found, expected = (value_and_grad(function, x, [y], {}, "sum") for function in (ours.mse_loss, F.mse_loss))
    assert [part.dtype for part in found] == [part.dtype for part in expected]
    close(found, expected, 0.02)


@every_case
def test_layouts_without_a_copy(case):
    """Rows that lie otherwise in memory give the same; the gradient lies as the input does."""
    x, others, options = cases.drawn(case)
    swapped = x.transpose(0, -1).contiguous().transpose(0, -1)
    found = value_and_grad(case.function, swapped, others, options, "sum")
    close(found, value_and_grad(case.function, x, others, options, "sum"))
    assert found[1].stride() == (swapped.stride() if x.dim() > 1 else (1,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_no_copy_either_way(dtype):
    """Beside the gradient nothing of the size of the scores is allocated, by NumPy at least, and the leaf gets the
    memory that the kernel has written."""
    x = torch.zeros(1000, 500, dtype=dtype).t().requires_grad_()
    y = torch.zeros(500, dtype=torch.int64)
    ours.cross_entropy(x, y)
    tracemalloc.start()
    loss = ours.cross_entropy(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * 4 * x.numel()
    written = loss.grad_fn.kept[0].data_ptr()
    loss.backward()
    assert (x.grad.data_ptr() == written) is (dtype is torch.float32)


def test_small_gradients_of_float16_survive_until_they_are_scaled():
    """As the scaling of losses in mixed precision needs it."""
    x = torch.zeros(4096, 8, dtype=torch.float16)
    x[:, 0] = 8
    y = torch.zeros(4096, dtype=torch.int64)
    wide = x.double().requires_grad_()
    (F.cross_entropy(wide, y) * 1024).backward()
    x.requires_grad_()
    (ours.cross_entropy(x, y) * 1024).backward()
    expected = wide.grad.half()
    assert expected[:, 1:].ne(0).all()
    torch.testing.assert_close(x.grad, expected, rtol=0.01, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@every_case
def test_autocast_gives_float32(case, dtype):
    x, others, options = cases.drawn(case, dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, grad = value_and_grad(case.function, x, others, options, "sum")
    assert value.dtype is torch.float32
    assert grad.dtype is dtype
    wide = [other.double() if other.is_floating_point() else other for other in others]
    options = {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in options.items()}
    torch.testing.assert_close(
        value.double(), case.function(x.double(), *wide, reduction="sum", **options), rtol=2e-5, atol=1e-6
    )


def test_a_model_under_autocast():
    model, y = torch.nn.Linear(6, 4), torch.randint(0, 4, (8,))
    x = torch.randn(8, 6)
    grads = []
    for function in (ours.cross_entropy, F.cross_entropy):
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = function(model(x), y)
        assert loss.dtype is torch.float32
        loss.backward()
        grads.append(model.weight.grad.clone())
    torch.testing.assert_close(*grads, rtol=0.02, atol=1e-3)


def test_certain_losses_keep_their_digits():
    x = torch.tensor([[20.0, 0.0]], requires_grad=True)
    loss = ours.cross_entropy(x, torch.tensor([0]))
    loss.backward()
    assert loss.item() == pytest.approx(2.061153618190204e-09, rel=1e-6)
    assert x.grad[0, 1].item() == pytest.approx(2.061153618190204e-09, rel=1e-6)


def test_masked_classes_and_nothing():
    x = torch.tensor([[0.0, 1.0, -torch.inf]], requires_grad=True)
    ours.cross_entropy(x, torch.tensor([[0.25, 0.75, 0.0]])).backward()
    assert x.grad.isfinite().all()
    log_probs = torch.tensor([[0.25, 0.75, 0.0]]).log()
    assert ours.kl_div(log_probs, log_probs, reduction="sum", log_target=True) == 0
    empty = torch.zeros(0, 3, requires_grad=True)
    assert ours.cross_entropy(empty, torch.zeros(0, dtype=torch.int64), reduction="sum") == 0
    ours.cross_entropy(empty, torch.zeros(0, dtype=torch.int64), reduction="sum").backward()
    assert empty.grad.shape == (0, 3)
    ignored = torch.zeros(2, 3, requires_grad=True)
    loss = ours.cross_entropy(ignored, torch.tensor([-100, -100]))
    loss.backward()
    assert loss.isnan()
    assert (ignored.grad == 0).all()


def test_a_target_that_no_path_spells():
    """PyTorch's gradient is nan."""
    log_probs = torch.log_softmax(torch.randn(2, 1, 3), -1).requires_grad_()
    targets = torch.tensor([[1, 1]])
    loss = ours.ctc_loss(log_probs, targets, (2,), (2,))
    loss.backward()
    assert loss.isinf()
    assert (log_probs.grad == 0).all()
    assert ours.ctc_loss(log_probs, targets, (2,), (2,), zero_infinity=True) == 0


@pytest.mark.parametrize("of_target", [False, True])
def test_views_that_change_the_sign(of_target):
    """PyTorch has the imaginary part of a conjugate as a view whose numbers are to be negated."""
    ones = torch.ones(4, 3, dtype=torch.float64)
    negated = torch.complex(ones, torch.arange(12.0, dtype=torch.float64).reshape(4, 3)).conj().imag
    assert negated.is_neg()
    x, y = (ones, negated) if of_target else (negated, ones)
    found, expected = (value_and_grad(function, x, [y], {}, "sum") for function in (ours.mse_loss, F.mse_loss))
    close(found, expected)
