"""torch.compile, torch.export, torch.func and the checks of torch.library."""

import functools

import pytest

torch = pytest.importorskip("torch")
cases = pytest.importorskip("torch_cases")
F, ours = cases.F, cases.ours
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # of PyTorch's own calls

every_case = pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.label)
ONE_OF_EACH = {case.name: case for case in cases.CASES}.values()  # compiling takes seconds
every_function = pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.label)


def close(found, expected, tolerance=1e-11):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def arguments(case, monkeypatch):
    """What the operator gets where a function is traced."""
    from fastloss.torch import _evaluate, _operator

    seen = []

    class Recorder:
        def __call__(self, *args):
            seen.append(args)
            return operator(*args)

    operator = _operator.loss_operator
    monkeypatch.setattr(_operator, "loss_operator", Recorder())
    monkeypatch.setattr(_evaluate, "is_eager", lambda tensor: False)
    x, others, options = cases.drawn(case)
    for reduction in case.reductions:
        case.function(x, *others, reduction=reduction, **options)
    assert len(seen) == len(case.reductions)
    return operator, seen


@every_function
def test_opcheck(case, monkeypatch):
    operator, seen = arguments(case, monkeypatch)
    for args in seen:
        input = args[0].clone().requires_grad_()
        torch.library.opcheck(operator, (input, *args[1:]))
        torch.library.opcheck(operator, (args[0], *args[1:-1], False))


@every_function
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_compiled_without_a_break(case, reduction):
    x, others, options = cases.drawn(case)
    torch.compiler.reset()

    def step(function, x):
        value = function(x * 2, *others, reduction=reduction, **options)
        return (value * torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)).sum()

    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    results = []
    for run in (compiled, step):
        leaf = (x / 2).requires_grad_()
        value = run(case.function, leaf)
        value.backward()
        results.append((value.detach(), leaf.grad))
    close(*results)
    with torch.no_grad():
        close(compiled(case.function, leaf), results[0][0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_compiled_by_inductor(dtype):
    """With sizes and numbers that change, and another dtype under autocast."""
    torch.compiler.reset()

    @torch.compile(fullgraph=True, dynamic=True)
    def step(x, y, smoothing):
        return ours.cross_entropy(x * 2, y, label_smoothing=smoothing)

    for rows, smoothing in ((4, 0.1), (5, 0.2), (7, 0.0)):
        x = torch.randn(rows, 6).to(dtype).requires_grad_()
        y = torch.randint(0, 6, (rows,))
        value = step(x, y, smoothing)
        value.backward()
        wide = x.detach().double().requires_grad_()
        expected = F.cross_entropy(wide * 2, y, label_smoothing=smoothing)
        expected.backward()
        assert value.dtype is dtype
        torch.testing.assert_close(value.double(), expected, rtol=0.02, atol=0.02)
        torch.testing.assert_close(x.grad.double(), wide.grad, rtol=0.02, atol=0.01)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert step(x, y, 0.1).dtype is torch.float32


def test_compiled_functions_refuse_as_others_do():
    torch.compiler.reset()
    x, y = torch.randn(2, 3), torch.rand(2, 3)
    compiled = torch.compile(lambda x, y: ours.mse_loss(x * 1, y * 1), fullgraph=True, backend="aot_eager")
    with pytest.raises(Exception, match="requires a gradient"):
        compiled(x, y.requires_grad_())
    labels = torch.compile(lambda x, y: ours.cross_entropy(x * 1, y), fullgraph=True, backend="aot_eager")
    with pytest.raises(ValueError, match=r"expected 0\.\.2"):
        labels(x, torch.tensor([0, 3]))


def test_lengths_of_ctc_may_be_tuples_in_a_compiled_function():
    torch.compiler.reset()
    x = torch.log_softmax(torch.randn(6, 2, 4), -1)
    targets = torch.tensor([[1, 2], [3, 1]])
    compiled = torch.compile(lambda x: ours.ctc_loss(x, targets, (6, 5), (2, 1)), fullgraph=True, backend="aot_eager")
    close(compiled(x), F.ctc_loss(x, targets, (6, 5), (2, 1)), 1e-5)


def test_exported_and_traced_programs():
    class Model(torch.nn.Module):
        def forward(self, x, y):
            return ours.cross_entropy(x * 2, y, label_smoothing=0.1)

    x, y = torch.randn(4, 3), torch.randint(0, 3, (4,))
    expected = F.cross_entropy(x * 2, y, label_smoothing=0.1)
    program = torch.export.export(Model(), (torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64)))
    close(program.module()(x, y), expected, 1e-5)
    from torch.fx.experimental.proxy_tensor import make_fx

    graph = make_fx(Model())(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64))
    close(graph(x, y), expected, 1e-5)


