"""fastloss.torch.linear_cross_entropy beside PyTorch's cross_entropy of linear."""

import tracemalloc

import pytest

torch = pytest.importorskip("torch")
F = pytest.importorskip("fastloss.torch")
functional = torch.nn.functional


def tensors(dtype=torch.float64, has_bias=True, rows=(7,)):
    random = torch.Generator().manual_seed(0)
    shapes = [(*rows, 5), (11, 5), (11,)][: 2 + has_bias]
    return [torch.randn(shape, generator=random, dtype=torch.float64).to(dtype).requires_grad_() for shape in shapes]


def ours(x, w, b=None, *, target, **options):
    return F.linear_cross_entropy(x, w, target, linear_bias=b, **options)


def naive(x, w, b=None, *, target, ignore_index=-100, **options):
    options.pop("max_bytes", None)
    return functional.cross_entropy(functional.linear(x, w, b), target, ignore_index=ignore_index, **options)


LABELS = torch.tensor([3, 0, 10, -100, 5, 5, 1])
SOFT = torch.softmax(torch.arange(77, dtype=torch.float64).reshape(7, 11).sin(), -1)
WEIGHT = torch.linspace(0.1, 2, 11, dtype=torch.float64)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": WEIGHT},
        {"label_smoothing": 0.2, "max_bytes": 2000},
        {"target": SOFT},
        {"target": LABELS.abs() % 11, "ignore_index": 5},
    ],
    ids=lambda options: "-".join(options) or "defaults",
)
def test_value_and_gradients(options, reduction, has_bias):
    options = {"target": LABELS, "reduction": reduction, **options}
    upstream = torch.linspace(-1, 2, 7, dtype=torch.float64) if reduction == "none" else torch.tensor(2.5)
    found, right = tensors(has_bias=has_bias), tensors(has_bias=has_bias)
    values = [function(*leaves, **options) for function, leaves in ((ours, found), (naive, right))]
    torch.testing.assert_close(*values)
    for value in values:
        value.backward(upstream.to(value.dtype))
    for leaf, other in zip(found, right, strict=True):
        torch.testing.assert_close(leaf.grad, other.grad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_dtypes(dtype):
    found = tensors(dtype)
    right = [leaf.detach().double().requires_grad_() for leaf in found]
    value, exact = ours(*found, target=LABELS), naive(*right, target=LABELS)
    value.backward()
    exact.backward()
    assert value.dtype == dtype
    torch.testing.assert_close(value, exact.to(dtype))
    for leaf, other in zip(found, right, strict=True):
        assert leaf.grad.dtype == dtype
        torch.testing.assert_close(leaf.grad, other.grad.to(dtype))


def test_more_dimensions():
    found, right = tensors(rows=(3, 2)), tensors(rows=(3, 2))
    labels = torch.tensor([[1, 2], [3, -100], [0, 10]])
    value = ours(*found, target=labels, reduction="none")
    exact = naive(right[0].reshape(6, 5), *right[1:], target=labels.reshape(6), reduction="none").reshape(3, 2)
    torch.testing.assert_close(value, exact)
    upstream = torch.arange(6, dtype=torch.float64).reshape(3, 2)
    value.backward(upstream)
    exact.backward(upstream)
    for leaf, other in zip(found, right, strict=True):
        torch.testing.assert_close(leaf.grad, other.grad)


@pytest.mark.parametrize("max_bytes", [2**28, 1000])
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (1, 2)], ids=str)
def test_only_some_want_a_gradient(wanted, reduction, max_bytes):
    found, right = (
        [leaf.detach().requires_grad_(place in wanted) for place, leaf in enumerate(tensors())] for _ in range(2)
    )
    for function, leaves in ((ours, found), (naive, right)):
        function(*leaves, target=LABELS, reduction=reduction, max_bytes=max_bytes).sum().backward()
    assert [leaf.grad is not None for leaf in found] == [place in wanted for place in range(3)]
    for leaf, other in zip(found, right, strict=True):
        assert leaf.grad is None or torch.allclose(leaf.grad, other.grad)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_gradient_that_is_not_wanted_takes_no_memory(reduction):
    """That of the weight, which is by far the largest array."""
    x, w, labels = torch.ones(4, 10, requires_grad=True), torch.ones(20_000, 10), torch.arange(4)
    for _ in range(2):  # at the first call more is loaded
        tracemalloc.start()
        try:
            ours(x, w, target=labels, reduction=reduction, max_bytes=100_000).sum().backward()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < w.numel() * 4 / 2


