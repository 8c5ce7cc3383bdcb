"""What autograd does with the functions of fastloss.torch: graphs that are kept, refusals, hooks, other devices."""

import gc
import re
import weakref

import pytest

torch = pytest.importorskip("torch")
cases = pytest.importorskip("torch_cases")
F, ours = cases.F, cases.ours
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # of PyTorch's own calls

every_case = pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.label)
X = torch.tensor([[2.0, 0.0, -1.0], [0.0, 3.0, 0.5]], dtype=torch.float64)
Y = torch.tensor([0, 2])


@every_case
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_gradcheck(case, reduction):
    """Finite differences; as gradcheck's are of what is above the kinks, it gets the first draw that has none near."""
    x, others, options = cases.drawn(case)
    x = x.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: case.function(x, *others, reduction=reduction, **options), (x,), eps=1e-6)


def test_a_graph_that_is_kept_gives_the_same_gradient_each_time():
    """The gradient is kept by the node, and what a leaf gets must not be the same memory."""
    for upstream in (1.0, 2.5):
        x, again = X.clone().requires_grad_(), X.clone().requires_grad_()
        loss, expected = ours.cross_entropy(x, Y), F.cross_entropy(again, Y)
        for _ in range(3):
            loss.backward(torch.tensor(upstream), retain_graph=True)
            expected.backward(torch.tensor(upstream), retain_graph=True)
            torch.testing.assert_close(x.grad, again.grad)
        loss.backward()
        expected.backward()
        torch.testing.assert_close(x.grad, again.grad)
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()


def test_gradients_are_added_up():
    x, again = X.clone().requires_grad_(), X.clone().requires_grad_()
    for factor in (1, 3):
        (factor * ours.cross_entropy(x, Y, reduction="none")).sum().backward()
        (factor * F.cross_entropy(again, Y, reduction="none")).sum().backward()
    torch.testing.assert_close(x.grad, again.grad)
    loss = ours.cross_entropy(x, Y) + 2 * ours.cross_entropy(x * 3, Y) + ours.mse_loss(x, X + 1)
    expected = F.cross_entropy(again, Y) + 2 * F.cross_entropy(again * 3, Y) + F.mse_loss(again, X + 1)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(x.grad, again.grad)


def test_the_input_may_change_after_the_loss():
    """It is not needed any more: its gradient has been computed."""
    x, again = X.clone().requires_grad_(), X.clone().requires_grad_()
    scores = x * 1
    loss = ours.cross_entropy(scores, Y)
    scores.detach().zero_()
    loss.backward()
    F.cross_entropy(again * 1, Y).backward()
    torch.testing.assert_close(x.grad, again.grad)


def test_memory_goes_with_the_loss():
    x = X.clone().requires_grad_()
    loss = ours.cross_entropy(x, Y)
    saved = weakref.ref(loss.grad_fn.kept[0].untyped_storage())
    node = weakref.ref(loss.grad_fn)
    gc.disable()
    try:
        del loss
        assert saved() is None
        assert node() is None
    finally:
        gc.enable()


def test_nothing_is_recorded_where_nobody_wants_a_gradient():
    assert ours.cross_entropy(X, Y).grad_fn is None
    wanted = X.clone().requires_grad_()
    with torch.no_grad():
        assert not ours.cross_entropy(wanted, Y).requires_grad
    with torch.inference_mode():
        assert ours.cross_entropy(X * 1, Y) == ours.cross_entropy(X, Y)
    assert ours.cross_entropy(torch.nn.Parameter(X), Y).requires_grad


def penalty(function, x):
    (grad,) = torch.autograd.grad(function(x), x, create_graph=True)
    return grad.square().sum()