@every_case
def test_func_grad(case):
    x, others, options = cases.drawn(case)

    def loss(function, x):
        return cases.with_log_softmax(case, function)(x, *others, reduction="sum", **options)

    found = torch.func.grad_and_value(lambda x: loss(case.function, x))(x)
    leaf = x.clone().requires_grad_()
    value = loss(case.peer, leaf)
    value.backward()
    close(found, (leaf.grad, value.detach()))


def test_vmap():
    x, y = torch.randn(5, 4, 3, dtype=torch.float64), torch.randint(0, 3, (5, 4))
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    for reduction in ("mean", "none"):
        options = {"weight": weight, "reduction": reduction}
        found = torch.vmap(functools.partial(ours.cross_entropy, **options))(x, y)
        close(found, torch.stack([F.cross_entropy(*pair, **options) for pair in zip(x, y, strict=True)]))
    found = torch.vmap(ours.cross_entropy, in_dims=(1, None))(x.transpose(0, 1), y[0])
    close(found, torch.stack([F.cross_entropy(rows, y[0]) for rows in x]))
    found = torch.vmap(torch.vmap(ours.mse_loss))(x, x + 1)
    close(found, torch.ones(5, 4, dtype=torch.float64))


def test_a_gradient_for_each_sample():
    """And with the two the other way round."""
    x, y = torch.randn(5, 4, dtype=torch.float64), torch.randint(0, 3, (5,))
    matrix = torch.randn(4, 3, dtype=torch.float64)

    def loss(function, matrix, row, label):
        return function((row @ matrix).unsqueeze(0), label.unsqueeze(0))

    found, expected = (
        torch.vmap(torch.func.grad(lambda *args, f=f: loss(f, *args)), in_dims=(None, 0, 0))(matrix, x, y)
        for f in (ours.cross_entropy, F.cross_entropy)
    )
    close(found, expected)
    found, expected = (
        torch.func.grad(lambda matrix, f=f: torch.vmap(lambda *pair: loss(f, matrix, *pair))(x, y).sum())(matrix)
        for f in (ours.cross_entropy, F.cross_entropy)
    )
    close(found, expected)


def test_jacobians():
    x, y = torch.randn(4, 3, dtype=torch.float64), torch.randint(0, 3, (4,))
    found, expected = (
        torch.func.jacrev(lambda x, f=f: f(x, y, reduction="none"))(x) for f in (ours.cross_entropy, F.cross_entropy)
    )
    close(found, expected)


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.skipif(not hasattr(torch._dynamo.compiled_autograd, "_enable"), reason="another PyTorch")
@pytest.mark.filterwarnings("ignore")  # of its own accesses
def test_a_compiled_backward_pass(reduction):
    """Compiled autograd traces the backward pass of ordinary calls too."""
    y, gradients = torch.tensor([0, 1, 2, 0]), []
    for function in (F.cross_entropy, ours.cross_entropy):
        torch.compiler.reset()
        leaf = torch.linspace(-1, 1, 12).reshape(4, 3).requires_grad_()
        with torch._dynamo.compiled_autograd._enable(torch.compile(backend="eager", fullgraph=True)):
            for factor in (1, 2, 3):
                (function(leaf * factor, y, reduction=reduction) * factor).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)