def test_nothing_counts_and_only_some_want_a_gradient():
    for wanted in range(3):
        leaves = [leaf.detach().requires_grad_(place == wanted) for place, leaf in enumerate(tensors())]
        ours(*leaves, target=torch.full((7,), -100), reduction="sum").backward()
        assert (leaves[wanted].grad == 0).all()


def test_without_gradients():
    leaves = tensors()
    with torch.no_grad():
        assert not ours(*leaves, target=LABELS).requires_grad
    assert not ours(*(leaf.detach() for leaf in leaves), target=LABELS).requires_grad


def test_backward_twice():
    leaves = tensors()
    value = ours(*leaves, target=LABELS)
    value.backward(retain_graph=True)
    once = [leaf.grad.clone() for leaf in leaves]
    value.backward()
    for leaf, grad in zip(leaves, once, strict=True):
        torch.testing.assert_close(leaf.grad, 2 * grad)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_second_derivatives_are_refused(reduction):
    leaves = tensors()
    value = ours(*leaves, target=LABELS, reduction=reduction).sum()
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(value, leaves[0], create_graph=True)[0].sum().backward()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # PyTorch looks at it, of the tensor it goes on with
def test_compiled():
    found, right = tensors(), tensors()
    compiled = torch.compile(lambda *leaves: 2 * ours(*leaves, target=LABELS), backend="eager")
    compiled(*found).backward()
    (2 * naive(*right, target=LABELS)).backward()
    torch.testing.assert_close(found[1].grad, right[1].grad)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"x": torch.zeros(7, 5, dtype=torch.int64)}, TypeError, "input has dtype torch.int64"),
        ({"w": torch.zeros(11, 5, device="meta")}, ValueError, "linear_weight is on device meta"),
        ({"w": torch.zeros(11, 2, 5)}, ValueError, r"linear_weight has shape \(11, 2, 5\)"),
        ({"w": torch.zeros(11, 4)}, ValueError, r"^linear_weight has shape \(11, 4\); for input of shape \(7, 5\)"),
        ({"w": torch.zeros(5, 11)}, ValueError, r"linear_weight.T would fit"),
        ({"b": torch.zeros(5)}, ValueError, r"^linear_bias has shape \(5,\); expected \(11,\)"),
        ({"x": torch.tensor(1.0)}, ValueError, "^input has no axis of features"),
        ({"weight": torch.ones(3)}, ValueError, r"^weight has shape \(3,\)"),
        ({"weight": -torch.ones(11)}, ValueError, r"^weight\[0\] is -1"),
        ({"target": LABELS.abs()}, ValueError, r"target\[3\] is 100"),
        ({"target": SOFT.clone().requires_grad_()}, ValueError, "target requires a gradient"),
        ({"reduction": "average"}, ValueError, "reduction must be one of"),
        ({"max_bytes": 1}, ValueError, "max_bytes is 1"),
    ],
    ids=str,
)
def test_errors(change, error, text):
    x, w, _ = tensors()
    arguments = {"x": x, "w": w, "target": LABELS, **change}
    with pytest.raises(error, match=text):
        ours(arguments.pop("x"), arguments.pop("w"), arguments.pop("b", None), **arguments)


def test_transformations_are_refused():
    x, w, b = (leaf.detach() for leaf in tensors())
    for transform in (torch.func.grad, torch.vmap):
        with pytest.raises(RuntimeError, match=r"does not support torch.func"):
            transform(lambda x: ours(x, w, b, target=LABELS))(x[None] if transform is torch.vmap else x)