@every_case
def test_a_second_derivative_is_refused(case):
    """A gradient penalty with another gradient than its own would be the worst of results."""
    x, others, options = cases.drawn(case)
    x.requires_grad_()

    def loss(x):
        return case.function(x, *others, reduction="sum", **options)

    with pytest.raises(RuntimeError, match="second derivative"):
        penalty(loss, x).backward()
    with pytest.raises(RuntimeError, match="second derivative"):  # although x is reached by another way
        torch.autograd.grad(penalty(loss, x) + x.sum(), x)
    with pytest.raises(RuntimeError):  # its forward derivative is refused by torch.library
        torch.func.hessian(loss)(x.detach())
    with pytest.raises(RuntimeError, match="second derivative"):
        torch.func.jacrev(torch.func.jacrev(loss))(x.detach())
    with pytest.raises(RuntimeError, match="second derivative"):
        torch.func.grad(lambda x: torch.func.grad(loss)(x).square().sum())(x.detach())


def test_a_graph_that_was_refused_still_has_its_gradient():
    x, again = X.clone().requires_grad_(), X.clone().requires_grad_()
    loss = ours.cross_entropy(x, Y)
    with pytest.raises(RuntimeError, match="second derivative"):
        loss.backward(create_graph=True)
    loss.backward()
    F.cross_entropy(again, Y).backward()
    torch.testing.assert_close(x.grad, again.grad)


@pytest.mark.parametrize("name", ["cross_entropy", "mse_loss", "binary_cross_entropy_with_logits", "kl_div"])
def test_forward_derivatives_are_refused(name):
    target = torch.full_like(X, 0.5)
    function = getattr(ours, name)
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.func.jvp(lambda x: function(x, target, reduction="sum"), (X,), (X,))
    with torch.autograd.forward_ad.dual_level(), pytest.raises((RuntimeError, NotImplementedError)):
        function(torch.autograd.forward_ad.make_dual(X, X), target, reduction="sum")


CONSTANTS = [
    (case, index) for case in cases.CASES for index, other in enumerate(cases.drawn(case)[1])
    if other.is_floating_point()
]  # fmt: skip


@pytest.mark.parametrize(("case", "index"), CONSTANTS, ids=lambda part: getattr(part, "label", part))
def test_a_target_that_wants_a_gradient_is_refused(case, index):
    x, others, options = cases.drawn(case)
    others[index].requires_grad_()
    with pytest.raises(ValueError, match="target requires a gradient"):
        case.function(x, *others, reduction="sum", **options)
    with torch.no_grad():
        value = case.function(x, *others, reduction="sum", **options)
    torch.testing.assert_close(value, case.peer(x, *others, reduction="sum", **options).detach())


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
def test_a_weight_that_wants_a_gradient_is_refused(option):
    weight = torch.ones(3, dtype=torch.float64, requires_grad=True)
    with pytest.raises(ValueError, match=f"{option} requires a gradient"):
        ours.binary_cross_entropy_with_logits(X, X.sigmoid(), **{option: weight})


@every_case
def test_other_devices_are_refused(case):
    x, others, options = cases.drawn(case)
    with pytest.raises(ValueError, match="on device meta; fastloss computes on the CPU"):
        case.function(x.to("meta"), *others, reduction="sum", **options)
    with pytest.raises(ValueError, match=r"targets? is on device meta"):
        case.function(x, others[0].to("meta"), *others[1:], reduction="sum", **options)


