"""Large gradients are written to the memory of earlier ones, but of none that somebody still has."""

import gc
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fastloss import torch as ours  # noqa: E402
from fastloss.torch import _memory  # noqa: E402

F = torch.nn.functional
pytestmark = pytest.mark.skipif(not _memory.CAN_COUNT, reason="references can't be counted")


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    monkeypatch.setattr(_memory, "LARGE", 256)
    monkeypatch.setattr("fastloss.torch._calls.MANY", 32)
    _memory._last.clear()
    yield
    _memory._last.clear()


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator), torch.randint(0, shape[1], shape[:1], generator=generator)


def gradient(x, y):
    x = x.clone().requires_grad_()
    ours.cross_entropy(x, y).backward()
    return x.grad


def expected_gradient(x, y):
    x = x.clone().requires_grad_()
    F.cross_entropy(x, y).backward()
    return x.grad


def test_a_gradient_that_nobody_has_gives_its_memory_to_the_next():
    place = gradient(*draw(30, 20)).data_ptr()
    for seed in range(3):
        found = gradient(*draw(30, 20, seed=seed))
        assert found.data_ptr() == place
        torch.testing.assert_close(found, expected_gradient(*draw(30, 20, seed=seed)))
        del found


@pytest.mark.parametrize(
    "held",
    [
        lambda grad: grad,
        lambda grad: grad[3:, ::2],
        lambda grad: grad.numpy().T,
        np.from_dlpack,
        lambda grad: grad.untyped_storage(),
    ],
    ids=["tensor", "view", "array", "dlpack", "storage"],
)
def test_a_gradient_that_somebody_has_stays_as_it_is(held):
    found = held(gradient(*draw(30, 20)))
    before = torch.tensor(found) if isinstance(found, torch.UntypedStorage) else torch.as_tensor(found).clone()
    for seed in range(1, 4):
        gradient(*draw(30, 20, seed=seed))
    after = torch.tensor(found) if isinstance(found, torch.UntypedStorage) else torch.as_tensor(found)
    assert torch.equal(before, after)


def test_losses_at_once_have_memory_of_their_own():
    x, y = draw(30, 20)
    scores = [x.clone().requires_grad_() for _ in range(3)]
    losses = [ours.cross_entropy(each * (index + 1), y) for index, each in enumerate(scores)]
    sum(losses).backward()
    for index, each in enumerate(scores):
        again = x.clone().requires_grad_()
        F.cross_entropy(again * (index + 1), y).backward()
        torch.testing.assert_close(each.grad, again.grad)


def test_gradients_that_are_accumulated():
    x, y = draw(30, 20)
    leaf, again = x.clone().requires_grad_(), x.clone().requires_grad_()
    for _ in range(3):
        ours.cross_entropy(leaf, y).backward()
        F.cross_entropy(again, y).backward()
    torch.testing.assert_close(leaf.grad, again.grad)


@pytest.mark.parametrize("other", [(20, 30), (60, 20)])
def test_memory_is_kept_for_one_gradient(other):
    gradient(*draw(30, 20))
    kept = weakref.ref(_memory._last._kept[0][0])
    assert gradient(*draw(*other)).shape == other
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_other_types_and_layouts(dtype):
    x, y = draw(30, 20)
    for scores in (x.to(dtype), x.to(dtype).t().contiguous().t()):
        for _ in range(2):
            torch.testing.assert_close(gradient(scores, y), expected_gradient(scores, y))


def test_bfloat16_uses_memory_again():
    x, y = draw(30, 20)
    places = set()
    for _ in range(3):
        loss = ours.cross_entropy(x.bfloat16().requires_grad_(), y)
        places.add(loss.grad_fn.kept[0].data_ptr())
        loss.backward()
    assert len(places) == 1
