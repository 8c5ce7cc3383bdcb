"""The CTC losses on Dask arrays, whose batch is cut: the bits that fastloss gives of the whole."""

import numpy as np
import pytest

import fastloss as fl

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
fd = pytest.importorskip("fastloss.dask")

T, N, C, S = 12, 9, 6, 4


@pytest.fixture
def batch(rng):
    scores = rng.standard_normal((T, N, C), dtype=np.float32)
    return scores, rng.integers(1, C, (N, S)), rng.integers(8, T + 1, N), rng.integers(0, S + 1, N)


@pytest.mark.parametrize("name", ["ctc_loss", "ctc_loss_with_logits"])
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "batchmean", "sum", "none"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_the_bits_of_the_whole(rng, batch, name, reduction, batch_first):
    scores, targets, frames, labels = batch
    chunks = (T, (4, 0, 3, 2), C)
    if batch_first:
        scores, chunks = np.ascontiguousarray(scores.swapaxes(0, 1)), (chunks[1], T, C)
    options = {"reduction": reduction, "batch_first": batch_first, "infeasible": "zero"}
    weight, where = rng.uniform(size=N), rng.random(N) < 0.7
    for more in ({}, {"sample_weight": weight}, {"where": where, "sample_weight": weight}):
        for lengths in ((), (frames, labels)):
            value, grad = getattr(fl, name).value_and_grad(scores, targets, *lengths, **options, **more)
            x, y = da.from_array(scores, chunks=chunks), da.from_array(targets, chunks=(5, 2))
            found = dask.compute(*getattr(fd, name).value_and_grad(x, y, *lengths, **options, **more), scheduler="sync")
            assert np.asarray(found[0]).tobytes() == np.asarray(value).tobytes()
            assert found[1].tobytes() == grad.tobytes()
            alone = getattr(fd, name)(x, targets, *lengths, **options, **more).compute(scheduler="sync")
            assert np.asarray(alone).tobytes() == np.asarray(value).tobytes()


def test_one_sequence(batch):
    scores, targets, *_ = batch
    x = da.from_array(scores[:, 0])
    value, grad = dask.compute(*fd.ctc_loss.value_and_grad(x, targets[0]))
    wanted, gradient = fl.ctc_loss.value_and_grad(scores[:, 0], targets[0])
    assert value == wanted
    assert grad.tobytes() == gradient.tobytes()


def test_a_wrong_label_is_named(batch):
    scores, targets, *_ = batch
    targets[7, 2] = C
    loss = fd.ctc_loss(da.from_array(scores, chunks=(T, 4, C)), targets)
    with pytest.raises(ValueError, match=r"^targets\[7, 2\] is 6.* \(in block \(0, 1, 0\), which begins at "):
        loss.compute()


def test_a_sample_is_named(batch):
    scores, targets, *_ = batch
    x = da.from_array(scores, chunks=(T, 4, C))
    with pytest.raises(ValueError, match=r"^sample 6: its target of .* \(in block \(0, 1, 0\), which"):
        fd.ctc_loss(x, targets, np.where(np.arange(N) == 6, 0, T), infeasible="raise").compute()
    scores[3, 6] = np.nan
    with pytest.raises(ValueError, match=r"^sample 6: log_probs\[3, 6, \d\] is nan.* \(in block \(0, 1, 0\), which"):
        fd.ctc_loss(da.from_array(scores, chunks=(T, 4, C)), targets, infeasible="raise").compute()


def test_one_length_for_all_is_refused_at_once(batch):
    scores, targets, *_ = batch
    for given in (T, np.array(T), da.from_array(np.array(T))):
        with pytest.raises(ValueError, match=r"^input_lengths has shape \(\); log_probs of shape .* sequences$"):
            fd.ctc_loss(da.from_array(scores, chunks=(T, 4, C)), targets, given)


def test_what_cannot_be_cut(batch):
    scores, targets, *_ = batch
    x = da.from_array(scores, chunks=(T, 4, C))
    with pytest.raises(ValueError, match=r"^log_probs is in 2 blocks along axis 0, frames or classes, .*together"):
        fd.ctc_loss(x.rechunk((6, 4, C)), targets)
    with pytest.raises(TypeError, match=r"^targets is a list; expected an array of shape \(N, S\)"):
        fd.ctc_loss(x, [[1, 2], *([[1]] * (N - 1))])
    with pytest.raises(TypeError, match=r"^targets has 1 dimensions; expected an array of shape \(N, S\)"):
        fd.ctc_loss(x, targets.reshape(-1), None, np.full(N, S))
    with pytest.raises(TypeError, match="unexpected keyword argument 'progress'"):
        fd.ctc_loss(x, targets, progress=print)