@pytest.mark.parametrize(
    ("error", "texts", "call"),
    [
        (TypeError, ["input", "list"], lambda: ours.cross_entropy([[1.0]], Y)),
        (TypeError, ["target", "list"], lambda: ours.cross_entropy(X, [0, 2])),
        (TypeError, ["input", "int64", "floating"], lambda: ours.mse_loss(X.long(), X)),
        (TypeError, ["input", "sparse"], lambda: ours.mse_loss(X.to_sparse(), X)),
        (ValueError, ["reduction", "'batchmean'"], lambda: ours.cross_entropy(X, Y, reduction="batchmean")),
        (ValueError, ["target", "1", "3", "0..2"], lambda: ours.cross_entropy(X, Y + 1)),
        (ValueError, ["target", "shape (2,)", "input, (2, 3)"], lambda: ours.binary_cross_entropy(X.sigmoid(), Y)),
        (ValueError, ["weight", "shape (2,)"], lambda: ours.mse_loss(X, X, weight=X[:, 0])),
        (ValueError, ["target", "-1.0"], lambda: ours.kl_div(X, -torch.ones_like(X), reduction="sum")),
        (ValueError, ["target", "2.0"], lambda: ours.binary_cross_entropy_with_logits(X, 2 * torch.ones_like(X))),
        (ValueError, ["weight has shape", "3"], lambda: ours.cross_entropy(X, Y, X[0, :2])),
        (TypeError, ["weight", "complex128"], lambda: ours.mse_loss(X, X, weight=X + 0j)),
        (
            ValueError,
            ["weight", "(2,)", "(2, 3)"],
            lambda: ours.binary_cross_entropy(X.sigmoid(), X.sigmoid(), X[:, 0]),
        ),
        (
            TypeError,
            ["input_lengths", ".long()"],
            lambda: ours.ctc_loss(X[:, None], Y[:1, None] + 1, torch.tensor([2.0]), (1,)),
        ),
    ],
)
def test_what_is_refused(error, texts, call):
    with pytest.raises(error) as raised:
        call()
    for text in texts:
        assert text in str(raised.value)
    assert not {"class_weight", "sample_weight"} & set(re.findall(r"\w+", str(raised.value)))


def test_hooks_on_saved_tensors_and_checkpoints():
    packed = []

    def pack(tensor):
        packed.append(tensor.shape)
        return tensor.numpy().copy()

    x, again = X.clone().requires_grad_(), X.clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, torch.from_numpy):
        loss = ours.cross_entropy(x, Y)
    (loss * 3).backward()
    assert packed == [X.shape]
    (F.cross_entropy(again, Y) * 3).backward()
    torch.testing.assert_close(x.grad, again.grad)
    for reentrant in (True, False):
        x.grad = None
        torch.utils.checkpoint.checkpoint(
            lambda x: ours.cross_entropy(x * 1, Y) * 3, x, use_reentrant=reentrant
        ).backward()
        torch.testing.assert_close(x.grad, again.grad)


def test_modules_train_alike():
    """Twenty steps of Adam, with PyTorch's losses and with these."""
    torch.manual_seed(5)
    data, target = torch.randn(64, 10), torch.randint(0, 4, (64,))
    results = []
    for functional in (ours, F):
        torch.manual_seed(6)
        model = torch.nn.Sequential(torch.nn.Linear(10, 16), torch.nn.Tanh(), torch.nn.Linear(16, 4))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(data), target, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
        results.append(loss.item())
    assert results[0] == pytest.approx(results[1], rel=1e-4)


def test_threads_are_no_more_than_pytorch_may_use():
    from fastloss._kernels import runtime

    x, y = torch.randn(4096, 100, requires_grad=True), torch.randint(0, 100, (4096,))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ours.cross_entropy(x, y).backward()
        assert runtime.thread_report()[0] == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", ["cross_entropy", "mse_loss"])
def test_several_upstream_gradients_at_once(name, reduction):
    """As vectorized jacobians have them."""
    found = []
    for module in (ours, F):
        x = X.clone().requires_grad_()
        loss = getattr(module, name)(x, Y if name == "cross_entropy" else X + 1, reduction=reduction)
        upstream = torch.arange(5 * loss.numel(), dtype=loss.dtype).reshape(5, *loss.shape)
        found.append(torch.autograd.grad(loss, x, upstream, is_grads_batched=True)[0])
        x = X.clone().requires_grad_()
        loss = getattr(module, name)(x, Y if name == "cross_entropy" else X + 1, reduction=reduction)
        found.append(torch.vmap(lambda one, loss=loss, x=x: torch.autograd.grad(loss, x, one)[0])(upstream))
    for each in found[1:]:
        torch.testing.assert_close(each, found[0])
